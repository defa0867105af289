import t from 'tap'
import type { ReceivedBatch } from '../../../src/registry/imports/parts.ts'
import { anOperator } from '../../support/builders.ts'
import { refusalOf } from '../../support/filing.ts'
import { aStore, eachEngine } from '../../support/store.ts'
import {
  aBatch,
  aLine,
  anImportRoom,
  anotherReviewer,
  aReviewer,
  aTopnode,
} from './an-import-room.ts'

eachEngine(
  t,
  'a batch is read, shown, let in by two reviewers, and answers',
  async (t, database) => {
    const room = await anImportRoom(database)
    const top = aTopnode()
    await room.prefix('88.118.8')
    await room.grant()

    const lines = [aLine('88.118.8/A'), aLine('88.118.8/B')]
    const id = await room.bring(top.next({ identifiers: lines }))
    const planned = await room.look(id)
    const counts = { rows: 2, added: 2, conflicting: 0, questions: 0 }
    t.match(planned, { state: 'planned', counts })
    await t.rejects(room.ask('88.118.8/A'), { code: 'IDENTIFIER_UNKNOWN' })

    const applied = await room.release(id)

    t.match(applied, { state: 'applied', releasedBy: ['rev1ewer', 'another1'] })
    t.equal((await room.ask('88.118.8/A')).identifier, '88.118.8/A')
    const [row] = await database.query(
      'select basis, submitter, source from records where key = $1',
      ['88.118.8/a'],
    )
    t.strictSame(row, { basis: 'grant', submitter: 'topnode:86', source: id })
    t.match(await room.shared.reads.findGrant('grant-1'), { rowsUsed: 2 })
    t.match(await room.shared.reads.findSource('86'), { seq: 1, doneSeq: 1 })
  },
)

t.test('the preview says of each row what it would do', async t => {
  const room = await anImportRoom(await aStore(t))
  const top = aTopnode()
  await room.prefix('88.118.8')
  await room.grant()
  const first = [aLine('88.118.8/SAME'), aLine('88.118.8/OTHER'), aLine('88.118.8/GOES')]
  await room.release(await room.bring(top.next({ identifiers: first })))
  await room.identifiers.create('88.118.8/OURS', { values: [] }, { caller: anOperator })

  const id = await room.bring(
    top.next({
      identifiers: [
        aLine('88.118.8/SAME'),
        aLine('88.118.8/OTHER', 'https://other.example.cn/'),
        { identifier: '88.118.8/GOES', withdraw: true },
        aLine('88.118.8/OURS'),
        aLine('88.118.8/NEW'),
        { identifier: '88.118.8/NEVER', withdraw: true },
      ],
    }),
  )

  const page = { file: 'identifiers.ndjson', after: 0, limit: 10 }
  const preview = await room.desk.preview(id, page, aReviewer)
  t.strictSame(
    preview?.items.map(({ row, outcome, isConflicting }) => [row, outcome, isConflicting]),
    [
      [1, 'unchanged', false],
      [2, 'changed', false],
      [3, 'withdrawn', false],
      [4, 'changed', true],
      [5, 'added', false],
    ],
  )
  t.strictSame((await room.look(id))?.counts, {
    rows: 6,
    added: 1,
    changed: 2,
    unchanged: 2,
    withdrawn: 1,
    conflicting: 1,
    questions: 0,
  })
  await room.release(id)
  await t.rejects(room.ask('88.118.8/GOES'), { code: 'IDENTIFIER_GONE' })
})

t.test('two different reviewers let a batch in, and nobody twice', async t => {
  const room = await anImportRoom(await aStore(t))
  await room.grant()
  await room.prefix('88.118.8')
  const id = await room.bring(aBatch({ identifiers: [aLine('88.118.8/A')] }))

  const release = (caller: typeof aReviewer) => refusalOf(room.desk.release(id, { caller }))
  t.equal(await release(anOperator), 'NOT_PERMITTED,  role')
  t.equal(await release(aReviewer), 'done')
  await room.work()
  t.match(await room.look(id), { state: 'planned' })
  t.equal(await release(aReviewer), 'NOT_PERMITTED,  import.second')
  t.equal(await release(anotherReviewer), 'done')
  t.match(await room.look(id), { state: 'released' })
})

