import t from 'tap'
import { aNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'
import { aProgram } from './a-program.ts'

t.test(
  'the enterprise node of the sandbox answers for the prefix that the demo delegates',
  async t => {
    const secondary = await aNode(t, { demo: true })
    const folder = await aDataFolder(t)
    const ports = ['--http-port', '0', '--handle-port', '0']
    const sandbox = await aProgram(t, ports, { QXM_DATA_DIR: folder }, ['sandbox', 'enterprise'])
    const { port: httpPort } = new URL(sandbox.ready.http)
    const handlePort = sandbox.ready.handle.split(':').at(-1)
    const site = {
      address: '127.0.0.1',
      protocols: [
        { protocol: 'TCP', port: Number(handlePort) },
        { protocol: 'HTTP', port: Number(httpPort) },
      ],
      url: sandbox.ready.http,
    }

    const patched = await fetch(`${secondary.http}/v1/prefixes/88.118.9`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${secondary.key}`,
        'content-type': 'application/merge-patch+json',
      },
      body: JSON.stringify({ sites: [site] }),
    })
    const asked = await fetch(`${secondary.http}/v1/resolve/88.118.9/PRESS-1?recurse=1`)
    const answer = (await asked.json()) as { values: { type: string; data: { value: string } }[] }

    t.equal(patched.status, 200)
    t.equal(asked.headers.get('x-qxm-source'), 'upstream')
    t.match(answer.values.find(({ type }) => type === 'MODEL')?.data.value, 'P-160')
    sandbox.kill('SIGTERM')
    t.match(await sandbox.ended, { code: 0 })
  },
)

t.test('the sandbox is one command, and ends in order', async t => {
  const folder = await aDataFolder(t)
  const args = ['--any-port', '--enterprises', '0']
  const sandbox = await aProgram(t, args, { QXM_DATA_DIR: folder }, ['sandbox'])

  const own = await fetch(`${sandbox.ready.http}/v1/resolve/88.118.8/ABC-1`)
  const foreign = await fetch(`${sandbox.ready.http}/v1/resolve/88.100/TOP?recurse=1`)

  t.equal(own.status, 200)
  t.equal(foreign.headers.get('x-qxm-source'), 'upstream', 'the root was asked')
  t.match(sandbox.ready, { imports: /^https:/, top: { feed: /^https:/, handle: /^127/ } })
  sandbox.kill('SIGTERM')
  t.match(await sandbox.ended, { code: 0 })
})
