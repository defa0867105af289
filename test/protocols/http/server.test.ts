import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { Failure } from '../../../src/model/failures.ts'
import type { HttpParts } from '../../../src/protocols/http/parts.ts'
import { aGate } from '../../resolver/a-resolver.ts'
import { aDoor, aSmallWorld, type DoorWorld } from './a-door.ts'

/** Sends raw bytes and reads until the other side closes or `until` is read. */
async function talk(port: number, pieces: readonly string[], until?: RegExp): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let read = ''
  socket.on('data', data => {
    read += data
    if (until?.test(read)) socket.destroy()
  })
  socket.on('error', () => undefined)
  for (const piece of pieces) socket.write(piece)
  await once(socket, 'close')
  return read
}

async function aPort(t: Test, world: DoorWorld = {}): Promise<number> {
  const { app } = aDoor(t, { ...aSmallWorld, ...world })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as { port: number }).port
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`

t.test('headers above 16 KB are 431 and the socket is closed', async t => {
  const port = await aPort(t)
  const answer = await talk(port, [get('/livez', `X: ${'y'.repeat(17_000)}\r\n`)])

  t.match(answer, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
  t.match(answer, 'Content-Type: application/problem+json')
  t.match(answer, '"code":"HEADERS_TOO_LARGE"')
})

t.test('what is no HTTP is 400 and the socket is closed', async t => {
  const port = await aPort(t)
  const nonsense = [
    'nonsense\r\n\r\n',
    get('/livez', 'Content-Length: 5\r\nContent-Length: 6\r\n'),
    get('/livez', 'Transfer-Encoding: chunked\r\nContent-Length: 6\r\n'),
    'GET /livez HTTP/1.1\r\n\r\n',
    get('/livez', 'Bad Name: x\r\n'),
  ]
  for (const request of nonsense) {
    t.match(await talk(port, [request]), /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(request))
  }
})

t.test('slow headers and slow bodies are 408', async t => {
  const port = await aPort(t, { limits: { headersTimeoutMs: 200, bodyTimeoutMs: 400 } })
  const [headers, body] = await Promise.all([
    talk(port, ['GET /livez HTTP/1.1\r\nHost: x\r\nX: ']),
    talk(port, [
      'POST /v1/resolve:batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ]),
  ])

  t.match(headers, /^HTTP\/1\.1 408 Request Timeout\r\n/)
  t.match(body, /^HTTP\/1\.1 408 Request Timeout\r\n/)
})

t.test('a file of rows may come slower than other bodies', async t => {
  let received = ''
  const jobs = {
    async receive({ body }: { readonly body: AsyncIterable<Buffer> }) {
      for await (const chunk of body) received += chunk
      throw new Failure('STATE_CONFLICT')
    },
  } as unknown as HttpParts['jobs']
  const port = await aPort(t, {
    limits: { headersTimeoutMs: 200, bodyTimeoutMs: 200 },
    parts: { jobs },
  })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')

  socket.write(
    'POST /v1/jobs?into=identifiers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator\r\n' +
      'Content-Type: text/csv\r\nContent-Length: 8\r\nConnection: close\r\n\r\nrow1',
  )
  // Time limits are looked at once a second.
  await new Promise(resolve => setTimeout(resolve, 2_500))
  socket.write('row2')
  const [answer] = await once(socket, 'data')

  t.equal(received, 'row1row2')
  t.match(String(answer), /^HTTP\/1\.1 409 /)
  socket.destroy()
})

t.test('a socket on which nothing moves is closed', async t => {
  const port = await aPort(t, { limits: { idleTimeoutMs: 200 } })

  t.equal(await talk(port, []), '')
})

t.test('a body that says it is too long is 413 before it is read', async t => {
  const port = await aPort(t)
  const answer = await talk(
    port,
    [
      'POST /v1/resolve:batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{',
    ],
    /TOO_LARGE/,
  )

  t.match(answer, /^HTTP\/1\.1 413 /)
  t.match(answer, /connection: close/i)
})

t.test('a body without a length is 413 once it is too long', async t => {
  const port = await aPort(t, { limits: { bodyBytesMax: 65_536 } })
  const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
  const answer = await talk(
    port,
    [
      'POST /v1/resolve:batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      ...Array(6).fill(chunk),
    ],
    /TOO_LARGE/,
  )

  t.match(answer, /^HTTP\/1\.1 413 /)
})

t.test('several questions on one socket are answered in order', async t => {
  const port = await aPort(t)
  const answer = await talk(port, [
    get('/v1/resolve/88.118.8/ABC-1') +
      get('/v1/resolve/88.118.8/none') +
      get('/v1/resolve/88.118.8/ABC-1', 'Connection: close\r\n'),
  ])

  t.strictSame(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200'])
})

t.test('other than ASCII must be encoded in a path', async t => {
  const port = await aPort(t)

  t.match(await talk(port, [get('/v1/resolve/88.118.8/阀门')]), /^HTTP\/1\.1 400 /)
})

t.test('a door that closes answers what is under way, and then the socket ends', async t => {
  const { app, house } = aDoor(t, aSmallWorld)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const { gate, open } = aGate()
  const { find } = house
  house.find = async key => {
    await gate
    return find(key)
  }
  const answer = talk(port, [get('/v1/resolve/88.118.8/ABC-1?type=URL')])
  await new Promise(resolve => setTimeout(resolve, 50))

  const closed = app.close()
  await new Promise(resolve => setTimeout(resolve, 50))
  open()

  t.match(await answer, /^HTTP\/1\.1 200 /)
  t.match(await answer, /connection: close/i)
  await closed
})
