import t from 'tap'
import { makeIdentifiers } from '../../src/registry/identifiers.ts'
import type { ValueInput } from '../../src/registry/values.ts'
import { anOperator, aValue } from '../support/builders.ts'
import { postgres } from '../support/postgres-server.ts'
import { testWith } from '../support/throw-away.ts'
import { aCore } from './a-core.ts'

const core = await aCore(t)
const { identifiers, database, clock, ask } = core
const alpha = await core.enterprise('alpha')
const beta = await core.enterprise('beta')
await core.prefix('88.118.1')
await core.prefix('88.118.8', { owner: alpha.of.code })
await core.prefix('88.118.7', { owner: beta.of.code })

const url: ValueInput = { index: 1, type: 'URL', data: 'https://example.com/1' }
const name: ValueInput = { index: 2, type: 'NAME', data: '轴承' }
const by = { caller: alpha }
let count = 0
/** An identifier that no other story uses. */
const aName = () => `88.118.8/Story-${++count}`

t.test('a record is created, and is there for the very next question', async t => {
  const identifier = aName()
  await t.rejects(ask(identifier), { code: 'IDENTIFIER_UNKNOWN' })

  const { record, created } = await identifiers.create(identifier, { values: [url] }, by)

  t.equal(created, true)
  t.match(record, {
    identifier,
    key: identifier.toLowerCase(),
    prefix: '88.118.8',
    kind: 'other',
    submitter: alpha.id,
    basis: 'authority',
    serial: 1,
    gone: null,
  })
  t.match(await ask(identifier), { serial: 1, code: alpha.of.code, values: [{ type: 'URL' }] })
})

t.test('what exists is not created again, in whatever spelling', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url] }, by)

  await t.rejects(identifiers.create(`hdl:${identifier.toUpperCase()}`, {}, by), {
    code: 'ALREADY_EXISTS',
  })
})

t.test('the serial grows with every write, through deletion and creating again', async t => {
  const identifier = aName()

  const writes = [
    await identifiers.create(identifier, { values: [url] }, by),
    await identifiers.replace(identifier, { values: [url, name] }, by),
    await identifiers.patch(identifier, { kind: 'product' }, by),
    await identifiers.remove(identifier, {}, by),
    await identifiers.create(identifier, { values: [name] }, by),
  ]

  t.strictSame(
    writes.map(({ record, created }) => [record.serial, created]),
    [
      [1, true],
      [2, false],
      [3, false],
      [4, false],
      [5, true],
    ],
  )
  t.match(await ask(identifier), { serial: 5, kind: 'other', values: [{ type: 'NAME' }] })
})

t.test('what a record was before each write is kept', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url], kind: 'product' }, by)
  await identifiers.replace(identifier, { values: [name] }, { caller: anOperator })
  await identifiers.remove(identifier, { reason: '停产', successor: '88.118.8/next' }, by)
  await identifiers.create(identifier, {}, by)

  const versions = await database.query(
    'select serial, kind, values, submitter, gone, successor from record_versions where key = $1 order by serial',
    [identifier.toLowerCase()],
  )

  t.match(versions, [
    { serial: 1, kind: 'product', values: [{ type: 'URL' }], submitter: alpha.id, gone: null },
    { serial: 2, values: [{ type: 'NAME' }], submitter: anOperator.id, gone: null },
    { serial: 3, values: [], gone: { reason: '停产' }, successor: '88.118.8/next' },
  ])
  t.equal(versions.length, 3)
})

t.test('a tombstone tells its reason and successor, and takes no changes', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url] }, by)

  await identifiers.remove(identifier, { reason: '停产', successor: 'hdl:88.118.8/Next' }, by)

  const gone = {
    code: 'IDENTIFIER_GONE',
    facts: { reason: '停产', successor: '88.118.8/Next' },
  }
  await t.rejects(ask(identifier), gone)
  await t.rejects(identifiers.patch(identifier, {}, by), gone)
  await t.rejects(identifiers.remove(identifier, {}, by), gone)
})

