import t from 'tap'
import ts from 'typescript'
import { eachNode, lineOf, parse, sourcesIn } from './source.ts'
import { filesIn, read } from './tree.ts'

t.test('each text a person may read is there in Chinese and in English', async t => {
  t.same(sourcesIn('src').flatMap(wrongTexts), [])
})

t.test('a text in one language is found', async t => {
  const lines = [
    "say('', 'b')",
    "say('中', ' ')",
    "say('abc', 'b')",
    'say(`中`, `中`)',
    "say('中', 'b')",
    'say(zh, en)',
  ]

  const wrong = wrongTexts(parse('src/x.ts', lines.join('\n')))

  t.same(wrong, ['src/x.ts:1', 'src/x.ts:2', 'src/x.ts:3', 'src/x.ts:4'])
})

t.test('no file knows the machine or the neighbours of the tree it was written in', async t => {
  const places = [
    ['', 'work', ''].join('/'),
    ['..', 'shared', ''].join('/'),
    ['', 'tmp', 'brief'].join('/'),
  ]
  const apart = ['node_modules', 'dist', '.git', '.tap', 'data', 'LICENSE']
  const files = filesIn('.', isText, apart)

  t.ok(files.length > 50)
  for (const file of files) {
    const text = read(file)
    for (const place of places) t.notOk(text.includes(place), `${file} does not name ${place}`)
  }
})

function isText(file: string): boolean {
  return /\.(ts|js|json|md|sql|toml|proto|ya?ml|sh)$|(^|\/)[^.]*$/.test(file)
}

/** Calls of `say` of which one language is empty, or written in the other's letters. What is computed is not looked at. */
function wrongTexts(source: ts.SourceFile): string[] {
  const wrong: string[] = []
  eachNode(source, node => {
    if (!ts.isCallExpression(node) || node.expression.getText(source) !== 'say') return
    const [zh, en] = node.arguments.map(literalOf)
    const isGood =
      (zh === undefined || /\p{Script=Han}/u.test(zh)) &&
      (en === undefined || (en.trim() !== '' && !/\p{Script=Han}/u.test(en)))
    if (!isGood) wrong.push(`${source.fileName}:${lineOf(source, node)}`)
  })
  return wrong
}

/** A text that is written out here; undefined where part of it is computed. */
function literalOf(node: ts.Expression): string | undefined {
  return ts.isStringLiteralLike(node) ? node.text : undefined
}
