import t, { type Test } from 'tap'
import type { Change } from '../../../../src/model/change.ts'
import type { ChangeFeed } from '../../../../src/protocols/http/parts.ts'
import { followersMax } from '../../../../src/protocols/http/v1/changes.ts'
import { aDoor, aSmallWorld } from '../a-door.ts'

function aChange(seq: number, identifier: string, prefix = '88.118.8'): Change {
  return {
    seq,
    identifier,
    prefix,
    serial: 1,
    op: 'created',
    kind: 'product',
    at: '2026-11-23T06:00:00Z',
    keys: [],
  }
}

/** A feed in memory whose followers are woken by hand. */
function aFeed(initial: readonly Change[], oldest = 1) {
  const changes = [...initial]
  const waiting = new Set<() => void>()
  const feed: ChangeFeed = {
    read: async (after = oldest - 1, limit) => ({
      changes: changes.filter(({ seq }) => seq > after).slice(0, limit),
      oldest,
      newest: changes.at(-1)?.seq ?? oldest - 1,
    }),
    beyond: (after, signal) =>
      new Promise(resolve => {
        if (changes.some(({ seq }) => seq > after) || signal.aborted) return resolve()
        waiting.add(resolve)
        signal.addEventListener('abort', () => resolve())
      }),
  }
  return {
    feed,
    add(change: Change) {
      changes.push(change)
      for (const wake of waiting) wake()
      waiting.clear()
    },
  }
}

function aFeedDoor(t: Test, feed: ChangeFeed) {
  return aDoor(t, { ...aSmallWorld, parts: { changes: feed } })
}

const operator = { authorization: 'Bearer operator' }

t.test('changes are one line each, up to the present', async t => {
  const { feed } = aFeed([aChange(1, '88.118.8/a'), aChange(2, '88.118.8/b')])
  const { app } = aFeedDoor(t, feed)
  const read = async (query: string) =>
    (await app.inject({ url: `/v1/changes${query}`, headers: operator })).body

  t.equal(
    await read('?since=1'),
    '{"seq":2,"identifier":"88.118.8/b","serial":1,"op":"created","kind":"product","at":"2026-11-23T06:00:00Z"}\n',
  )
  t.equal((await read('')).split('\n').length, 3)
  t.equal((await read('?limit=1')).split('\n').length, 2)
  t.equal(await read('?since=2'), '')
})

t.test('many pages are one answer', async t => {
  const all = Array.from({ length: 1201 }, (_, i) => aChange(i + 1, `88.118.8/${i}`))
  const { app } = aFeedDoor(t, aFeed(all).feed)

  const { body } = await app.inject({ url: '/v1/changes', headers: operator })

  const seqs = body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).seq)
  t.strictSame(
    seqs,
    all.map(({ seq }) => seq),
  )
})

t.test('a cursor older than what is kept is 410 and names the oldest', async t => {
  const { app } = aFeedDoor(t, aFeed([aChange(8, '88.118.8/a')], 8).feed)
  const read = (query: string) => app.inject({ url: `/v1/changes${query}`, headers: operator })

  t.match((await read('?since=3')).json(), { status: 410, code: 'CURSOR_GONE', oldest: 8 })
  t.equal((await read('?since=7')).statusCode, 200)
  t.equal((await read('')).statusCode, 200)
})

t.test(
  'an answer says which numbers there are, so that a follower can begin behind an export',
  async t => {
    const { app } = aFeedDoor(
      t,
      aFeed([aChange(8, '88.118.8/a'), aChange(9, '88.118.8/b')], 8).feed,
    )

    const { headers } = await app.inject({ url: '/v1/changes?limit=1', headers: operator })

    t.match(headers, { 'x-qxm-oldest': '8', 'x-qxm-newest': '9' })
  },
)

t.test('one sees the prefixes one may list, and of these the ones asked for', async t => {
  const { feed } = aFeed([
    aChange(1, '88.118.8/a'),
    aChange(2, '88.118.7/b', '88.118.7'),
    { ...aChange(3, '0.NA/88.118.8'), kind: 'prefix' },
    { ...aChange(4, 'gs1:6901234', '6901234'), kind: 'prefix' },
    aChange(5, '88.118.1/1XJRACLXEEWEA9', '88.118.1'),
    aChange(6, 'only its own system reads this', '88.118.7'),
  ])
  const { app } = aFeedDoor(t, feed)
  const seqs = async (who: string, query = '') => {
    const { body } = await app.inject({
      url: `/v1/changes${query}`,
      headers: { authorization: `Bearer ${who}` },
    })
    return body
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line).seq)
  }

  t.strictSame(await seqs('operator'), [1, 2, 3, 4, 5, 6])
  t.strictSame(await seqs('owner'), [1, 3])
  t.strictSame(await seqs('other'), [2, 6])
  t.strictSame(await seqs('operator', '?prefix=88.118.8'), [1, 3])
  t.strictSame(await seqs('operator', '?prefix=gs1:6901234'), [4])
  t.strictSame(await seqs('operator', '?prefix=88.118.1'), [5])
  t.equal((await app.inject('/v1/changes')).statusCode, 401)
})

t.test('a follower gets what comes, and its heartbeat, until it leaves', async t => {
  const source = aFeed([aChange(1, '88.118.8/a')])
  const { app, clock } = aFeedDoor(t, source.feed)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const leave = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/v1/changes?follow=1`, {
    headers: operator,
    signal: leave.signal,
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const next = async () => (await reader.read()).value ?? ''

  t.match(await next(), '"seq":1')
  source.add(aChange(2, '88.118.8/b'))
  t.match(await next(), '"seq":2')
  await clock.advance(15_000)
  t.equal(await next(), '\n')

  leave.abort()
  await t.rejects(reader.read())
})

t.test('server-sent events carry their numbers and resume behind the last one', async t => {
  const source = aFeed([aChange(1, '88.118.8/a'), aChange(2, '88.118.8/b')])
  const { app } = aFeedDoor(t, source.feed)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const headers = { ...operator, accept: 'text/event-stream', 'last-event-id': '1' }
  const response = await fetch(`http://127.0.0.1:${port}/v1/changes`, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()

  let text = ''
  while (!text.includes('\n\nid: 2')) text += (await reader.read()).value

  t.match(response.headers.get('content-type'), 'text/event-stream')
  t.notOk(text.includes('id: 1\n'))
  t.match(text, /id: 2\ndata: \{"seq":2,.*\}\n\n/)
  const closing = app.close()
  let ended = false
  while (!ended) ended = (await reader.read()).done
  await closing
  t.pass('the end of the node is the end of the stream')
})

t.test('a last event id that is no number is refused', async t => {
  const { app } = aFeedDoor(t, aFeed([]).feed)
  const answer = await app.inject({
    url: '/v1/changes',
    headers: { ...operator, 'last-event-id': 'x' },
  })

  t.equal(answer.statusCode, 400)
})

t.test('streams are bounded, and one that ends makes room', async t => {
  const { app } = aFeedDoor(t, aFeed([]).feed)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const follow = (signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}/v1/changes`, {
      headers: { ...operator, accept: 'text/event-stream' },
      ...(signal === undefined ? {} : { signal }),
    })
  const leave = new AbortController()
  await Promise.all(Array.from({ length: followersMax }, () => follow(leave.signal)))

  t.equal((await follow()).status, 429)
  leave.abort()
  let status = 429
  for (let tries = 0; status === 429 && tries < 50; tries++) {
    await new Promise(resolve => setTimeout(resolve, 20))
    status = (await follow()).status
  }
  t.equal(status, 200)
})