t.test('what was never there is neither patched nor removed', async t => {
  await t.rejects(identifiers.patch(aName(), {}, by), { code: 'IDENTIFIER_UNKNOWN' })
  await t.rejects(identifiers.remove(aName(), {}, by), { code: 'IDENTIFIER_UNKNOWN' })
})

t.test('a reason has a length', async t => {
  const identifier = aName()
  await identifiers.create(identifier, {}, by)

  await t.rejects(identifiers.remove(identifier, { reason: 'x'.repeat(501) }, by), {
    code: 'INPUT_INVALID',
    errors: [{ pointer: '/reason' }],
  })
})

t.test('the first spelling stays the canonical one, also through a tombstone', async t => {
  const identifier = aName()
  await identifiers.create(identifier, {}, by)

  await identifiers.replace(identifier.toUpperCase(), {}, by)
  await identifiers.remove(identifier.toLowerCase(), {}, by)
  const { record } = await identifiers.create(identifier.toUpperCase(), {}, by)

  t.equal(record.identifier, identifier)
})

t.test('who has read another serial is refused, and told the present one', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url] }, by)
  await identifiers.replace(identifier, { values: [name] }, by)
  const stale = { caller: alpha, ifSerial: 1 }
  const refusal = { code: 'VERSION_STALE', facts: { serial: 2 } }

  await t.rejects(identifiers.replace(identifier, {}, stale), refusal)
  await t.rejects(identifiers.patch(identifier, {}, stale), refusal)
  await t.rejects(identifiers.remove(identifier, {}, stale), refusal)
  t.match(await identifiers.patch(identifier, {}, { caller: alpha, ifSerial: 2 }), {
    record: { serial: 3, values: [{ type: 'NAME' }] },
  })
})

t.test('a tombstone has no serial that could be matched', async t => {
  const identifier = aName()
  await identifiers.create(identifier, {}, by)
  await identifiers.remove(identifier, {}, by)

  await t.rejects(identifiers.replace(identifier, {}, { caller: alpha, ifSerial: 2 }), {
    code: 'VERSION_STALE',
  })
})

t.test('a patch changes the members it has, and an array replaces the array', async t => {
  const identifier = aName()
  await identifiers.create(
    identifier,
    { values: [url, name], kind: 'product', successor: '88.118.8/a' },
    by,
  )

  const kind = await identifiers.patch(identifier, { kind: 'equipment' }, by)
  const values = await identifiers.patch(identifier, { values: [name] }, by)
  const successor = await identifiers.patch(identifier, { successor: null }, by)

  t.match(kind.record, { kind: 'equipment', successor: '88.118.8/a' })
  t.equal(kind.record.values.length, 2)
  t.match(values.record, { kind: 'equipment', values: [{ index: 2 }], successor: '88.118.8/a' })
  t.equal(values.record.values.length, 1)
  t.equal(successor.record.successor, null)
})

t.test('a replacement by index touches these values only', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url, name] }, by)
  const mail: ValueInput = { index: 3, type: 'EMAIL', data: 'a@example.com' }

  const added = await identifiers.replace(identifier, { values: [mail] }, by, [3])
  const changed = await identifiers.replace(
    identifier,
    { values: [{ ...url, data: 'https://example.com/2' }] },
    by,
    [1, 2],
  )

  t.strictSame(
    added.record.values.map(({ index }) => index),
    [1, 2, 3],
  )
  t.strictSame(
    changed.record.values.map(({ data }) => data.value),
    ['https://example.com/2', '轴承', 'a@example.com'],
  )
  await t.rejects(identifiers.replace(identifier, { values: [mail] }, by, [1]), {
    code: 'INPUT_INVALID',
  })
})

