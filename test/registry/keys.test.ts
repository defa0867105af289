import { randomBytes } from 'node:crypto'
import t from 'tap'
import { makeHasAuthority } from '../../src/access/authority.ts'
import { makePermissions } from '../../src/access/permissions.ts'
import { makeKeyStore } from '../../src/crypto/key-store.ts'
import { makeMasterKey } from '../../src/crypto/master-key.ts'
import { isUnder } from '../../src/mapping/prefix-walk.ts'
import { makeKeyDesk } from '../../src/registry/keys.ts'
import type { Database } from '../../src/storage/postgres/database.ts'
import { makeKeyRows } from '../../src/storage/postgres/keys.ts'
import { makeTransactions } from '../../src/storage/postgres/transactions.ts'
import { aCaller, anOperator, codePrefix } from '../support/builders.ts'
import { aStore, eachEngine } from '../support/store.ts'

const now = () => new Date('2026-11-23T06:00:00Z')
const by = { caller: anOperator }

/** The keys of a node that has been started once. */
async function aKeyDesk(database: Database) {
  const rows = makeKeyRows(database, now)
  const masterKey = makeMasterKey(Buffer.alloc(32, 7), randomBytes)
  const store = makeKeyStore({ rows, masterKey, random: randomBytes })
  await store.open()
  await store.getOrMake('code', codePrefix, 'sm4')
  await store.getOrMake('status', '', 'ed25519')
  await store.getOrMake('pepper', '', 'hmac-sm3')
  await store.getOrMake('dek', 'subject-1', 'sealing')
  const permissions = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  let refreshes = 0
  const desk = makeKeyDesk({
    transactions: makeTransactions({ database, now, follow: async () => undefined }),
    store,
    allOf: purpose => rows.findAll(purpose),
    codePrefix,
    demandOperator: (caller, action) => permissions.demand(caller, action, {}),
    async refresh() {
      refreshes++
    },
  })
  return { desk, store, refreshed: () => refreshes }
}

const shared = await aStore(t)

/** Over one store for all tests, emptied. */
async function aDesk() {
  await shared.exec('truncate keys, audit, idempotency')
  return aKeyDesk(shared)
}

eachEngine(
  t,
  'a key goes from active to retired to destroyed, each step audited',
  async (t, database) => {
    const { desk, store, refreshed } = await aKeyDesk(database)
    const [first] = await desk.list(anOperator)

    const second = await desk.rotate('code', 'aes-256', by)
    const retired = await desk.retire('code', 1, false, by)
    const destroyed = await desk.destroy('code', 1, first?.kcv ?? '', by)

    t.match(second, { purpose: 'code', scope: codePrefix, version: 2, algorithm: 'aes-256' })
    t.match([retired, destroyed], [{ state: 'retired', leaked: false }, { state: 'destroyed' }])
    t.match(await store.list('code', codePrefix), [{ version: 2, state: 'active' }])
    t.equal(refreshed(), 3, 'this process reads them at once')
    const audits = await database.query(
      'select action, target, detail from audit order by queued_at, id',
    )
    t.match(audits, [
      { action: 'key.rotated', target: `key:code:${codePrefix}`, detail: { version: 2 } },
      { action: 'key.retired', detail: { version: 1, kcv: first?.kcv } },
      { action: 'key.destroyed', detail: { version: 1 } },
    ])
  },
)

t.test('what is listed tells keys apart and shows none; nobody’s data keys are named', async t => {
  const { desk, store } = await aDesk()
  const secrets = await Promise.all([store.list('code', codePrefix), store.list('pepper', '')])

  const listed = await desk.list(anOperator)

  t.strictSame(
    listed.map(({ purpose }) => purpose),
    ['code', 'status', 'pepper'],
  )
  const text = JSON.stringify(listed)
  for (const { key } of secrets.flat()) t.notMatch(text, key.toString('hex'))
  t.notOk(listed.some(view => 'key' in view || 'wrapped' in view))
})

t.test('the last active version is not retired, a leaked one after a rotation is', async t => {
  const { desk } = await aDesk()

  await t.rejects(desk.retire('status', 1, true, by), { code: 'STATE_CONFLICT' })
  await desk.rotate('status', undefined, by)

  t.match(await desk.retire('status', 1, false, by), { state: 'retired', leaked: false })
  t.match(await desk.retire('status', 1, true, by), { state: 'retired', leaked: true })
  t.match(await desk.retire('status', 1, false, by), { leaked: true }, 'for good')
  await t.rejects(desk.retire('status', 2, false, by), { code: 'STATE_CONFLICT' })
})

t.test('of two operators who retire the last two at once, one is refused', async t => {
  const { desk } = await aDesk()
  await desk.rotate('code', undefined, by)

  const outcomes = await Promise.allSettled(
    [1, 2].map(each => desk.retire('code', each, false, by)),
  )

  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

t.test('only a retired key is destroyed, and only the one that is meant', async t => {
  const { desk } = await aDesk()
  const [first] = await desk.list(anOperator)
  await desk.rotate('code', undefined, by)

  await t.rejects(desk.destroy('code', 1, first?.kcv ?? '', by), { code: 'STATE_CONFLICT' })
  await desk.retire('code', 1, false, by)
  await t.rejects(desk.destroy('code', 1, '000000', by), {
    code: 'INPUT_INVALID',
    errors: [{ pointer: '/confirm', rule: 'key.confirm' }],
  })
  await t.rejects(desk.destroy('code', 9, '000000', by), { code: 'IDENTIFIER_UNKNOWN' })
  await desk.destroy('code', 1, first?.kcv ?? '', by)
  await t.rejects(desk.retire('code', 1, false, by), { code: 'STATE_CONFLICT' })
})

t.test('a repeated request rotates once', async t => {
  const { desk } = await aDesk()
  const idempotency = { scope: 'POST /v1/keys', key: 'once', digest: Buffer.from('body') }

  const first = await desk.rotate('token', undefined, { ...by, idempotency })
  const again = await desk.rotate('token', undefined, { ...by, idempotency })

  t.strictSame(again, first)
})

t.test('versions of a code prefix are used up one day, and it is said what to do', async t => {
  const { desk } = await aDesk()
  for (let version = 2; version <= 30; version++) await desk.rotate('code', undefined, by)

  await t.rejects(desk.rotate('code', undefined, by), {
    code: 'STATE_CONFLICT',
    detail: { en: /QXM_PREFIX/ },
  })
  await t.rejects(desk.rotate('status', 'sm4', by), {
    errors: [{ pointer: '/algorithm', rule: 'key.algorithm' }],
  })
})

t.test('keys are the operator’s alone', async t => {
  const { desk } = await aDesk()
  const others = { caller: aCaller({ role: 'reviewer' }) }

  await t.rejects(desk.list(others.caller), { code: 'NOT_PERMITTED' })
  await t.rejects(desk.rotate('code', undefined, others), { code: 'NOT_PERMITTED' })
  await t.rejects(desk.retire('code', 1, false, others), { code: 'NOT_PERMITTED' })
  await t.rejects(desk.destroy('code', 1, 'x', others), { code: 'NOT_PERMITTED' })
})
