import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import iconv from 'iconv-lite'
import readSheet from 'read-excel-file/node'
import t from 'tap'
import { commands } from '../../src/cli/commands.ts'
import { run } from '../../src/cli/run.ts'
import { aNode } from '../support/node.ts'
import { repositoryFolder } from '../support/store.ts'
import { runIn } from './a-terminal.ts'

const node = await aNode(t, { demo: true })
const folder = t.testdir()
const qxm = (...argv: string[]) => runIn(commands, argv, { QXM_URL: node.http, QXM_KEY: node.key })
const at = (name: string) => join(folder, name)
const jobIn = (stdout: string) =>
  JSON.parse(stdout) as { id: string; state: string; counts: object }

t.test('a file is checked, applied, corrected and sent again, and taken back', async t => {
  const rows = Array.from(
    { length: 20 },
    (_, row) => `88.118.8/bulk-${row},产品,https://example.com/${row}`,
  )
  writeFileSync(
    at('gbk.csv'),
    iconv.encode(
      ['标识,种类,URL', ...rows, '88.118.8/bad,不明,u', '99.1/foreign,产品,u'].join('\r\n'),
      'gbk',
    ),
  )

  const checked = await qxm(
    'import',
    at('gbk.csv'),
    '--dry-run',
    '--errors',
    at('errors.csv'),
    '--json',
  )
  t.equal(checked.code, 1, 'a check that found something')
  t.match(jobIn(checked.stdout), { state: 'checked', counts: { rows: 22, added: 20, refused: 2 } })
  const errors = readFileSync(at('errors.csv'), 'utf8')
    .replace(/^\ufeff/, '')
    .trimEnd()
    .split('\r\n')
  t.equal(errors[0], '标识,种类,URL,row,field,reason')
  t.match(errors[1], /^88\.118\.8\/bad,不明,u,21,kind,/)
  t.match(checked.stderr, /the refused rows are in .*errors\.csv/)

  const applied = await qxm('job', 'apply', jobIn(checked.stdout).id, '--wait', '--json')
  t.match(jobIn(applied.stdout), { state: 'done', counts: { added: 20 } })
  t.equal((await qxm('resolve', '88.118.8/bulk-7')).code, 0)

  writeFileSync(at('errors.csv'), [errors[0], errors[1]?.replace('不明', '设备')].join('\r\n'))
  const again = await qxm('import', at('errors.csv'), '--wait', '--json')
  t.equal(again.code, 0)
  t.match(jobIn(again.stdout), { state: 'done', counts: { rows: 1, added: 1, refused: 0 } })

  const undone = await qxm('undo', jobIn(checked.stdout).id, '--wait', '--json')
  t.equal(undone.code, 0)
  t.match(jobIn(undone.stdout), { state: 'undone' })
  t.equal((await qxm('resolve', '88.118.8/bulk-7')).code, 3)
})

t.test('jobs are listed and shown; the refused rows of one are given again', async t => {
  writeFileSync(at('one.ndjson'), '{"identifier":"88.118.8/one","values":[]}\nno json\n')
  const { id } = jobIn((await qxm('import', at('one.ndjson'), '--wait', '--json')).stdout)

  t.match((await qxm('job', 'list')).stdout, new RegExp(`${id}.*identifiers +done +2 +1 +0 +0 +1`))
  t.match((await qxm('job', 'show', id)).stdout, /^state +done$/m)
  t.match((await qxm('job', 'errors', id)).stdout, /"row":2/)
  t.equal((await qxm('job', 'errors', id, '--out', at('again.ndjson'))).code, 0)
  t.match(readFileSync(at('again.ndjson'), 'utf8'), /"row":2/)
  t.equal((await qxm('job', 'show', 'none')).code, 3)
})

t.test('the same key is the same job; another file under it is refused', async t => {
  writeFileSync(at('a.csv'), 'identifier,URL\n88.118.8/key,u\n')
  writeFileSync(at('b.csv'), 'identifier,URL\n88.118.8/key,v\n')
  const send = (file: string) =>
    qxm('import', at(file), '--wait', '--idempotency-key', 'k1', '--json')

  const first = await send('a.csv')
  t.equal(jobIn((await send('a.csv')).stdout).id, jobIn(first.stdout).id)
  t.match(await send('b.csv'), { code: 1, stdout: /IDEMPOTENCY_MISMATCH/ })
})

t.test('what is exported is imported again without a change', async t => {
  for (const name of ['out.csv', 'out.xlsx', 'out.ndjson']) {
    t.match(await qxm('export', '--prefix', '88.118.8', '--out', at(name)), {
      code: 0,
      stdout: `wrote ${at(name)}\n`,
    })
    await qxm('import', at(name), '--wait')
    const again = await qxm('import', at(name), '--wait', '--json')

    const { rows, unchanged } = jobIn(again.stdout).counts as { rows: number; unchanged: number }
    t.ok(rows >= 250, name)
    t.equal(unchanged, rows, name)
  }
  const [sheet] = await readSheet(at('out.xlsx'))
  t.equal(sheet?.data[0]?.[0], 'identifier')
})

t.test('an export goes to standard output, and leaves no half a file behind', async t => {
  const { stdout } = await qxm('export', '--prefix', '88.118.8', '--format', 'csv')

  t.match(stdout, /^\ufeffidentifier,kind,/)
  t.equal((await qxm('export', '--prefix', '88.200', '--out', at('none.csv'))).code, 3)
  t.notOk(existsSync(at('none.csv')))
  t.notOk(existsSync(at('none.csv.part')))
})

t.test(
  'a command line that says too little or too much is refused, before anything is sent',
  async t => {
    writeFileSync(at('rows.dat'), 'identifier\n')
    for (const [argv, message] of [
      [['import'], /needs <file>/],
      [['import', at('none.csv')], /ENOENT/],
      [['import', at('rows.dat')], /use --format/],
      [['import', at('rows.dat'), '--format', 'json'], /ndjson, csv or xlsx/],
      [['import', at('a.csv'), '--into', 'tables'], /identifiers, prefixes/],
      [['import', at('a.csv'), '--mode', 'some'], /all, best/],
      [['export'], /--prefix is needed/],
      [['export', '--prefix', '88', '--format', 'xlsx'], /needs --out/],
    ] as const) {
      t.match(await qxm(...argv), { code: 2, stderr: message }, argv.join(' '))
    }
  },
)

t.test('a file that the node refuses is told as the node tells it', async t => {
  writeFileSync(at('twice.csv'), 'identifier,identifier\n')
  const { code, stderr } = await qxm('import', at('twice.csv'), '--wait')

  t.not(code, 0)
  t.match(stderr, /sheet\.repeatedColumn|two columns/)
})

t.test('on a terminal, a line shows how far it is, and is gone at the end', async t => {
  let stderr = ''
  const terminal = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        stderr += String(chunk)
        done()
      },
    }),
    { isTTY: true },
  )

  await run(commands, ['import', at('a.csv'), '--wait', '--lang', 'en'], {
    env: { QXM_URL: node.http, QXM_KEY: node.key },
    stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
    stderr: terminal,
    packageFolder: repositoryFolder,
  })

  t.match(stderr, /\r\u001b\[2Ksent 0\.0 MB/)
  t.match(stderr, /█+ 100 % done 1\/1 refused 0/)
  t.match(stderr, /\u001b\[2K$/)
})
