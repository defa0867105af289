import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { HandleParts } from '../../../../src/protocols/handle/parts.ts'
import { makeAskHandle } from '../../../../src/protocols/handle/question.ts'
import {
  type HandleHttpParts,
  makeHandleHttp,
} from '../../../../src/protocols/http/handle-rest/handle-http.ts'
import { makeKeptHandles } from '../../../../src/protocols/http/handle-rest/kept-handles.ts'
import { makeResolveLimits } from '../../../../src/protocols/http/limits.ts'
import type { HttpParts } from '../../../../src/protocols/http/parts.ts'
import { AnswerArena } from '../../../../src/resolver/answer-arena.ts'
import { aGate } from '../../../resolver/a-resolver.ts'
import { aRecord, aValue } from '../../../support/builders.ts'
import { aRandom } from '../../../support/random.ts'
import { settings } from '../../handle/a-handle-door.ts'
import { aDoor, aSmallWorld, type DoorWorld, publicUrl } from '../a-door.ts'
import { aConversation } from './raw-requests.ts'

/** A door with the strict reader in front, and how many answers that one gave from its own memory. */
async function aStrictDoor(t: Test, world: DoorWorld = {}) {
  const arena = new AnswerArena({ bytesMax: 1 << 20, entriesMax: 1000 }, () => 7)
  const hits = { count: 0 }
  const onHit = (count: number) => {
    hits.count += count
  }
  const strictMemory = { arena, onHit }
  const door = await aDoorThatListens(t, { ...world, parts: { ...world.parts, strictMemory } })
  return { ...door, arena, hits }
}

/** Handle's REST API before the same resolver, without anything that writes or proves. */
function withHandles({
  resolver,
  names,
  rates,
  isForged,
  clock,
  log,
  limits,
}: HttpParts): Partial<HttpParts> {
  const handleLimits = makeResolveLimits({ rates, isForged, clock }, 1)
  const handleParts = { resolver, names, limits: handleLimits, settings } as unknown as HandleParts
  const kept = makeKeptHandles({ resolver, names, limits: handleLimits })
  const nothing = new Proxy({} as never, {
    get() {
      throw new Error('nothing of it is here')
    },
  })
  const makeHttp = (onAnswered: HandleHttpParts['onAnswered']) =>
    makeHandleHttp({
      desk: nothing,
      ask: makeAskHandle(handleParts, { mayReadAll: async () => false }),
      prover: nothing,
      site: () => ({ sites: [] }),
      settings: { jsonp: true, plainCredentials: false, legacyDigests: false },
      addressOf: ({ socket }) => socket.remoteAddress ?? '',
      isSecure: () => false,
      corsOrigins: () => ['*'],
      publicUrl: () => publicUrl,
      bodyBytesMax: limits.bodyBytesMax,
      urlBytesMax: limits.urlBytesMax,
      random: size => Buffer.alloc(size),
      draw: () => 0,
      clock,
      log,
      tunnel: { isTunnelled: () => false, answer: async () => 200 },
      kept,
      onAnswered,
    })
  return { makeHandleHttp: makeHttp, keptHandles: kept }
}

async function aDoorThatListens(t: Test, world: DoorWorld = {}) {
  const door = aDoor(t, {
    ...aSmallWorld,
    rates: { resolve: 1_000_000 },
    more: withHandles,
    mayHave: key => key.endsWith('/abc-1') || !key.startsWith('88.118.8/'),
    ...world,
  })
  await door.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = door.app.server.address() as { port: number }
  return { ...door, port }
}

/** Long enough for what was sent to be answered, and for one piece not to overtake another. */
const quietMs = 150
const pauseMs = 3

const interim = 'HTTP/1.1 100 Continue\r\n\r\n'

/**
 * Sends the pieces and reads until the other side closes, or waits for more. The clock on the wall is not compared, nor where
 * between answers that wait for each other node writes that a body may come: only how often.
 */
