import t from 'tap'
import {
  clientFreshMs,
  clientStaleMs,
  clientsKnownMax,
  makeClientCache,
} from '../../src/access/client-cache.ts'
import type { Client } from '../../src/access/parts.ts'
import { Failure } from '../../src/model/failures.ts'

function aClient(id: string, more: Partial<Client> = {}): Client {
  return {
    id,
    name: 'ERP',
    role: 'enterprise',
    subject: null,
    prefixes: [],
    cidrs: [],
    until: null,
    hash: Buffer.alloc(32),
    keys: [],
    certificates: [],
    revokedAt: null,
    ...more,
  }
}

/** A store whose answers the test can hold back and take away. */
function aStore() {
  const store = {
    questions: [] as string[],
    away: false,
    revokedAt: null as string | null,
    wait: Promise.resolve(),
    async find(id: string) {
      store.questions.push(id)
      const client = id === 'unknown0' ? undefined : aClient(id, { revokedAt: store.revokedAt })
      if (store.away) throw new Failure('STORE_AWAY')
      await store.wait
      return client
    },
  }
  return store
}

t.test('a client is read once while it is fresh, and again after', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })

  await cache.find('ab12cd34', 0)
  await cache.find('ab12cd34', clientFreshMs - 1)
  const before = store.questions.length
  await cache.find('ab12cd34', clientFreshMs)

  t.equal(before, 1)
  t.equal(store.questions.length, 2)
})

t.test('many requests at once are one question', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })

  const found = await Promise.all(Array.from({ length: 10 }, () => cache.find('ab12cd34', 0)))

  t.equal(store.questions.length, 1)
  t.equal(
    found.every(known => known?.client.id === 'ab12cd34'),
    true,
  )
})

t.test('an unknown id is asked every time, so that a new client works at once', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })

  t.equal(await cache.find('unknown0', 0), undefined)
  t.equal(await cache.find('unknown0', 0), undefined)
  t.equal(store.questions.length, 2)
})

t.test('what is forgotten is read again at once', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })
  await cache.find('ab12cd34', 0)
  await cache.find('ffffffff', 0)

  store.revokedAt = '2026-11-23T06:00:00Z'
  cache.forget('ab12cd34')
  const one = await cache.find('ab12cd34', 1)
  const other = await cache.find('ffffffff', 1)
  cache.forgetAll()
  const otherAfter = await cache.find('ffffffff', 1)

  t.equal(one?.client.revokedAt, '2026-11-23T06:00:00Z')
  t.equal(other?.client.revokedAt, null)
  t.equal(otherAfter?.client.revokedAt, '2026-11-23T06:00:00Z')
})

t.test('a reading that began before a revocation is neither shared nor kept after it', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })
  let goOn = () => {}
  store.wait = new Promise(resolve => {
    goOn = resolve
  })
  const before = cache.find('ab12cd34', 0)

  store.revokedAt = '2026-11-23T06:00:00Z'
  cache.forget('ab12cd34')
  const after = cache.find('ab12cd34', 0)
  goOn()
  await before

  t.equal((await after)?.client.revokedAt, '2026-11-23T06:00:00Z')
  t.equal((await cache.find('ab12cd34', 0))?.client.revokedAt, '2026-11-23T06:00:00Z')
})

t.test('while the store is away a known client stays known, for a while', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })
  await cache.find('ab12cd34', 0)

  store.away = true

  t.match(await cache.find('ab12cd34', clientStaleMs - 1), { client: { id: 'ab12cd34' } })
  await t.rejects(cache.find('ab12cd34', clientStaleMs), { code: 'STORE_AWAY' })
  await t.rejects(cache.find('ffffffff', 1), { code: 'STORE_AWAY' })
  cache.forget('ab12cd34')
  await t.rejects(cache.find('ab12cd34', 1), { code: 'STORE_AWAY' })
})

t.test('the cache is bounded, and the one read longest ago leaves', async t => {
  const store = aStore()
  const cache = makeClientCache({ clients: store })
  const idOf = (n: number) => n.toString(16).padStart(8, '0')
  for (let n = 0; n <= clientsKnownMax; n++) await cache.find(idOf(n), 0)

  store.questions.length = 0
  await cache.find(idOf(1), 0)
  await cache.find(idOf(clientsKnownMax), 0)
  await cache.find(idOf(0), 0)

  t.same(store.questions, [idOf(0)])
})