t.test('where the policy says so, what asks nothing of a person is let in by itself', async t => {
  const room = await anImportRoom(await aStore(t), { isAuto: true })
  const top = aTopnode()
  await room.grant()
  await room.prefix('88.118.8')
  await room.identifiers.create('88.118.8/OURS', { values: [] }, { caller: anOperator })

  const clean = await room.bring(top.next({ identifiers: [aLine('88.118.8/A')] }))
  const conflicting = await room.bring(top.next({ identifiers: [aLine('88.118.8/OURS')] }))

  t.match(await room.look(clean), { state: 'applied', releasedBy: ['policy'] })
  t.match(await room.look(conflicting), { state: 'planned' })
})

const wrongRows: readonly (readonly [string, unknown, string])[] = [
  ['a prefix that only begins like a granted one', aLine('88.118.80/A'), 'grant.prefixes'],
  ['a prefix of somebody else', aLine('88.118.9/A'), 'grant.prefixes'],
  ['an enterprise code', aLine('88.118.1/1XJRACLXEEWEA9'), 'code.issued'],
  ['a NUL', aLine('88.118.8/A\0'), 'row.text'],
  ['an identifier of 5 000 characters', aLine(`88.118.8/${'x'.repeat(5_000)}`), 'text.tooLong'],
  [
    'a value of no type',
    { identifier: '88.118.8/A', values: [{ index: 1, data: 'x' }] },
    'required',
  ],
  ['a member that nobody knows', { ...aLine('88.118.8/A'), owner: 'me' }, 'row.member'],
  ['the same identifier again', aLine('88.118.8/first'), 'row.repeated'],
  ['a list', ['88.118.8/A'], 'row.object'],
]

t.test(
  'a batch with one wrong row is parked with its number and rule; the next ones go on',
  async t => {
    const database = await aStore(t)
    const room = await anImportRoom(database, { isAuto: true })
    const top = aTopnode()
    await room.grant()
    for (const prefix of ['88.118.8', '88.118.80', '88.118.9']) await room.prefix(prefix)
    for (const [position, [name, wrong, rule]] of wrongRows.entries()) {
      const lines = [aLine('88.118.8/FIRST'), wrong, aLine('88.118.8/LAST')]
      const parked = await room.bring(top.next({ identifiers: lines }))
      const next = await room.bring(top.next({ identifiers: [aLine(`88.118.8/N${position}`)] }))

      const fault = { rule, file: 'identifiers.ndjson', row: 2 }
      t.match(await room.look(parked), { state: 'parked', fault }, name)
      t.match(await room.look(next), { state: 'applied' }, name)
    }
    const found = await database.query(`select key from records where key ~ '(first|last)$'`)
    t.strictSame(found, [], 'nothing of them is there')
    t.strictSame(room.failed, [])
  },
)

t.test('what the grant does not name is not let in', async t => {
  const room = await anImportRoom(await aStore(t), { isAuto: true })
  const top = aTopnode()
  const tables = ['identifiers', 'products']
  await room.grant({ tables, fields: { identifiers: ['EMAIL'] }, rows: 3 })
  await room.prefix('88.118.8')
  const email = { index: 1, type: 'EMAIL', data: 'a@example.cn' }
  const good = { identifier: '88.118.8/A', values: [email] }
  const ruleOf = async (batch: ReceivedBatch) => {
    const view = await room.look(await room.bring(batch))
    return view?.fault?.rule ?? view?.state
  }

  t.equal(await ruleOf(top.next({ identifiers: [aLine('88.118.8/A')] })), 'grant.fields')
  t.equal(await ruleOf(top.next({ basic: [{}] })), 'grant.tables')
  t.equal(await ruleOf(top.next({ products: [{}] })), 'files.table')
  t.equal(await ruleOf(top.next({ identifiers: [good] })), 'applied')
  const many = ['B', 'C', 'D'].map(name => ({ ...good, identifier: `88.118.8/${name}` }))
  t.equal(await ruleOf(top.next({ identifiers: many })), 'grant.rows', 'three are more than two')
  t.equal(await ruleOf(top.next({ identifiers: many.slice(1) })), 'applied')
})

