import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commands } from '../../src/cli/commands.ts'
import { readPng, scan } from '../services/labels/read-label.ts'
import { aNode } from '../support/node.ts'
import { runIn } from './a-terminal.ts'

const node = await aNode(t, { demo: true })
const folder = t.testdir()
const qxm = (...argv: string[]) => runIn(commands, argv, { QXM_URL: node.http, QXM_KEY: node.key })
const at = (name: string) => join(folder, name)

t.test('a label is written in the format of its file, and reads', async t => {
  const written = await qxm('label', '1XJRA-CLXE-EWEA9', '-o', at('code.png'), '--mm', '20')

  t.match(written, { code: 0, stdout: `wrote ${at('code.png')}\n` })
  t.equal(
    scan(readPng(readFileSync(at('code.png')))),
    `${node.http.toUpperCase()}/C/88.118.1/1XJRACLXEEWEA9`,
  )
  t.equal((await qxm('label', '88.118.8/ABC-1', '--out', at('product.svg'))).code, 0)
  t.match(readFileSync(at('product.svg'), 'utf8'), `<title>${node.http}/r/88.118.8/ABC-1</title>`)
  t.match((await qxm('label', '88.118.8/ABC-1')).stdout, /^<svg /)
})

t.test('a list of identifiers is one sheet, so many labels of each', async t => {
  writeFileSync(at('list.txt'), '88.118.8/ABC-1\r\n\n 1XJRACLXEEWEA9 \n')

  const { code } = await qxm(
    ...['label', '--list', at('list.txt'), '--count', '3', '--mm', '60x40', '-o', at('sheet.html')],
  )

  t.equal(code, 0)
  const page = readFileSync(at('sheet.html'), 'utf8')
  t.match(page, '@page{size:60mm 40mm')
  t.equal(page.match(/<figure>/g)?.length, 6)
})

t.test('what has no label is named', async t => {
  writeFileSync(at('wrong.txt'), '88.118.8/ABC-1\n88.118.8/none\n1XJRACLXEEWEA8\n')

  const refused = await qxm('label', '--list', at('wrong.txt'), '-o', at('wrong.html'))

  t.equal(refused.code, 2)
  t.match(refused.stderr, /^ {2}\/identifiers\/1 .*\[IDENTIFIER_UNKNOWN\]$/m)
  t.match(refused.stderr, /^ {2}\/identifiers\/2 .*\[IDENTIFIER_MALFORMED\]$/m)
  t.equal((await qxm('label', '88.118.8/none')).code, 3)
})

t.test('a command line that says too little or too much is refused', async t => {
  for (const [argv, message] of [
    [[], /an identifier or --list/],
    [['x', '--svg', '--png'], /only one of/],
    [['x', '--png'], /pixels need -o/],
    [['x', '--svg', '--count', '2'], /need --sheet/],
    [['--list', '/nowhere.txt'], /ENOENT/],
  ] as const) {
    t.match(await qxm('label', ...argv), { code: 2, stderr: message }, argv.join(' '))
  }
})
