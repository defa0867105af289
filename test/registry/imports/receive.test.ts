import t from 'tap'
import type { ReceivedBatch } from '../../../src/registry/imports/parts.ts'
import { anOperator } from '../../support/builders.ts'
import { refusalOf } from '../../support/filing.ts'
import { aStore } from '../../support/store.ts'
import { aBatch, aLine, anImportRoom, aReviewer, aTopnode, theTopnode } from './an-import-room.ts'

t.test('the same batch again is the same receipt, also ten at once', async t => {
  const database = await aStore(t)
  const room = await anImportRoom(database)
  await room.grant()
  await room.prefix('88.118.8')
  const batch = aBatch({ identifiers: [aLine('88.118.8/A')] })

  const atOnce = await Promise.all(Array.from({ length: 10 }, () => room.receive(batch)))
  await room.release(await room.bring(batch))
  const later = await room.receive(batch)

  t.equal(atOnce.filter(({ isNew }) => isNew).length, 1)
  t.equal(new Set([...atOnce, later].map(({ receipt }) => JSON.stringify(receipt))).size, 1)
  t.equal(later.isNew, false)
  const rows = await database.query('select key, serial from records where key like $1', [
    '88.118.8/%',
  ])
  t.strictSame(rows, [{ key: '88.118.8/a', serial: 1 }])
  const pieces = await database.query('select distinct import from import_pieces')
  t.equal(pieces.length, 1, 'what the others brought is forgotten')
  const repeats = await database.query(`select id from audit where action = 'import.repeated'`)
  t.equal(repeats.length, 11)
})

t.test(
  'another content under a known number or id is refused with where the chain stands',
  async t => {
    const room = await anImportRoom(await aStore(t))
    await room.grant()
    await room.prefix('88.118.8')
    const batch = aBatch({ identifiers: [aLine('88.118.8/A')] })
    await room.receive(batch)

    const last = { seq: 1, digest: batch.manifestDigest }
    const changed = aBatch({ identifiers: [aLine('88.118.8/B')] }, { batch: batch.manifest.batch })
    await t.rejects(room.receive(changed), { code: 'STATE_CONFLICT', facts: { last } })
    const sameNumber = aBatch({ identifiers: [aLine('88.118.8/B')] })
    await t.rejects(room.receive(sameNumber), { code: 'STATE_CONFLICT', facts: { last } })
  },
)

t.test(
  'what came too early waits for the gap, and is applied in order when it is filled',
  async t => {
    const room = await anImportRoom(await aStore(t), { isAuto: true })
    const top = aTopnode()
    await room.grant()
    await room.prefix('88.118.8')
    const urls = ['https://1.cn/', 'https://2.cn/', 'https://3.cn/', 'https://4.cn/']
    const [one, two, three, four] = urls.map(url =>
      top.next({ identifiers: [aLine('88.118.8/A', url)] }),
    ) as [ReceivedBatch, ReceivedBatch, ReceivedBatch, ReceivedBatch]

    await room.bring(one)
    const early = await room.bring(four)
    await room.bring(three)
    t.match(await room.look(early), { state: 'parked', fault: { rule: 'gap' } })
    t.match((await room.ask('88.118.8/A')).values, [{ data: { value: 'https://1.cn/' } }])
    t.match(await room.inbox.headOf('86'), { seq: 1, digest: one.manifestDigest })
    t.ok((await room.shared.reads.findSource('86'))?.gapSince, 'it is known since when')
    t.equal((await room.receive(four)).receipt.state, 'parked', 'the first answer stands')

    await room.bring(two)

    t.match((await room.ask('88.118.8/A')).values, [{ data: { value: 'https://4.cn/' } }])
    t.equal((await room.ask('88.118.8/A')).serial, 4, 'none was left out, none was done twice')
    t.match(await room.shared.reads.findSource('86'), { seq: 4, doneSeq: 4, gapSince: null })
  },
)