t.test(
  'a grant that is revoked lets in nothing more, also of what was received before',
  async t => {
    const room = await anImportRoom(await aStore(t))
    await room.grant()
    await room.prefix('88.118.8')
    const id = await room.bring(aBatch({ identifiers: [aLine('88.118.8/A')] }))
    await room.grants.revoke('grant-1', 'a test', { caller: anOperator })

    await room.release(id)

    t.match(await room.look(id), { state: 'parked', fault: { rule: 'grant.revoked' } })
    await t.rejects(room.ask('88.118.8/A'), { code: 'IDENTIFIER_UNKNOWN' })
  },
)

t.test('what was released is what was shown: another state of things is shown again', async t => {
  const room = await anImportRoom(await aStore(t))
  await room.grant()
  await room.prefix('88.118.8')
  const id = await room.bring(aBatch({ identifiers: [aLine('88.118.8/A')] }))
  await room.desk.release(id, { caller: aReviewer })
  await room.desk.release(id, { caller: anotherReviewer })
  await room.identifiers.create('88.118.8/A', { values: [] }, { caller: anOperator })

  await room.work()

  const again = {
    state: 'planned',
    releasedBy: [],
    counts: { added: 0, changed: 1, conflicting: 1 },
  }
  t.match(await room.look(id), again)
  await room.release(id)
  t.match(await room.look(id), { state: 'applied' })
})

eachEngine(t, 'an applied batch is taken back whole, as new versions', async (t, database) => {
  const room = await anImportRoom(database)
  const top = aTopnode()
  await room.grant()
  await room.prefix('88.118.8')
  const first = [aLine('88.118.8/A', 'https://1.cn/'), aLine('88.118.8/GOES')]
  await room.release(await room.bring(top.next({ identifiers: first })))
  const second = [
    aLine('88.118.8/A', 'https://2.cn/'),
    aLine('88.118.8/B'),
    { identifier: '88.118.8/GOES', withdraw: true },
  ]
  const prefixes = [{ prefix: '88.118.80' }, { prefix: '88.118.8', for: ['product'] }]
  const manifest = { prefixes: ['88.118.8', '88.118.80'] }
  const id = await room.bring(top.next({ identifiers: second, prefixes }, { manifest }))
  await room.release(id)
  t.match((await room.ask('88.118.8/A')).values, [{ data: { value: 'https://2.cn/' } }])

  const view = await room.desk.rollback(id, { caller: aReviewer })

  t.match(view, { state: 'rolledBack' })
  t.match(await room.ask('88.118.8/A'), {
    serial: 3,
    values: [{ data: { value: 'https://1.cn/' } }],
  })
  await t.rejects(room.ask('88.118.8/B'), { code: 'IDENTIFIER_GONE' })
  t.equal((await room.ask('88.118.8/GOES')).serial, 3)
  t.match(room.directory.find('handle', '88.118.80'), { state: 'disabled' })
  t.match(room.directory.find('handle', '88.118.8'), { uses: ['product', 'equipment'] })
  t.match(await room.shared.reads.findSource('86'), { seq: 2, doneSeq: 2 }, 'the cursor stays')
  t.equal(await refusalOf(room.desk.rollback(id, { caller: aReviewer })), 'STATE_CONFLICT')
})

t.test('a batch of which something was written since is not taken back', async t => {
  const room = await anImportRoom(await aStore(t))
  await room.grant()
  await room.prefix('88.118.8')
  const id = await room.bring(aBatch({ identifiers: [aLine('88.118.8/A'), aLine('88.118.8/B')] }))
  await room.release(id)
  await room.identifiers.replace('88.118.8/B', { values: [] }, { caller: anOperator })

  const work = room.desk.rollback(id, { caller: aReviewer })

  await t.rejects(work, { code: 'STATE_CONFLICT', facts: { newer: ['88.118.8/B'] } })
  t.equal((await room.ask('88.118.8/A')).serial, 1)
  t.match(await room.look(id), { state: 'applied' })
})

