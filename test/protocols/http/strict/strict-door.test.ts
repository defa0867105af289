import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { AnswerArena } from '../../../../src/resolver/answer-arena.ts'
import { aRecord } from '../../../support/builders.ts'
import { aDoor, aSmallWorld, type DoorWorld } from '../a-door.ts'
import { aConversation, aRandom } from './raw-requests.ts'

/** A door with the strict reader in front, and how many answers that one gave from its own memory. */
async function aStrictDoor(t: Test, world: DoorWorld = {}) {
  const arena = new AnswerArena({ bytesMax: 1 << 20, entriesMax: 1000 }, () => 7)
  const hits = { count: 0 }
  const onHit = () => {
    hits.count += 1
  }
  const strictMemory = { arena, onHit }
  const door = await aDoorThatListens(t, { ...world, parts: { ...world.parts, strictMemory } })
  return { ...door, arena, hits }
}

async function aDoorThatListens(t: Test, world: DoorWorld = {}) {
  const door = aDoor(t, { ...aSmallWorld, rates: { resolve: 1_000_000 }, ...world })
  await door.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = door.app.server.address() as { port: number }
  return { ...door, port }
}

/** Long enough for what was sent to be answered, and for one piece not to overtake another. */
const quietMs = 150
const pauseMs = 3

