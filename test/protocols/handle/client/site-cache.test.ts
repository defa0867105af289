import t from 'tap'
import { makeSiteCache } from '../../../../src/protocols/handle/client/site-cache.ts'
import { aClock } from '../../../support/clock.ts'

const service = { sites: [], isForeign: true }

t.test('a service is kept within its life, and within a day', async t => {
  const clock = aClock()
  const cache = makeSiteCache(clock)
  cache.set('88.1', service, 60)
  cache.set('88.2', service, 1_000_000)
  cache.set('88.3', service, 0)

  t.equal(cache.get('88.1')?.service, service)
  t.equal(cache.get('88.3'), undefined)
  await clock.advance(60_000)
  t.equal(cache.get('88.1'), undefined)
  t.equal(cache.get('88.2')?.service, service)
  await clock.advance(86_400_000)
  t.equal(cache.get('88.2'), undefined)
})

t.test(
  'that there is no such prefix is known too, and made-up ones drive out no real one',
  async t => {
    const cache = makeSiteCache(aClock())
    cache.set('88.1', service, 60)

    for (let n = 0; n < 12_000; n++) cache.set(`88.0.${n}`, undefined, 60)

    t.equal(cache.get('88.1')?.service, service)
    t.strictSame(cache.get('88.0.11999'), { service: undefined, expiresAtMs: 60_000 })
    t.equal(cache.get('88.0.0'), undefined)
  },
)

t.test('what has become known is not absent any more, and the other way round', async t => {
  const cache = makeSiteCache(aClock())
  cache.set('88.1', undefined, 60)

  cache.set('88.1', service, 60)
  t.equal(cache.get('88.1')?.service, service)
  cache.set('88.1', undefined, 60)
  t.equal(cache.get('88.1')?.service, undefined)
  cache.delete('88.1')
  t.equal(cache.get('88.1'), undefined)
})