t.test('one that is not applied is put aside, and the next one has its turn', async t => {
  const room = await anImportRoom(await aStore(t))
  const top = aTopnode()
  await room.grant()
  await room.prefix('88.118.8')
  const one = await room.bring(top.next({ identifiers: [aLine('88.118.8/A')] }))
  const two = await room.bring(top.next({ identifiers: [aLine('88.118.8/B')] }))
  t.match(await room.look(two), { state: 'received' }, 'its turn has not come')
  t.equal(
    await refusalOf(room.desk.rollback(two, { caller: aReviewer })),
    'STATE_CONFLICT,  import.turn',
  )

  await room.desk.rollback(one, { caller: aReviewer })
  await room.work()

  t.match(await room.look(one), { state: 'rolledBack' })
  t.match(await room.look(two), { state: 'planned' })
})

t.test('identifiers may lie under a prefix that comes with them', async t => {
  const room = await anImportRoom(await aStore(t), { isAuto: true })
  await room.grant()
  const batch = aBatch({
    identifiers: [aLine('88.118.8/A')],
    prefixes: [{ prefix: '88.118.8', system: 'handle', owner: null, for: ['product'] }],
  })

  const id = await room.bring(batch)

  t.match(await room.look(id), { state: 'applied', counts: { added: 2 } })
  t.equal((await room.ask('88.118.8/A')).kind, 'product')
})

t.test(
  'the node’s own prefixes are nobody’s to import, and another owner is a conflict',
  async t => {
    const room = await anImportRoom(await aStore(t), { isAuto: true })
    const top = aTopnode()
    const prefixes = ['88.118']
    await room.grant({ prefixes })
    const mine = await room.enterprise('mine')
    const yours = await room.enterprise('yours')
    await room.prefix('88.118.8', { owner: mine.of.code })

    const own = await room.bring(
      top.next(
        { prefixes: [{ prefix: '88.118.1', owner: yours.of.code }] },
        { manifest: { prefixes } },
      ),
    )
    t.match(await room.look(own), { state: 'parked', fault: { rule: 'prefix.own', row: 1 } })
    const taken = [{ prefix: '88.118.8', owner: yours.of.code }]
    const id = await room.bring(top.next({ prefixes: taken }, { manifest: { prefixes } }))
    t.match(await room.look(id), { state: 'planned', counts: { changed: 1, conflicting: 1 } })

    await room.release(id)

    t.match(room.directory.find('handle', '88.118.8'), { owner: 'yours' })
  },
)

t.test(
  'what may be a passing trouble is tried three times, and then the batch is parked',
  async t => {
    const database = await aStore(t)
    const room = await anImportRoom(database, { isAuto: true })
    const top = aTopnode()
    await room.grant()
    await room.prefix('88.118.8')
    await room.receive(top.next({ identifiers: [aLine('88.118.8/A')] }))
    await database.query('delete from import_pieces')
    const again = () => database.query('update imports set worked_until = null')

    for (let attempt = 1; attempt <= 3; attempt++) {
      await room.work()
      t.equal(room.failed.length, attempt)
      await again()
    }

    const [parked] = (await room.desk.list({}, { limit: 1 }, aReviewer)).items
    t.match(parked, { state: 'parked', fault: { rule: 'failed' } })
    const next = await room.bring(top.next({ identifiers: [aLine('88.118.8/B')] }))
    t.match(await room.look(next), { state: 'applied' })
  },
)

t.test(
  'a row that claims another record’s name parks the batch, found before anybody releases it',
  async t => {
    const room = await anImportRoom(await aStore(t), { isAuto: true })
    const top = aTopnode()
    await room.grant()
    await room.prefix('88.118.8')
    const name = { index: 2, type: 'GS1', data: '(01)06901234000016' }
    const lines = ['A', 'B'].map(suffix => ({ identifier: `88.118.8/${suffix}`, values: [name] }))

    const first = await room.bring(top.next({ identifiers: lines.slice(0, 1) }))
    const second = await room.bring(top.next({ identifiers: [aLine('88.118.8/C'), lines[1]] }))

    t.match(await room.look(first), { state: 'applied' })
    t.match(await room.look(second), { state: 'parked', fault: { rule: 'alias.taken', row: 2 } })
    await t.rejects(room.ask('88.118.8/C'), { code: 'IDENTIFIER_UNKNOWN' })
  },
)
