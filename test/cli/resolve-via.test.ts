import t from 'tap'
import { resolve } from '../../src/cli/resolve.ts'
import { site } from '../../src/cli/site.ts'
import { aNode } from '../support/node.ts'
import { runIn } from './a-terminal.ts'

t.test('a Handle server is asked in its own words', async t => {
  const node = await aNode(t, { demo: true })
  const http = node.http.replace('http://', '')
  const { handle = '' } = node.node.ready
  const ask = (...argv: readonly string[]) => runIn([resolve], ['resolve', ...argv])

  for (const [via, server] of [
    ['tcp', handle],
    ['udp', handle],
    ['http', http],
    ['rest', http],
  ] as const) {
    t.test(`over ${via}`, async t => {
      const there = ['--via', via, '--server', server]

      const shown = await ask('88.118.8/abc-1', '--type', 'URL', '--index', '2', ...there)
      const referred = await ask('88.118.9/x', '--json', ...there)
      const missing = await ask('88.118.8/none', ...there)

      t.equal(shown.code, 0, shown.stderr)
      t.match(shown.stdout, /^88\.118\.8\/abc-1 {2}1 SUCCESS\n.*\n1 +URL .*\n2 +NAME .*\n$/)
      t.match(JSON.parse(referred.stdout), { responseCode: 302, values: [{ type: 'HS_SITE' }] })
      t.match(missing, { code: 3, stdout: '88.118.8/none  100 HANDLE_NOT_FOUND\n' })
      t.match(await ask('88.118.8/x', '--via', via, '--server', '127.0.0.1:1'), {
        code: 5,
        stderr: /127\.0\.0\.1:1 /,
      })
    })
  }

  t.test('what is asked wrongly is told before anybody is asked', async t => {
    for (const wrong of [
      ['--via', 'smtp'],
      ['--server', handle],
      ['--via', 'tcp', '--server', 'here'],
      ['--via', 'tcp', '--server', 'here:65536'],
      ['--via', 'tcp', '--index', '0'],
      ['--via', 'tcp', '--fresh'],
    ]) {
      t.equal((await ask('x', ...wrong)).code, 2, wrong.join(' '))
    }
  })

  t.test('the site record is what the parent needs', async t => {
    const shown = await runIn([site], ['site'], { QXM_URL: node.http })
    const read = await runIn([site], ['site', '--json'], { QXM_URL: node.http })

    const [, port] = handle.split(':')
    t.match(shown.stdout, new RegExp(`^1 +127\\.0\\.0\\.1 +TCP ${port} +resolution, admin`, 'm'))
    t.match(JSON.parse(read.stdout), { servers: [{ publicKey: { value: { kty: 'RSA' } } }] })
  })
})
