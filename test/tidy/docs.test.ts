import t from 'tap'
import { aNode } from '../support/node.ts'
import { docBlocks, runDocument } from './doc-blocks.ts'
import { exists, filesIn, read } from './tree.ts'

const documents = [
  ...['README.md', 'README.zh-CN.md'].filter(exists),
  ...filesIn('docs', file => file.endsWith('.md')),
]

for (const file of documents) {
  t.test(`${file}: what it tells the reader to do works`, async t => {
    const document = read(file)
    if (docBlocks(document).every(block => block.notRun !== undefined)) return
    const node = await aNode(t, { demo: true })

    await runDocument(t, document, node, { env: { QXM_KEY: node.key } })
  })
}
