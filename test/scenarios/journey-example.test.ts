import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { aNode } from '../support/node.ts'
import { repositoryFolder } from '../support/store.ts'

/** What examples/journey.sh says on its way, by curl and again by qxm. */
const stations = [
  'it waits for a reviewer',
  'it is in the queue',
  'it came back with a comment',
  'it resolves over Handle TCP',
  'it is suspended over HTTP',
  'it is suspended over Handle TCP',
]

/** One node for both ways to end. */
const node = await aNode(t, { demo: true })

t.test(
  'examples/journey.sh goes from application to suspension, by curl and by qxm',
  { timeout: 120_000 },
  async t => {
    const { stdout } = await runExample(t.testdir(), {
      QXM_URL: node.http,
      QXM_KEY: node.key,
      HANDLE_SERVER: node.node.ready.handle ?? '',
    })

    const [, byCurl = '', byQxm = ''] = stdout.split(/^== by .*$/m)
    for (const station of stations) {
      t.ok(byCurl.includes(`ok  ${station}\n`), `by curl: ${station}`)
      t.ok(byQxm.includes(`ok  ${station}\n`), `by qxm: ${station}`)
    }
    t.match(byCurl, 'ok  a scan opens its page')
    t.match(byQxm, 'ok  its label is printed')
  },
)

t.test('the example ends where the node says no', async t => {
  const env = { QXM_URL: node.http, QXM_KEY: 'qxk_00000000_unknown', HANDLE_SERVER: '127.0.0.1:9' }

  await t.rejects(runExample(t.testdir(), env), { code: 22 })
})

/** With the program as an installed one would be found, and nothing else of the environment of the tests. */
function runExample(folder: string, env: Readonly<Record<string, string>>) {
  const program = join(repositoryFolder, 'dist', 'src', 'main.js')
  const qxm = join(folder, 'qxm')
  writeFileSync(qxm, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(qxm, 0o755)
  return promisify(execFile)('bash', [join(repositoryFolder, 'examples', 'journey.sh')], {
    env: {
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      LANG: 'C.UTF-8',
      ...env,
    },
  })
}
