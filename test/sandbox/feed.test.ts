import { get } from 'node:https'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { Issued } from '../../src/crypto/pki.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { openFeed } from '../../src/sandbox/feed.ts'
import { type HostileMood, makeMoods } from '../../src/sandbox/hostile.ts'
import { aStranger } from '../../src/sandbox/identity.ts'
import { aTop, now } from './a-top.ts'

const { identity, journal } = await aTop(t)
for (const seq of [1, 2, 3]) await journal.publish(seq, Buffer.from(`batch ${seq}`))

async function aFeed(t: Test, moods: readonly HostileMood[] = []) {
  const waits: number[] = []
  const clock = { now: systemClock.now, sleep: async (ms: number) => void waits.push(ms) }
  const feed = await openFeed({
    host: '127.0.0.1',
    port: 0,
    identity,
    journal,
    mood: makeMoods(moods),
    clock,
  })
  t.teardown(() => feed.close())
  const ask = (after: number, client: Issued = identity.nodeClient) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const tls = { ca: identity.authority.certificate, cert: client.certificate, key: client.key }
      get(`${feed.url}?after=${after}`, { ...tls, agent: false }, response => {
        buffer(response).then(
          body => resolve({ status: response.statusCode, body: body.toString() }),
          reject,
        )
      }).once('error', reject)
    })
  return { ask, waits }
}

t.test('whoever follows gets batch after batch, then nothing yet', async t => {
  const { ask } = await aFeed(t)

  t.strictSame(await ask(0), { status: 200, body: 'batch 1' })
  t.strictSame(await ask(2), { status: 200, body: 'batch 3' })
  t.strictSame(await ask(3), { status: 204, body: '' })
})

t.test('nobody else is let in', async t => {
  const { ask } = await aFeed(t)

  t.match(await ask(0, await aStranger(identity.authority, now)), { status: 403 })
  await t.rejects(ask(0, await aStranger(undefined, now)))
})

t.test('a hostile feed is late, repeats and shuffles before it is honest', async t => {
  const { ask, waits } = await aFeed(t, ['delay', 'repeat', 'shuffle'])

  t.match(await ask(1), { body: 'batch 2' })
  t.equal(waits.length, 1)
  t.match(await ask(1), { body: 'batch 1' }, 'repeats')
  t.match(await ask(1), { body: 'batch 3' }, 'shuffles')
  t.match(await ask(1), { body: 'batch 2' }, 'is honest')
})

t.test('a hostile feed answers with errors, or breaks off', async t => {
  const { ask } = await aFeed(t, ['error'])

  t.match(await ask(0), { status: 503 })
  await t.rejects(ask(1), { code: 'ECONNRESET' })
  t.match(await ask(1), { body: 'batch 2' })
})
