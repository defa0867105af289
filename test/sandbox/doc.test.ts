import t from 'tap'
import { wrongs } from '../../src/sandbox/wrongs.ts'
import { aSandbox } from '../support/sandbox.ts'
import { runDocument } from '../tidy/doc-blocks.ts'
import { followsTable, read } from '../tidy/tree.ts'

const file = 'docs/sandbox.md'

t.test('the page names every way to push wrongly', async t => {
  const rows = Object.entries(wrongs).map(([name, { en }]) => `| \`${name}\` | ${en} |\n`)

  followsTable(t, file, `\n| \`--wrong\` | what |\n|---|---|\n${rows.join('')}\n`, 'wrongs')
})

t.test('what the page tells the reader to do works', async t => {
  const { node, top, dataFolder, key } = await aSandbox(t)
  const { http = '', ops = '', handle = '' } = node
  const page = read(file).replaceAll('127.0.0.1:2640', top.handle)

  await runDocument(
    t,
    page,
    { http, ops, handle },
    { env: { QXM_KEY: key, QXM_DATA_DIR: dataFolder } },
  )
})