t.test(
  'a fork is refused; one that waited behind a gap is passed by, and its number is free',
  async t => {
    const room = await anImportRoom(await aStore(t), { isAuto: true })
    const top = aTopnode()
    await room.grant()
    await room.prefix('88.118.8')
    const [one, two, three] = ['A', 'B', 'C'].map(name =>
      top.next({ identifiers: [aLine(`88.118.8/${name}`)] }),
    ) as [ReceivedBatch, ReceivedBatch, ReceivedBatch]
    await room.bring(one)

    const fork = aBatch({ identifiers: [aLine('88.118.8/X')] }, { seq: 2, prev: 'f'.repeat(64) })
    t.equal(await refusalOf(room.receive(fork)), 'STATE_CONFLICT, /seq import.fork')
    const early = aBatch({ identifiers: [aLine('88.118.8/Y')] }, { seq: 3, prev: 'f'.repeat(64) })
    const passedBy = await room.bring(early)
    await room.bring(two)
    t.match(await room.look(passedBy), { state: 'parked', fault: { rule: 'fork' } })

    const third = await room.bring(three)

    t.match(await room.look(third), { state: 'applied' })
    await t.rejects(room.ask('88.118.8/Y'), { code: 'IDENTIFIER_UNKNOWN' })
  },
)

t.test('one that is far ahead is refused: the source sends what is missing', async t => {
  const database = await aStore(t)
  const room = await anImportRoom(database)
  await room.grant()
  const far = aBatch({ identifiers: [] }, { seq: 102, prev: 'f'.repeat(64) })

  t.equal(await refusalOf(room.receive(far)), 'STATE_CONFLICT, /seq import.ahead')
  const traces = await database.query<{ detail: object }>(
    `select detail from audit where action = 'import.refused'`,
  )
  t.match(traces, [{ detail: { rule: 'import.ahead', seq: 102 } }])
})

t.test('without a grant that covers it, a batch is refused whole and leaves a trace', async t => {
  const database = await aStore(t)
  const room = await anImportRoom(database)
  await room.grant()
  await room.grant({ id: 'over', exp: Date.UTC(2026, 10, 23) / 1_000 })
  await room.grant({ id: 'soon', nbf: Date.UTC(2026, 10, 30) / 1_000 })
  await room.grant({ id: 'other', source: '87' })
  await room.grant({ id: 'revoked' })
  await room.grants.revoke('revoked', 'a test', { caller: anOperator })
  const refused = (more: object) =>
    refusalOf(room.receive(aBatch({ identifiers: [aLine('88.118.8/A')] }, more)))

  t.equal(await refused({ authorization: 'none' }), 'NOT_PERMITTED, /authorization grant.unknown')
  t.equal(await refused({ authorization: 'other' }), 'NOT_PERMITTED, /authorization grant.unknown')
  t.equal(await refused({ authorization: 'over' }), 'NOT_PERMITTED, /authorization grant.expired')
  t.equal(await refused({ authorization: 'soon' }), 'NOT_PERMITTED, /authorization grant.notYet')
  t.equal(
    await refused({ authorization: 'revoked' }),
    'NOT_PERMITTED, /authorization grant.revoked',
  )
  t.equal(await refused({ target: '88.119' }), 'NOT_PERMITTED, /target grant.target')
  for (const prefix of ['88.118', '88.118.9', '88.118.81']) {
    t.equal(
      await refused({ prefixes: [prefix] }),
      'NOT_PERMITTED, /prefixes grant.prefixes',
      prefix,
    )
  }
  const traces = await database.query(`select id from audit where action = 'import.refused'`)
  t.equal(traces.length, 9)
  t.match(await room.inbox.headOf('86'), { seq: 0 })
  t.strictSame(await database.query('select import from import_pieces'), [])
})

t.test('the embedded store takes batches of 20 000 rows, and says what takes more', async t => {
  const room = await anImportRoom(await aStore(t))
  await room.grant()
  const batch = aBatch({ identifiers: [] })
  const [file] = batch.manifest.files
  const files = [{ ...file, rows: 20_001 }] as typeof batch.manifest.files

  const work = room.receive({ ...batch, manifest: { ...batch.manifest, files } })

  await t.rejects(work, { code: 'TOO_LARGE', detail: { en: /PostgreSQL/ } })
})

t.test('a nonce is claimed once by a key', async t => {
  const { inbox } = await anImportRoom(await aStore(t))
  const until = new Date(Date.UTC(2026, 10, 25))

  t.ok(await inbox.claimNonce('top-1', 'n1', until))
  t.notOk(await inbox.claimNonce('top-1', 'n1', until))
  t.ok(await inbox.claimNonce('top-2', 'n1', until))
})

t.test('only the top-level node brings batches', async t => {
  const room = await anImportRoom(await aStore(t))
  await room.grant()
  const batch = aBatch({ identifiers: [] })

  for (const caller of [anOperator, aReviewer]) {
    t.equal(await refusalOf(room.inbox.receive(batch, caller)), 'NOT_PERMITTED,  role')
  }
  t.ok(await room.inbox.receive(batch, theTopnode))
})