t.test('a value that says the same keeps the time it was written', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url, name] }, by)
  await clock.advance(90_500)

  const { record } = await identifiers.replace(
    identifier,
    {
      values: [
        { ...url, data: { value: 'https://example.com/1', format: 'string' } },
        { ...name, ttl: 60 },
      ],
    },
    by,
  )

  t.match(record.values, [
    { timestamp: '2026-11-23T06:00:00Z' },
    { timestamp: '2026-11-23T06:01:30Z', ttl: 60 },
  ])
  t.match(await ask(identifier), { values: record.values })
})

t.test('a refused value is named where the caller put it', async t => {
  const identifier = aName()
  await identifiers.create(identifier, { values: [url, name] }, by)
  const pointerOf = (values: readonly ValueInput[], indexes?: readonly number[]) =>
    identifiers.replace(identifier, { values }, by, indexes).then(
      () => 'accepted',
      error => error.errors[0].pointer,
    )

  t.equal(await pointerOf([name, { ...url, ttl: -1 }]), '/values/1/ttl')
  t.equal(await pointerOf([name, url, { ...name }]), '/values/2/index')
  t.equal(await pointerOf([{ index: 9, type: 'X', data: 'x', ttl: -1 }], [9]), '/values/0/ttl')
  t.equal(
    await pointerOf([{ index: 9, type: 'GS1', data: 'no gtin' }, url]),
    '/values/0/data',
    'although values are stored in the order of their indexes',
  )
})

t.test('values come in many spellings and are stored in one', async t => {
  const identifier = aName()
  const values: ValueInput[] = [
    { index: 7, type: 'HEX', data: { format: 'hex', value: '00fF10' }, permissions: '*' },
    {
      index: 3,
      type: 'B64',
      data: { format: 'base64', value: 'AP8Q' },
      ttl: '2027-01-01T08:00:00.5+08:00',
    },
    { index: 5, type: 'TEXT', data: '文本' },
  ]

  const { record } = await identifiers.create(identifier, { values }, by)

  t.strictSame(record.values, [
    aValue({
      index: 3,
      type: 'B64',
      data: { format: 'base64', value: 'AP8Q' },
      ttl: '2027-01-01T00:00:00Z',
      timestamp: '2026-11-23T06:01:30Z',
    }),
    aValue({
      index: 5,
      type: 'TEXT',
      data: { format: 'string', value: '文本' },
      timestamp: '2026-11-23T06:01:30Z',
    }),
    aValue({
      index: 7,
      type: 'HEX',
      data: { format: 'base64', value: 'AP8Q' },
      permissions: '1111',
      timestamp: '2026-11-23T06:01:30Z',
    }),
  ])
})

t.test('codes are issued and never registered, changed or removed', async t => {
  const { code } = alpha.of
  const operator = { caller: anOperator }
  const refusal = { code: 'INPUT_INVALID', errors: [{ rule: 'code.issued' }] }

  await t.rejects(identifiers.create(code, {}, operator), refusal)
  await t.rejects(identifiers.replace(code, {}, operator), refusal)
  await t.rejects(identifiers.patch(code, {}, operator), refusal)
  await t.rejects(identifiers.remove(code, {}, operator), refusal)
})

t.test('kinds that come about in other ways are not chosen', async t => {
  const refusal = { code: 'INPUT_INVALID', errors: [{ pointer: '/kind' }] }

  await t.rejects(identifiers.create(aName(), { kind: 'subject' }, by), refusal)
  await t.rejects(identifiers.create(aName(), { kind: 'prefix' }, by), refusal)
})

t.test('a prefix has a record, whose site is the node’s to say', async t => {
  const site: ValueInput = { index: 1, type: 'HS_SITE', data: { format: 'base64', value: '' } }
  const description: ValueInput = { index: 2, type: 'DESC', data: '示例前缀' }

  const { record } = await identifiers.replace('0.NA/88.118.8', { values: [description] }, by)

  t.match(record, { kind: 'prefix', key: '0.na/88.118.8', prefix: '88.118.8' })
  t.match(await ask('88.118.8'), { kind: 'prefix', values: [{ type: 'DESC' }] })
  for (const type of ['HS_SITE', 'HS_SITE.6', 'hs_site']) {
    await t.rejects(
      identifiers.replace('0.NA/88.118.8', { values: [description, { ...site, type }] }, by),
      { code: 'INPUT_INVALID', errors: [{ pointer: '/values/1/type', rule: 'prefix.site' }] },
    )
  }
})

