import t from 'tap'
import type { JobRow } from '../../../src/registry/jobs/parts.ts'
import type { StagedRow } from '../../../src/registry/staging/parts.ts'
import { makeJobRows } from '../../../src/storage/postgres/jobs.ts'
import { makeStagedRows } from '../../../src/storage/postgres/staging.ts'
import { anOperator, aValue } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

function aRow(row: number, more: Partial<StagedRow> = {}): StagedRow {
  return {
    row,
    op: 'put',
    key: `88.118.8/${row}`,
    identifier: `88.118.8/${row}`,
    system: 'handle',
    authority: '88.118.8',
    prefix: '88.118.8',
    kind: null,
    values: [aValue({ data: { format: 'string', value: 'a\tb\\c\n"d"\u0001 码' } })],
    aliases: [],
    successor: undefined,
    ...more,
  }
}

const owner = { id: 'o', basis: 'authority', submitter: 'me', stagedAt: new Date(0) } as const

eachEngine(t, 'rows are staged as they are, whatever is in their texts', async (t, database) => {
  const staged = makeStagedRows(database)
  const rows = [
    aRow(1),
    aRow(3, { kind: 'product', successor: null }),
    aRow(4, { successor: '88.118.8/1', authority: '88.118.8.1' }),
  ]

  const appender = staged.append('o')
  for (const row of rows) appender.hold(row)
  await appender.commit([
    {
      row: 2,
      error: { pointer: '/x', rule: 'r', detail: { zh: '中', en: 'e' } },
      cells: '{"a":1}',
    },
  ])

  t.strictSame(
    (await staged.plan(owner, 0, 10)).map(({ row }) => row),
    rows,
  )
  t.strictSame(
    (await staged.plan(owner, 1, 1)).map(({ row }) => row.row),
    [3],
  )
  t.match(await staged.refused('o', 0, 10), [
    { row: 2, error: { rule: 'r', detail: { zh: '中' } }, cells: '{"a":1}', staged: undefined },
  ])
  t.equal(await staged.lastRow('o'), 4)
  t.match(await staged.places('o'), [{ authority: '88.118.8' }, { authority: '88.118.8.1' }])
})

eachEngine(t, 'of rows about one identifier the first one counts', async (t, database) => {
  const staged = makeStagedRows(database)
  const [appender, other] = [staged.append('o'), staged.append('p')]
  for (const row of [aRow(1), aRow(2), aRow(3, { key: '88.118.8/1' })]) appender.hold(row)
  await appender.commit([])
  other.hold(aRow(1))
  await other.commit([])

  t.equal(await staged.refuseRepeated('o'), 1)
  t.equal(await staged.refuseRepeated('o'), 0)

  t.match(await staged.refused('o', 0, 10), [{ row: 3, staged: { identifier: '88.118.8/3' } }])
  t.equal((await staged.plan(owner, 0, 10)).length, 2)
  t.equal(await staged.refusedCount('p'), 0)
  while (await staged.drop('o'));
  t.equal(await staged.lastRow('o'), 0)
  t.equal(await staged.lastRow('p'), 1)
})

eachEngine(
  t,
  'a job is taken by one process, and by another when it is let go',
  async (t, database) => {
    const rows = makeJobRows(database)
    const at = new Date()
    const job: JobRow = {
      id: 'job-1',
      target: 'identifiers',
      mode: 'best',
      isDryRun: false,
      state: 'received',
      task: 'check',
      caller: anOperator,
      format: 'csv',
      columns: [],
      charset: null,
      sha256: null,
      byteCount: 0,
      counts: { rows: 0, added: 0, changed: 0, unchanged: 0, refused: 0 },
      reached: 0,
      ahead: [],
      lastRow: 0,
      undoneBy: null,
      cancelAsked: false,
      reason: null,
      receipt: null,
      idempotencyKey: null,
      createdAt: at,
      updatedAt: at,
      endedAt: null,
    }
    const [ours, theirs] = [
      { holder: 'a', ms: 60_000 },
      { holder: 'b', ms: 60_000 },
    ]
    await rows.insert(job, ours)

    t.equal(await rows.claim(theirs), undefined)
    t.equal(await rows.renew('job-1', theirs), false)
    t.equal(await rows.patch('job-1', 'b', { state: 'done' }), false)
    t.equal(await rows.patch('job-1', 'a', { reached: 5, ahead: [7] }), true)
    t.match(await rows.claim(theirs), { id: 'job-1', state: 'received', reached: 5, ahead: [7] })
    t.equal(await rows.patch('job-1', 'b', { task: null, endedAt: new Date(0) }), true)
    t.equal(await rows.claim(ours), undefined)
  },
)
