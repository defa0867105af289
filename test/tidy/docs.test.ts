import t from 'tap'
import { aNode } from '../support/node.ts'
import { docBlocks, runDocument } from './doc-blocks.ts'
import { exists, filesIn, read } from './tree.ts'

/** It has a whole hierarchy under it: test/sandbox/doc.test.ts. */
const elsewhere = 'docs/sandbox.md'

/** One node for all: documents are read one after the other, and leave behind what they tell the reader to make. */
const documents = [
  ...['README.md', 'README.zh-CN.md'].filter(exists),
  ...filesIn('docs', file => file.endsWith('.md') && file !== elsewhere),
].filter(file => docBlocks(read(file)).some(block => block.notRun === undefined))

t.test('what the documents tell the reader to do works', async t => {
  const node = await aNode(t, { demo: true })
  const { http, ops, handle } = node.node.ready
  const place = { http: http ?? '', ops: ops ?? '', ...(handle === undefined ? {} : { handle }) }
  for (const file of documents) {
    await t.test(file, t => runDocument(t, read(file), place, { env: { QXM_KEY: node.key } }))
  }
})