t.test('a write needs authority over the place', async t => {
  const identifier = aName()
  await identifiers.create(identifier, {}, by)

  await t.rejects(identifiers.replace(identifier, {}, { caller: beta }), { code: 'NOT_PERMITTED' })
  await t.rejects(identifiers.create('88.118.7/x', {}, by), { code: 'NOT_PERMITTED' })
  await t.rejects(identifiers.create('88.118.77/x', {}, by), { code: 'PREFIX_UNKNOWN' })
})

t.test('nothing is registered under a prefix that is not enabled, or served elsewhere', async t => {
  await core.prefix('88.118.5', { owner: alpha.of.code, state: 'disabled' })
  await core.prefix('88.118.6', {
    owner: alpha.of.code,
    served: 'delegated',
    sites: [{ address: '192.0.2.1', protocols: [{ protocol: 'TCP', port: 2641 }] }],
  })

  await t.rejects(identifiers.create('88.118.5/x', {}, by), { code: 'STATE_CONFLICT' })
  await t.rejects(identifiers.create('88.118.6/x', {}, by), { code: 'STATE_CONFLICT' })
})

t.test('a repeated request gets the first outcome and is not done again', async t => {
  const identifier = aName()
  const idempotency = { scope: `${alpha.id} POST`, key: 'once', digest: Buffer.from('body') }

  const first = await identifiers.create(identifier, { values: [url] }, { ...by, idempotency })
  await identifiers.replace(identifier, { values: [name] }, by)
  const again = await identifiers.create(identifier, { values: [url] }, { ...by, idempotency })

  t.strictSame(again, first)
  t.match(await ask(identifier), { serial: 2, values: [{ type: 'NAME' }] })
})

t.test('an idempotency key belongs to one request of one scope', async t => {
  const idempotency = { scope: `${alpha.id} POST`, key: 'mine', digest: Buffer.from('body') }
  const otherBody = { ...idempotency, digest: Buffer.from('other') }
  const otherScope = { ...idempotency, scope: `${beta.id} POST` }
  await identifiers.create(aName(), {}, { ...by, idempotency })

  await t.rejects(identifiers.create(aName(), {}, { ...by, idempotency: otherBody }), {
    code: 'IDEMPOTENCY_MISMATCH',
  })
  t.match(
    await identifiers.create('88.118.7/mine', {}, { caller: beta, idempotency: otherScope }),
    {
      created: true,
    },
  )
})

t.test('a refused request does not use up its key', async t => {
  const identifier = aName()
  const idempotency = { scope: `${alpha.id} PATCH`, key: 'again', digest: Buffer.from('body') }
  await t.rejects(identifiers.patch(identifier, { kind: 'product' }, { ...by, idempotency }), {
    code: 'IDENTIFIER_UNKNOWN',
  })

  await identifiers.create(identifier, {}, by)
  const { record } = await identifiers.patch(
    identifier,
    { kind: 'product' },
    { ...by, idempotency },
  )

  t.match(record, { kind: 'product', serial: 2 })
})

