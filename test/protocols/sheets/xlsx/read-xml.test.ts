import t from 'tap'
import { escapeXml, readWholeXml } from '../../../../src/protocols/sheets/xlsx/read-xml.ts'
import { inPieces } from '../a-sheet.ts'

/** What a document holds, in its order. */
async function read(xml: Buffer | string, pieceBytes = 1_000): Promise<string[]> {
  const seen: string[] = []
  let text = ''
  const flush = () => {
    if (text !== '') seen.push(text)
    text = ''
  }
  await readWholeXml(inPieces(xml, pieceBytes), {
    open(name, attribute) {
      flush()
      seen.push(`<${name} ${attribute('r') ?? '-'}>`)
    },
    close(name) {
      flush()
      seen.push(`</${name}>`)
    },
    text(piece) {
      text += piece
    },
  })
  flush()
  return seen
}

const document = `\ufeff<?xml version="1.0"?><!-- <x> --><x:a xmlns:x="u" x:r='1 &gt; "0"' s=">">
<b r="&#x8f74;"/>a &amp; b&lt;&#65;<![CDATA[<&>]]></x:a>`
const expected = ['<a 1 > "0">', '<b 轴>', '</b>', 'a & b<A<&>', '</a>']

t.test(
  'names without prefixes, attributes, texts with entities, and what is to be passed over',
  async t => {
    const seen = (await read(document)).map(each => each.trim()).filter(each => each !== '')

    t.same(seen, expected)
  },
)

t.test('it does not matter where a document is cut into pieces', async t => {
  for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) {
    const seen = (await read(document, pieceBytes))
      .map(each => each.trim())
      .filter(each => each !== '')

    t.same(seen, expected, `${pieceBytes} bytes`)
  }
})

t.test('a document that ends early is malformed, wherever it ends', async t => {
  const bytes = Buffer.from(document)
  for (let length = 0; length < bytes.length; length++) {
    await t.rejects(read(bytes.subarray(0, length)), {
      code: 'INPUT_INVALID',
      errors: [{ rule: 'xlsx.malformed' }],
    })
  }
})

t.test(
  'document types, entities of their own, endless tags and other charsets are refused',
  async t => {
    const bad: readonly (Buffer | string)[] = [
      '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
      '<a>&b;</a>',
      '<a>&#x110000;</a>',
      '< a/>',
      `<a ${'x'.repeat(2 ** 21)}`,
      Buffer.from('<a>\xff</a>', 'latin1'),
      Buffer.from('<a/>', 'utf16le'),
      '',
      'text',
    ]
    for (const xml of bad) {
      await t.rejects(read(xml, 100_000), { code: 'INPUT_INVALID' }, xml.toString().slice(0, 30))
    }
  },
)

t.test('what is escaped is read again', async t => {
  const text = `<a href="x">'&amp;' ]]></a>`

  t.same(await read(`<t>${escapeXml(text)}</t>`), ['<t ->', text, '</t>'])
})
