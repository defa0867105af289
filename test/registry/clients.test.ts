import t from 'tap'
import { makeApiKey } from '../../src/access/api-keys.ts'
import type { Failure } from '../../src/model/failures.ts'
import {
  type ClientInput,
  type ClientParts,
  makeClientRegistry,
} from '../../src/registry/clients.ts'
import { makeClients } from '../../src/storage/postgres/clients.ts'
import { anOperator } from '../support/builders.ts'
import { aCore } from './a-core.ts'

const core = await aCore(t)
const alpha = await core.enterprise('alpha')
const reader = makeClients(core.database)
const input: ClientInput = {
  name: 'ERP',
  role: 'enterprise',
  subject: alpha.of.code,
  prefixes: ['88.118.8'],
  cidrs: ['192.0.2.0/24'],
  until: '2027-01-01T00:00:00.000Z',
}
const by = { caller: anOperator }
const idempotency = (key: string) => ({ scope: 'POST', key, digest: Buffer.from('body') })

/** Keys that follow from their seed alone; of what the seed says, `collide` decides which get one id. */
function seeded(collide: (seed: string) => boolean): ClientParts['makeKey'] {
  return (seed = '') => {
    const { text } = makeApiKey(count => Buffer.alloc(count, seed))
    const id = collide(seed) ? '0c0111de' : Buffer.from(seed).toString('hex').slice(-8)
    return { id, text }
  }
}

t.test('a client is made with its key shown once, and only the key’s hash is kept', async t => {
  const { id, key } = await core.clients.create(input, by)

  const client = await reader.find(id)

  t.match(client, { id, name: 'ERP', role: 'enterprise', subject: 'alpha', until: input.until })
  t.strictSame(client?.prefixes, ['88.118.8'])
  t.strictSame(client?.cidrs, ['192.0.2.0/24'])
  t.strictSame(client?.hash, core.clientParts.hash(String(key)))
  const [row] = await core.database.query<{ row: string }>(
    'select clients::text as row from clients where id = $1',
    [id],
  )
  t.notMatch(row?.row, key)
})

t.test('only operators make and revoke clients', async t => {
  await t.rejects(core.clients.create(input, { caller: alpha }), { code: 'NOT_PERMITTED' })
  await t.rejects(core.clients.revoke('00000000', alpha), { code: 'NOT_PERMITTED' })
})

t.test('a revoked client is forgotten at once, and revoking is told once', async t => {
  const forgotten: string[] = []
  const clients = makeClientRegistry({
    ...core.clientParts,
    forget: id => void forgotten.push(id),
  })
  const { id } = await clients.create(input, by)

  const first = await clients.revoke(id, anOperator)
  const revokedAt = (await reader.find(id))?.revokedAt
  await core.clock.advance(60_000)
  const again = await clients.revoke(id, anOperator)

  t.strictSame([first, again], [true, true])
  t.equal(typeof revokedAt, 'string')
  t.equal((await reader.find(id))?.revokedAt, revokedAt)
  t.equal(await clients.revoke('ffffffff', anOperator), false)
  t.ok(forgotten.includes(id))
})

t.test('a repeated request gets the same key again', async t => {
  const clients = makeClientRegistry({ ...core.clientParts, makeKey: seeded(() => false) })

  const first = await clients.create(input, { ...by, idempotency: idempotency('same') })
  const again = await clients.create(input, { ...by, idempotency: idempotency('same') })

  t.strictSame(again, first)
})

t.test('an id that is taken is no reason to fail, nor to give the wrong key later', async t => {
  const first = seeded(seed => seed.endsWith('|0'))
  const clients = makeClientRegistry({ ...core.clientParts, makeKey: first })
  await clients.create(input, { ...by, idempotency: idempotency('one') })

  const second = await clients.create(input, { ...by, idempotency: idempotency('two') })
  const again = await clients.create(input, { ...by, idempotency: idempotency('two') })

  t.not(second.id, '0c0111de')
  t.strictSame(again, second)
  t.strictSame((await reader.find(second.id))?.hash, core.clientParts.hash(String(second.key)))
})

t.test('ids that are taken three times in a row are no accident', async t => {
  const clients = makeClientRegistry({ ...core.clientParts, makeKey: seeded(() => true) })
  const failed = await clients.create(input, by).catch((error: Failure) => error.code)

  t.equal(failed, 'STATE_CONFLICT')
})

t.test('the bootstrap key makes an operator once, and never again once revoked', async t => {
  const key = makeApiKey(count => Buffer.alloc(count, 7))

  await core.clients.bootstrap(key)
  await core.clients.revoke(key.id, anOperator)
  await core.clients.bootstrap(key)

  const client = await reader.find(key.id)
  t.match(client, { name: 'bootstrap', role: 'operator', subject: null, until: null })
  t.ok(client?.revokedAt)
  const audits = await core.database.query('select action from audit where target = $1', [
    `client:${key.id}`,
  ])
  t.equal(audits.length, 2)
})