t.test(
  'every write leaves one audit row and one change, with the serial and no values',
  async t => {
    const identifier = aName()
    await identifiers.create(identifier, { values: [{ ...url, data: 'secret-value' }] }, by)
    await identifiers.replace(identifier, { values: [name] }, by)
    await identifiers.remove(identifier, { reason: '停产' }, by)
    await core.number()

    const changes = await database.query(
      'select serial, op, kind, prefix, keys from changes where identifier = $1 order by seq',
      [identifier],
    )
    const audits = await database.query(
      'select actor, role, action, detail from audit where target = $1 order by seq',
      [identifier],
    )

    t.match(changes, [
      { serial: 1, op: 'created', prefix: '88.118.8', keys: [identifier.toLowerCase()] },
      { serial: 2, op: 'replaced' },
      { serial: 3, op: 'deleted' },
    ])
    t.match(audits, [
      { actor: alpha.id, role: 'enterprise', action: 'identifier.created', detail: { serial: 1 } },
      { action: 'identifier.replaced', detail: { serial: 2 } },
      { action: 'identifier.deleted', detail: { serial: 3, reason: '停产' } },
    ])
    t.notMatch(JSON.stringify([changes, audits]), 'secret-value')
  },
)

testWith(t, [postgres], 'of two who create at once one wins (postgres)', async t => {
  const { identifiers, enterprise, prefix, ask } = await aCore(t, 'postgres')
  const caller = await enterprise('alpha')
  await prefix('88.118.8', { owner: caller.of.code })

  const results = await Promise.allSettled(
    Array.from({ length: 6 }, () => identifiers.create('88.118.8/x', {}, { caller })),
  )

  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  t.ok(
    results.every(
      result => result.status === 'fulfilled' || result.reason.code === 'ALREADY_EXISTS',
    ),
  )
  t.equal((await ask('88.118.8/x')).serial, 1)
})

testWith(
  t,
  [postgres],
  'all who replace at once succeed, one after the other (postgres)',
  async t => {
    const { identifiers, enterprise, prefix, ask } = await aCore(t, 'postgres')
    const caller = await enterprise('alpha')
    await prefix('88.118.8', { owner: caller.of.code })

    const written = await Promise.all(
      Array.from({ length: 6 }, () => identifiers.replace('88.118.8/x', {}, { caller })),
    )

    t.strictSame(written.map(({ record }) => record.serial).sort(), [1, 2, 3, 4, 5, 6])
    t.equal(written.filter(({ created }) => created).length, 1)
    t.equal((await ask('88.118.8/x')).serial, 6)
  },
)

testWith(
  t,
  [postgres],
  'a request repeated while it is under way is done once (postgres)',
  async t => {
    const { identifiers, enterprise, prefix } = await aCore(t, 'postgres')
    const caller = await enterprise('alpha')
    await prefix('88.118.8', { owner: caller.of.code })
    const idempotency = { scope: 'POST', key: 'once', digest: Buffer.from('body') }

    const [first, ...others] = await Promise.all(
      Array.from({ length: 4 }, () =>
        identifiers.create('88.118.8/x', { values: [url] }, { caller, idempotency }),
      ),
    )

    for (const other of others) t.strictSame(other, first)
  },
)

t.test('what nobody has heard of is there all the same when it is', async t => {
  const unaware = makeIdentifiers({
    ...core.identifierRules,
    transactions: core.transactions,
    mayHave: () => false,
  })
  const [there, gone, moved] = [aName(), aName(), '88.555.7/Story'] as const
  await core.prefix('88.555', { owner: alpha.of.code })
  await identifiers.create(there, { values: [url] }, by)
  await identifiers.create(gone, { values: [url] }, by)
  await identifiers.remove(gone, {}, by)
  await identifiers.create(moved, { values: [url] }, by)
  await core.prefix('88.555.7', { owner: alpha.of.code })

  await t.rejects(unaware.create(there, {}, by), { code: 'ALREADY_EXISTS' })
  await t.rejects(unaware.create(moved, {}, by), { code: 'ALREADY_EXISTS' }, 'nor a second time')
  const again = await unaware.create(gone, {}, by)
  const fresh = await unaware.create(aName(), { values: [url] }, by)

  t.match(again, { created: true, record: { serial: 3 } })
  t.match(fresh, { created: true, record: { serial: 1 } })
})

t.test('of two who create at once one wins', async t => {
  const identifier = aName()

  const results = await Promise.allSettled([
    identifiers.create(identifier, {}, by),
    identifiers.create(identifier, {}, by),
  ])

  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
})
