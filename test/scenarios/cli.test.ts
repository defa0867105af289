import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../src/storage/postgres/open.ts'
import { aNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'
import { runProgram } from './a-program.ts'
import { auditRows } from './audit-rows.ts'

t.test('a user of the node needs no key on its machine, and others do', async t => {
  const folder = await aDataFolder(t)
  const node = await aNode(t, { demo: true, folder })
  const here = { QXM_DATA_DIR: folder, LANG: 'en_US.UTF-8' }
  const elsewhere = { QXM_URL: node.http, LANG: 'en_US.UTF-8' }

  await t.test('what anyone may ask is printed for people and for programs', async t => {
    const shown = await runProgram(['resolve', '88.118.8/ABC-1'], elsewhere)
    t.equal(shown.code, 0, shown.stderr)
    t.match(shown.stdout, /^88\.118\.8\/ABC-1 {2}\(handle, product\)\n/)
    t.match(shown.stdout, /^1 +URL +86400 +https:\/\/example\.com\/products\/ABC-1$/m)

    const read = await runProgram(['resolve', '88.118.8/ABC-1', '--type', 'NAME', '--json'], here)
    t.match(JSON.parse(read.stdout), { identifier: '88.118.8/ABC-1', values: [{ index: 2 }] })

    const traced = await runProgram(['trace', '(01)06901234000016', '--lang', 'zh'], elsewhere)
    t.match(traced.stdout, /别名指向此记录/)
  })

  await t.test('what only an operator may ask', async t => {
    const asAnyone = await runProgram(['client', 'list'], elsewhere)
    t.equal(asAnyone.code, 4)
    t.match(asAnyone.stderr, /set QXM_KEY/)

    const withKey = await runProgram(['client', 'list'], { ...elsewhere, QXM_KEY: node.key })
    t.equal(withKey.code, 0, withKey.stderr)

    const made = await runProgram(
      ['client', 'create', '--name', 'lab', '--role', 'enterprise', '--json'],
      here,
    )
    t.equal(made.code, 0, made.stderr)
    const { id } = JSON.parse(made.stdout)
    t.equal((await runProgram(['client', 'revoke', id], here)).code, 0)

    const [first] = await auditRows(node, `subject=client:${id}`, rows => rows.length > 0)
    t.match(first?.actor, /^os:\w/, 'audited by the user of the machine')
  })

  await t.test('each kind of no has its exit code', async t => {
    t.equal((await runProgram(['resolve', '88.118.8/none'], here)).code, 3)
    t.equal((await runProgram(['resolve', '88.118.8'], here)).code, 0, 'a prefix is a question')
    t.equal((await runProgram(['resolve', 'no identifier'], here)).code, 2)
    t.equal((await runProgram(['resolve', 'x', '--url', 'http://127.0.0.1:9'], here)).code, 5)
    t.equal((await runProgram(['migrate'], here)).code, 4, 'the node holds the store')

    const problem = await runProgram(['resolve', '88.118.8/none', '--json'], here)
    t.match(JSON.parse(problem.stdout), { status: 404, code: 'IDENTIFIER_UNKNOWN' })
  })

  await t.test('the doctor finds a sound node sound', async t => {
    const env = { ...here, QXM_URL: node.http, QXM_OPS_PORT: new URL(node.ops).port }

    const found = await runProgram(['doctor', '--json'], env)

    t.equal(found.code, 0, found.stdout)
    const { findings } = JSON.parse(found.stdout) as { findings: { check: string }[] }
    t.same(
      ['live', 'ready', 'clock', 'disk'].filter(each => !findings.some(f => f.check === each)),
      [],
    )
  })

  await t.test('an export is registered again elsewhere as it was', async t => {
    const exported = await runProgram(['export', '--prefix', '88.118.8'], here)
    const lines = exported.stdout.trimEnd().split('\n')
    t.equal(lines.length, 250)
    const other = await aNode(t)
    const post = (path: string, body: string) =>
      fetch(`${other.http}${path}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${other.key}`, 'Content-Type': 'application/json' },
        body,
      })
    for (const prefix of ['88.118.8', 'gs1:6901234', 'oid:2.999.118.8', 'vaa:VAA88.118.8']) {
      const [system, text] = prefix.includes(':') ? prefix.split(':') : ['handle', prefix]
      await post('/v1/prefixes', JSON.stringify({ system, prefix: text }))
    }

    const statuses: number[] = []
    for (const line of lines.slice(0, 5)) {
      statuses.push((await post('/v1/identifiers', line)).status)
    }

    t.same(statuses, [201, 201, 201, 201, 201])
    const values = await Promise.all(
      [node, other].map(async ({ http }) => {
        const answer = await fetch(`${http}/v1/resolve/88.118.8/ABC-1`)
        const { values } = (await answer.json()) as { values: { timestamp: string }[] }
        return values.map(({ timestamp: _, ...value }) => value)
      }),
    )
    t.same(values[0], values[1])
  })
})

t.test('a restored store is examined, and tampering is found', async t => {
  const folder = await aDataFolder(t)
  const node = await aNode(t, { demo: true, folder })
  await node.stop()
  const env = { QXM_DATA_DIR: folder, LANG: 'en_US.UTF-8' }

  const whole = await runProgram(['restore', '--check', '--json'], env)
  t.equal(whole.code, 0, whole.stdout)
  t.same(
    JSON.parse(whole.stdout).findings.map((finding: { check: string }) => finding.check),
    ['migrations', 'keys', 'audit', 'aliases', 'changes', 'contents'],
  )

  const database = await openDatabase({ urls: [], folder })
  await database.exec(`
    update audit set actor = 'somebody else' where seq = 7;
    delete from records where key = '88.118.8/abc-1'`)
  await database.close()
  const broken = await runProgram(['restore', '--check', '--json'], env)

  t.equal(broken.code, 1)
  t.match(
    JSON.parse(broken.stdout).findings.filter(({ level }: { level: string }) => level === 'bad'),
    [
      { check: 'audit', facts: { row: 7 } },
      { check: 'aliases', facts: { lost: 1, example: 'gs1:01/06901234000016' } },
      { check: 'changes', facts: { lost: 1, example: '88.118.8/ABC-1' } },
    ],
  )

  const file = join(folder, 'master.key')
  const [key, other] = [await readFile(file, 'utf8'), `${'cd'.repeat(32)}\n`]
  await writeFile(file, other)
  const wrongKey = await runProgram(['doctor', '--offline'], env)
  t.equal(wrongKey.code, 1)
  t.match(wrongKey.stdout, /wrong master key/)
  await writeFile(file, key)
})

t.test('looking for a store makes none', async t => {
  const { code } = await runProgram(['restore', '--check'], { QXM_DATA_DIR: t.testdir({}) })

  t.equal(code, 3)
})
