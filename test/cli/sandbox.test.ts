import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sandbox } from '../../src/cli/sandbox.ts'
import { sandboxGrant, sandboxPush } from '../../src/cli/sandbox-push.ts'
import { aDataFolder } from '../support/store.ts'
import { runIn } from './a-terminal.ts'

const folder = await aDataFolder(t)
const qxm = (...argv: readonly string[]) =>
  runIn([sandbox, sandboxGrant, sandboxPush], argv, { QXM_DATA_DIR: folder })

t.test('what is wrong with the command line is said before anything starts', async t => {
  for (const [argv, said] of [
    [['sandbox', '--hostile', 'delay,grumpy'], /--hostile takes some of delay, error/],
    [['sandbox', '--enterprises', '3'], /--enterprises is 0 to 2/],
    [['sandbox', 'push', '--rows', 'many'], /--rows takes a whole number/],
    [['sandbox', 'grant', '--send'], /first, in another terminal: qxm sandbox/],
    [['sandbox', 'push'], /first, in another terminal: qxm sandbox/],
    [['sandbox', 'push', '--wrong', 'nothing'], /--wrong is one of again/],
  ] as const) {
    const { code, stderr } = await qxm(...argv)

    t.equal(code, 2, argv.join(' '))
    t.match(stderr, said)
  }
})

t.test('a batch for the feed needs a grant, and no running sandbox', async t => {
  const early = await qxm('sandbox', 'push', '--feed')
  const grant = await qxm('sandbox', 'grant', '-o', join(folder, 'grant.jws'))
  const first = await qxm('sandbox', 'push', '--feed', '--json')
  const second = await qxm('sandbox', 'push', '--feed', '--rows', '10')

  t.match(early, { code: 2, stderr: /first: qxm sandbox grant/ })
  t.match(grant, { code: 0, stdout: '' })
  t.match(readFileSync(join(folder, 'grant.jws'), 'utf8'), /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  t.match(JSON.parse(first.stdout), { seq: 1 })
  t.equal(second.stdout, 'batch 2 is in the feed\n')
})

t.test('a file with a line that is none is named, and nothing is sent', async t => {
  const file = join(
    t.testdir({ 'rows.ndjson': '{"identifier":"88.118.8/x"}\n\nno json\n' }),
    'rows.ndjson',
  )

  const { code, stderr } = await qxm('sandbox', 'push', file, '--feed')

  t.equal(code, 2)
  t.match(stderr, /line 3 of .*rows\.ndjson is no JSON/)
})