async function talk(port: number, pieces: readonly (Buffer | string)[]): Promise<string> {
  const received = (await converse(port, pieces)).split(interim)
  return (received.join('') + interim.repeat(received.length - 1))
    .replace(/^(date): [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/gim, '$1: *')
    .replace(/"instance":"[^"]*"|^x-request-id: .*$/gim, '*')
}

async function converse(port: number, pieces: readonly (Buffer | string)[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const received: Buffer[] = []
  socket.on('data', data => received.push(data))
  socket.on('error', () => undefined)
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('timeout', () => socket.end())
  for (const piece of pieces) {
    if (!socket.writable) break
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
  // From here on, however long this machine took to send it.
  socket.setTimeout(quietMs)
  await closed
  return Buffer.concat(received).toString('latin1')
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

/** As {@link talk}, with all that is not chance. */
async function said(port: number, request: string): Promise<string> {
  const answer = await converse(port, [request, last])
  return answer.replace(/^(date|x-request-id): .*$/gim, '$1: *')
}

/** What comes until the door ends the connection. */
async function untilClosed(port: number, begun: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  const received: Buffer[] = []
  socket.on('data', data => received.push(data))
  socket.on('error', () => undefined)
  socket.write(begun)
  await once(socket, 'close')
  return Buffer.concat(received).toString('latin1')
}

t.test('what a label opens and the values of a handle are given in their own form', async t => {
  const strict = await aStrictDoor(t)
  const ordinary = await aDoorThatListens(t)
  for (const path of [
    '/r/88.118.8/ABC-1',
    '/r/88.118.8%2Fabc-1',
    '/C/88.118.8/ABC-1',
    '/C/88.118.8/%61bc-1',
    '/api/handles/88.118.8/ABC-1',
    '/api/handles/88.118.8%2Fabc-1',
  ]) {
    for (const accept of ['', 'Accept: application/x-protobuf\r\n']) {
      for (const port of [strict.port, strict.port, ordinary.port])
        await said(port, get(path, accept))
      const before = strict.hits.count

      const answer = await said(strict.port, get(path, accept))

      t.equal(answer, await said(ordinary.port, get(path, accept)), path)
      t.match(answer, /^HTTP\/1\.1 200 OK/)
      t.equal(strict.hits.count, before + 1)
    }
  }
  // A parameter takes it the long way, and says nothing to this API.
  const [handle, long] = await Promise.all([
    said(ordinary.port, get('/api/handles/88.118.8/ABC-1')),
    said(ordinary.port, get('/api/handles/88.118.8/ABC-1?x=y')),
  ])

  t.equal(handle, long)
})

t.test('a handle that is not there is refused in the words of its API', async t => {
  const strict = await aStrictDoor(t)
  const ordinary = await aDoorThatListens(t)
  const handles = ['88.118.8/none', '88.118.8%2F%E9%98%80', '88.118.8/%22%01', '0', '99.1/foreign']
  for (const handle of handles) {
    const question = get(`/api/handles/${handle}`)

    const answer = await said(strict.port, question + question)

    t.equal(answer, await said(ordinary.port, question + question), handle)
  }
  const question = get('/api/handles/88.118.8/none')
  for (let i = 0; i < 2; i++) await said(strict.port, get(product))
  const before = strict.hits.count

  await said(strict.port, question + get(product))

  t.equal(strict.hits.count, before + 1, 'the connection stays')
})

t.test('a page that a label opens is the ordinary server’s', async t => {
  const { port, hits } = await aStrictDoor(t)
  for (let i = 0; i < 2; i++) await said(port, get('/r/88.118.8/ABC-1'))
  const before = hits.count

  const page = await said(port, get('/r/88.118.8/ABC-1', 'Accept: text/html\r\n'))

  t.match(page, /content-type: text\/html/)
  t.equal(hits.count, before)
})

t.test('a name asked for here alone is loaded anew before its end', async t => {
  const { port, house, clock, hits } = await aStrictDoor(t)
  const find = house.find
  let loads = 0
  house.find = async key => {
    loads += 1
    return find(key)
  }
  const ageOf = async () => /^age: (\d+)/im.exec(await said(port, get(product)))?.[1]
  for (let i = 0; i < 3; i++) await ageOf()
  const hitsBefore = hits.count

  await clock.advance(270_000)
  const near = [await ageOf(), await ageOf()]
  const hitsNear = hits.count - hitsBefore
  await clock.advance(30_000)
  const after = await ageOf()

  t.strictSame(near, ['270', '270'])
  t.equal(hitsNear, 1, 'one of them was let past, to say that the name is asked for')
  t.equal(after, '30')
  t.equal(loads, 2)
})

t.test('what is unknown is refused as the framework refuses it, byte for byte', async t => {
  for (const rates of [{ resolve: 1_000_000 }, { resolve: 0 }]) {
    const strict = await aStrictDoor(t, { rates })
    const ordinary = await aDoorThatListens(t, { rates })
    const loads = { count: 0 }
    const find = strict.house.find
    strict.house.find = async key => {
      loads.count += 1
      return find(key)
    }
    const paths = [
      '/v1/resolve/88.118.8/none',
      "/v1/resolve/88.118.8/-._~!$&'()*+,;=:@",
      '/v1/resolve/88.118.8%2F%E9%98%80',
      '/v1/resolve/99.1/foreign',
      '/r/88.118.8/none',
      '/r/99.1/foreign',
      '/C/88.118.8/none',
    ]
    const languages = ['', 'Accept-Language: en\r\n', 'Accept-Language: zh-CN, en;q=0.9\r\n']
    const asked = paths.flatMap(path => languages.map(language => ({ path, language })))
    await Promise.all(
      asked.map(async ({ path, language }) => {
        const [strictly, early, late] = await Promise.all([
          said(strict.port, get(path, language)),
          said(ordinary.port, get(path, language)),
          // What may say that it asks past the caches is the framework's.
          said(ordinary.port, get(path, `${language}Pragma: x\r\n`)),
        ])

        t.match(strictly, /^HTTP\/1\.1 404 Not Found\r\nvary/)
        t.equal(strictly, early, `before the framework, ${path}`)
        t.equal(strictly, late, `by the framework, ${path}`)
      }),
    )
    t.equal(loads.count, 0)
  }
})

t.test(
  'what turns out to be unknown is refused in the same words, and the next question too',
  async t => {
    const strict = await aStrictDoor(t, { mayHave: () => true })
    const ordinary = await aDoorThatListens(t)
    for (const { port } of [strict, ordinary]) await said(port, get(product))
    const questions = ['none', 'ABC-1', 'none', 'never', 'ABC-1'].map(each =>
      get(`/v1/resolve/88.118.8/${each}`),
    )

    const answer = await said(strict.port, questions.join(''))

    t.equal(answer, await said(ordinary.port, questions.join('')))
    t.equal(strict.hits.count, 1, 'the second answer; the first was brought into the arena')
  },
)

t.test('who asks for too many unknown names is refused, whichever way they come', async t => {
  const { port } = await aStrictDoor(t, { rates: { resolve: 1_000_000, unknown: 4 } })
  const names = Array.from({ length: 6 }, (_, i) => get(`/v1/resolve/88.118.8/n${i}`))

  const answer = await said(port, names.join(''))
  const known = await said(port, get(product))

  t.strictSame(answer.match(/HTTP\/1\.1 \d+/g), [
    ...Array(4).fill('HTTP/1.1 404'),
    ...Array(2).fill('HTTP/1.1 429'),
    'HTTP/1.1 200',
  ])
  t.match(known, /^HTTP\/1\.1 429/, 'what is not in memory would have to be looked up')
})

t.test('each path is counted as what it is', async t => {
  const { port, parts } = await aStrictDoor(t)
  for (const path of [product, '/r/88.118.8/ABC-1', '/api/handles/88.118.8/ABC-1']) {
    await said(port, get(path) + get(path) + get('/v1/resolve/88.118.8/none'))
  }

  const metrics = await parts.registry.metrics()

  t.match(metrics, 'qxm_http_requests_total{route="/v1/resolve/*",status="200"} 2')
  t.match(metrics, 'qxm_http_requests_total{route="/v1/resolve/*",status="404"} 3')
  t.match(metrics, 'qxm_http_requests_total{route="/r/*",status="200"} 2')
  t.match(metrics, 'qxm_http_requests_total{route="/api/*",status="200"} 2')
  t.match(metrics, 'qxm_http_request_seconds_count{route="/v1/resolve/*"} 5')
  t.match(metrics, 'qxm_http_request_seconds_bucket{le="+Inf",route="/r/*"} 2')
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

t.test('what comes while a question is being asked is answered behind it', async t => {
  const { app, house, port } = await aStrictDoor(t, { mayHave: () => true })
  await talk(port, [get(product), last])
  const find = house.find
  const [asked, mayBeFound] = [aGate(), aGate()]
  house.find = async key => {
    asked.open()
    await mayBeFound.gate
    return find(key)
  }
  app.server.prependListener('connection', saysThatItIsFull)
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const received: Buffer[] = []
  socket.on('data', data => received.push(data))

  socket.write(get(product) + get('/v1/resolve/88.118.8/none'))
  await asked.gate
  socket.write(get(product) + last)
  await new Promise(resolve => setTimeout(resolve, quietMs))
  mayBeFound.open()
  await once(socket, 'close')

  const statuses = Buffer.concat(received)
    .toString('latin1')
    .match(/HTTP\/1\.1 \d+/g)
  t.strictSame(statuses, ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200', 'HTTP/1.1 200'])
})

/** As one whose other end reads slowly: each write fills it, and a turn later it is empty again. */
function saysThatItIsFull(socket: Socket): void {
  const write = socket.write.bind(socket)
  socket.write = ((...written: Parameters<typeof write>) => {
    write(...written)
    setImmediate(() => socket.emit('drain'))
    return false
  }) as Socket['write']
}

const batchPath = '/v1/resolve:batch'

function batch(identifiers: readonly string[], headers = ''): string {
  const body = JSON.stringify({ identifiers })
  const length = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  const bytes = Buffer.from(body).toString('latin1')
  return `POST ${batchPath} HTTP/1.1\r\nHost: x\r\n${headers}${length}\r\n\r\n${bytes}`
}

t.test('a batch is put together as the ordinary server does, byte for byte', async t => {
  for (const rates of [{ resolve: 1_000_000 }, { resolve: 0 }]) {
    const strict = await aStrictDoor(t, { rates })
    const ordinary = await aDoorThatListens(t, { rates })
    const known = ['88.118.8/ABC-1', '88.118.8/abc-1', 'hdl:88.118.8/ABC-1']
    const many = Array.from({ length: 90 }, (_, i) => known[i % 3] ?? '')
    for (const accept of ['', 'Accept: application/x-protobuf\r\n']) {
      for (const asked of [known.slice(0, 1), known, many]) {
        for (const port of [strict.port, ordinary.port]) await said(port, batch(asked, accept))
        await said(strict.port, batch(asked, accept))
        const before = strict.hits.count

        const answer = await said(strict.port, batch(asked, accept) + batch(asked, accept))

        t.match(answer, /^HTTP\/1\.1 200 OK\r\nvary: Accept/)
        t.equal(answer, await said(ordinary.port, batch(asked, accept) + batch(asked, accept)))
        t.equal(strict.hits.count, before + 2 * asked.length)
      }
    }
  }
})

t.test('what of a batch is not in memory is asked for, and the connection stays', async t => {
  const strict = await aStrictDoor(t)
  const ordinary = await aDoorThatListens(t)
  const mixed = ['88.118.8/none', '88.118.8/ABC-1', '阀门', '88.118.9/x', 'a"b', '88.118.8%2FABC-1']
  const questions = ['', 'Accept-Language: en\r\n'].map(language => batch(mixed, language))

  const answer = await said(strict.port, questions.join('') + get(product) + get(product))

  t.equal(answer, await said(ordinary.port, questions.join('') + get(product) + get(product)))
  t.equal(strict.hits.count, 1, 'the second product; the first was brought into the arena')
})

t.test('a batch whose body comes by itself is answered when it has come', async t => {
  const { port, hits } = await aStrictDoor(t)
  const whole = batch(['88.118.8/ABC-1'])
  await talk(port, [whole + whole])
  const before = hits.count
  const cut = whole.indexOf('{')

  const halves = await talk(port, [whole.slice(0, cut), whole.slice(cut)])
  const thirds = await talk(port, [whole.slice(0, cut), whole.slice(cut, -9), whole.slice(-9)])

  t.match(halves, /^HTTP\/1\.1 200 OK\r\nvary/)
  t.match(thirds, /^HTTP\/1\.1 200 OK\r\nvary/)
  t.equal(hits.count, before + 1, 'the second piece of a body is the ordinary server’s to wait for')
})

t.test('who never sends the body of a batch is told 408, first or behind an answer', async t => {
  // What a kept connection may do, asking nothing, is no measure for who has begun to ask.
  const never = 3_600_000
  const { port } = await aStrictDoor(t, {
    limits: {
      headersTimeoutMs: 200,
      bodyTimeoutMs: 200,
      keepAliveTimeoutMs: never,
      idleTimeoutMs: never,
    },
  })
  const whole = batch(['88.118.8/ABC-1'])
  const head = whole.slice(0, whole.indexOf('{'))

  const answers = await Promise.all(
    [head, `${head}{"identi`, get(product) + head].map(begun => untilClosed(port, begun)),
  )

  for (const answer of answers) t.match(answer, /HTTP\/1\.1 408 Request Timeout\r\n/)
})

t.test('a batch counts as what it asks, whichever way it comes', async t => {
  const { port, parts } = await aStrictDoor(t, { rates: { resolve: 6 } })
  const three = batch(Array(3).fill('88.118.8/ABC-1'))

  const answer = await said(port, three + three + three)

  t.strictSame(answer.match(/HTTP\/1\.1 \d+/g)?.slice(0, 3), [
    'HTTP/1.1 200',
    'HTTP/1.1 200',
    'HTTP/1.1 429',
  ])
  t.match(
    await parts.registry.metrics(),
    'qxm_http_requests_total{route="/v1/resolve::batch",status="200"} 2',
  )
})

t.test('who has too much to do looks nothing up', async t => {
  let why: string | undefined
  const { port } = await aStrictDoor(t, { parts: { pressure: () => why } })
  await said(port, get(product) + get(product))
  why = 'memory'

  const known = await said(port, get(product) + batch(['88.118.8/ABC-1']))
  const unknown = await said(port, get('/v1/resolve/88.118.9/x') + batch(['88.118.9/x']))

  t.strictSame(known.match(/HTTP\/1\.1 \d+/g)?.slice(0, 2), Array(2).fill('HTTP/1.1 200'))
  t.strictSame(unknown.match(/HTTP\/1\.1 \d+/g)?.slice(0, 2), Array(2).fill('HTTP/1.1 503'))
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
  t.match(await talk(port, [batch(['88.118.8/ABC-1'])]), /connection: close/i)
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
  const data = { format: 'string', value: 'x'.repeat(4000) } as const
  const values = Array.from({ length: 40 }, (_, i) => aValue({ index: i + 1, type: 'DESC', data }))
  const { port } = await aStrictDoor(t, {
    records: [aRecord({ identifier: '88.118.8/ABC-1', values })],
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

t.test(
  'what a slow reader has not read yet is not written over by the answers to others',
  async t => {
    const long = (letter: string) =>
      aValue({ type: 'DESC', data: { format: 'string', value: letter.repeat(1_500) } })
    const { port } = await aStrictDoor(t, {
      records: [
        aRecord({ identifier: '88.118.8/ABC-1', values: [long('x')] }),
        aRecord({ identifier: '88.118.8/ABC-2', values: [long('y')] }),
      ],
      mayHave: () => true,
    })
    const other = '/v1/resolve/88.118.8/ABC-2'
    for (let i = 0; i < 2; i++) await said(port, get(product) + get(other))
    const answer = (await said(port, get(product))).split('HTTP/1.1 200 OK')[1] ?? ''
    const slow = connect(port, '127.0.0.1')
    const received: Buffer[] = []
    slow.pause()
    slow.on('data', data => received.push(data))
    await once(slow, 'connect')

    // More than the kernel takes for it, so that the rest is still in the room when others are answered.
    const asked = 12_000
    for (let i = 0; i < asked; i += 100) {
      slow.write(get(product).repeat(100))
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
    for (let i = 0; i < 3; i++) await said(port, get(other).repeat(100))
    slow.setTimeout(quietMs * 4, () => slow.destroy())
    slow.resume()
    await once(slow, 'close')

    const bodies = Buffer.concat(received).toString('latin1').split('HTTP/1.1 200 OK').slice(1)
    t.equal(bodies.length, asked)
    const body = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}'))
    t.ok(body.length > 1_500)
    t.equal(bodies.filter(each => !each.includes(body)).length, 0)
  },
)

t.test('whatever is sent ends as without the strict reader', async t => {
  const count = Number(process.env['QXM_TEST_CONVERSATIONS'] ?? 500)
  const first = Number(process.env['QXM_TEST_SEED'] ?? 0)
  const strict = await aStrictDoor(t)
  const ordinary = await aDoorThatListens(t)
  for (const { port } of [strict, ordinary]) {
    for (const path of [
      ...[product, '/v1/resolve/88.118.8%2FABC-1', '/v1/resolve/88.118.8/abc-1'],
      ...['/api/handles/88.118.8/ABC-1', '/r/88.118.8/ABC-1'],
    ]) {
      await talk(port, [get(path), last])
    }
  }
  const different: string[] = []
  let earlierCount = 0

  await inLanes(32, count, async number => {
    const seed = first + number
    const pieces = aConversation(aRandom(seed))
    if (different.length > 2) return
    const compared = await compare(strict.port, ordinary.port, pieces)
    if (compared === 'refused earlier') earlierCount += 1
    else if (compared !== 'alike') different.push(`seed ${seed}: ${compared}`)
  })

  t.same(different, [])
  t.ok(
    earlierCount <= count / 30,
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
 * how many answers come before a refusal is chance there, most often with a batch before it, and seldom whether one comes
 * behind the last of all answers. All else is the same bytes in the same order.
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