/** Sends the pieces and reads until the other side closes, or waits for more. The clock on the wall is not compared. */
async function talk(port: number, pieces: readonly (Buffer | string)[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const received: Buffer[] = []
  socket.on('data', data => received.push(data))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.setTimeout(quietMs, () => socket.end())
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
  await closed
  return Buffer.concat(received)
    .toString('latin1')
    .replace(/^(date): [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/gim, '$1: *')
    .replace(/"instance":"[^"]*"|^x-request-id: .*$/gim, '*')
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`
const last = get('/livez', 'Connection: close\r\n')
const product = '/v1/resolve/88.118.8/ABC-1'

t.test('an answer in memory is given, byte for byte as the ordinary server gives it', async t => {
  const strict = await aStrictDoor(t)
  const ordinary = await aDoorThatListens(t)
  for (const accept of ['', 'Accept: application/x-protobuf\r\n']) {
    const conversation = [get(product, accept), get(product, accept) + get(product, accept), last]
    await talk(ordinary.port, conversation)
    await talk(strict.port, conversation)

    t.equal(await talk(strict.port, conversation), await talk(ordinary.port, conversation))
  }

  // Of six answers in JSON the first was asked of the store and the second brought into the arena; of six others the first.
  t.equal(strict.hits.count, 9)
})

t.test('answers to one read come in one order, whoever gives them', async t => {
  const { port } = await aStrictDoor(t)
  await talk(port, [get(product), last])

  const answer = await talk(port, [
    get(product) + get('/v1/resolve/88.118.8/none') + get(product) + last,
  ])

  t.strictSame(answer.match(/HTTP\/1\.1 \d+/g), [
    'HTTP/1.1 200',
    'HTTP/1.1 404',
    'HTTP/1.1 200',
    'HTTP/1.1 200',
  ])
})

t.test('a question cut in two is answered when its other half has come', async t => {
  const { port, hits } = await aStrictDoor(t)
  await talk(port, [get(product), last])
  const whole = get(product)

  const answer = await talk(port, [whole + whole.slice(0, 30), whole.slice(30) + whole, last])

  t.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 4)
  t.equal(hits.count, 2)
})

t.test('what changed is not answered from before', async t => {
  const { port, arena, house, parts } = await aStrictDoor(t)
  await talk(port, [get(product), last])
  await talk(port, [get(product), last])
  const record = aRecord({ identifier: '88.118.8/ABC-1', serial: 2 })
  house.records.set(record.key, record)

  arena.forget([record.key])
  parts.resolver.peek(parts.names.parse('88.118.8/ABC-1'))
  house.onWritten([record.key])

  t.match(await talk(port, [get(product), last]), '"serial":2')
  t.match(await talk(port, [get(product), last]), '"serial":2')
})

t.test('the limit of an address holds for both ways together', async t => {
  const { port } = await aStrictDoor(t, { rates: { resolve: 4 } })
  await talk(port, [get(product), last])

  const answer = await talk(port, [get(product).repeat(5) + last])

  t.match(answer, /HTTP\/1\.1 429/)
  t.equal(
    answer.match(
      /HTTP\/1\.1 200 OK\r\nContent-Type: application\/json; charset=utf-8\r\nCache-Control: public/g,
    )?.length,
    3,
  )
})

t.test('a node that is about to end tells so', async t => {
  let isStopping = false
  const { port } = await aStrictDoor(t, { parts: { isStopping: () => isStopping } })
  await talk(port, [get(product), last])
  isStopping = true

  t.match(await talk(port, [get(product)]), /connection: close/i)
})

t.test('a connection that is kept and asks nothing ends', async t => {
  const { port } = await aStrictDoor(t, {
    limits: { keepAliveTimeoutMs: 1000, idleTimeoutMs: 50 },
  })
  await talk(port, [get(product), last])

  t.match(await talk(port, [get(product)]), /^HTTP\/1\.1 200/)
})

t.test('a door that closes ends connections that ask nothing', async t => {
  const { port, app } = await aStrictDoor(t)
  await talk(port, [get(product), last])
  const answer = talk(port, [get(product)])
  await new Promise(resolve => setTimeout(resolve, 50))

  await app.close()

  t.match(await answer, /^HTTP\/1\.1 200/)
})

t.test('a reader that does not read holds no more than one write', async t => {
  const values = Array.from({ length: 40 }, (_, i) => ({
    index: i + 1,
    type: 'DESC',
    data: { format: 'string' as const, value: 'x'.repeat(4000) },
  }))
  const { port } = await aStrictDoor(t, {
    records: [aRecord({ identifier: '88.118.8/ABC-1', values: values as never })],
  })
  await talk(port, [get(product), last])
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  const before = process.memoryUsage().rss

  for (let i = 0; i < 200; i++) socket.write(get(product).repeat(20))
  await new Promise(resolve => setTimeout(resolve, 300))

  t.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
  socket.destroy()
})

t.test('whatever is sent ends as without the strict reader', async t => {
  const count = Number(process.env['QXM_TEST_CONVERSATIONS'] ?? 500)
  const strict = await aStrictDoor(t)
  const ordinary = await aDoorThatListens(t)
  for (const { port } of [strict, ordinary]) {
    for (const path of [product, '/v1/resolve/88.118.8%2FABC-1', '/v1/resolve/88.118.8/abc-1']) {
      await talk(port, [get(path), last])
    }
  }
  const different: string[] = []
  let earlierCount = 0

  await inLanes(32, count, async seed => {
    const pieces = aConversation(aRandom(seed))
    if (different.length > 2) return
    const compared = await compare(strict.port, ordinary.port, pieces)
    if (compared === 'refused earlier') earlierCount += 1
    else if (compared !== 'alike') different.push(`seed ${seed}: ${compared}`)
  })

  t.same(different, [])
  t.ok(
    earlierCount <= count / 100,
    `${earlierCount} of ${count} were refused earlier by one of them`,
  )
  t.ok(strict.hits.count > count / 4, `${strict.hits.count} answers from the strict reader`)
})

async function inLanes(
  laneCount: number,
  count: number,
  run: (number: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: laneCount }, async (_, lane) => {
      for (let number = lane; number < count; number += laneCount) await run(number)
    }),
  )
}

/**
 * What has no form at all the ordinary server refuses at once, before or after what was asked earlier has been answered:
 * how many answers come before a refusal is chance there, and seldom whether one comes behind the last of all answers. All
 * else is the same bytes in the same order.
 */
async function compare(
  strictPort: number,
  ordinaryPort: number,
  pieces: readonly Buffer[],
): Promise<string> {
  const said: unknown[] = []
  for (let attempt = 0; attempt < 5; attempt++) {
    const strict = splitRefusal(await talk(strictPort, pieces))
    const ordinary = splitRefusal(await talk(ordinaryPort, pieces))
    const isRefused = strict.refusal !== '' || ordinary.refusal !== ''
    const isPrefix =
      strict.answers.startsWith(ordinary.answers) || ordinary.answers.startsWith(strict.answers)
    if (strict.refusal === ordinary.refusal) {
      if (isRefused ? isPrefix : strict.answers === ordinary.answers) return 'alike'
    } else if (attempt === 4 && isPrefix) return 'refused earlier'
    said.push({ strict, ordinary })
  }
  return JSON.stringify({ sent: pieces.map(piece => piece.toString('latin1')), said })
}

function splitRefusal(received: string): { answers: string; refusal: string } {
  const at = received.search(
    /HTTP\/1\.1 (400|408|431) [A-Za-z ]+\r\nContent-Type: application\/problem\+json\r\nContent-Language: zh\r\n/,
  )
  return at < 0
    ? { answers: received, refusal: '' }
    : { answers: received.slice(0, at), refusal: received.slice(at) }
}
