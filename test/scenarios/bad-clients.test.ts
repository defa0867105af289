import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { aNodeProcess, type NodeProcess } from '../support/process.ts'
import { aDataFolder } from '../support/store.ts'

const canary = join(dirname(fileURLToPath(import.meta.url)), '..', 'support', 'canary.js')
/** By hand `QXM_TEST_SOCKETS=10000`. */
const idleSockets = Number(process.env['QXM_TEST_SOCKETS'] ?? 1_000)

t.test('whatever bad clients send, a good one is answered, and nothing is polluted', async t => {
  const node = await aNodeProcess(t, {
    folder: await aDataFolder(t),
    argv: ['--demo'],
    env: {
      NODE_OPTIONS: `--import=${canary}`,
      QXM_HTTP_HEADERS_TIMEOUT_MS: '1000',
      QXM_HTTP_BODY_TIMEOUT_MS: '2000',
      QXM_HTTP_IDLE_TIMEOUT_MS: '4000',
    },
  })

  await t.test('slow headers are cut off', async t => {
    const socket = await send(
      node,
      'GET /v1/resolve/88.118.8/ABC-1 HTTP/1.1\r\nHost: a\r\nX-Slow: ',
    )
    t.match(await whatCame(socket, 5_000), /^HTTP\/1\.1 408 /)
    await stillGood(t, node)
  })

  await t.test('a body that never ends is cut off', async t => {
    const head = 'POST /v1/resolve:batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
    const socket = await send(node, `${head}Content-Length: 1000\r\n\r\n{"identifiers":[`)
    t.match(await whatCame(socket, 6_000), /^(HTTP\/1\.1 408 |$)/)
    await stillGood(t, node)
  })

  await t.test('a reader that does not read holds nobody up', async t => {
    const socket = await send(
      node,
      'GET /v1/resolve/88.118.8/ABC-1 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2_000),
    )
    socket.pause()
    await stillGood(t, node)
    socket.destroy()
  })

  await t.test(`${idleSockets} idle sockets hold nobody up, and are closed`, async t => {
    const sockets = await Promise.all(Array.from({ length: idleSockets }, () => open(node)))
    await stillGood(t, node)
    await Promise.all(sockets.map(socket => closed(socket, 15_000)))
    t.ok(sockets.every(socket => socket.destroyed))
  })

  const requests: Record<string, { text: string; says: RegExp }> = {
    'a line that is no request': { text: 'HELLO\r\n\r\n', says: /^HTTP\/1\.1 400 / },
    'two lengths': {
      text: 'POST /v1/resolve:batch HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      says: /^HTTP\/1\.1 400 /,
    },
    'a length and chunks': {
      text: 'POST /v1/resolve:batch HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      says: /^HTTP\/1\.1 400 /,
    },
    'headers beyond the limit': {
      text: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      says: /^HTTP\/1\.1 431 /,
    },
    'a path beyond the limit': {
      text: `GET /v1/resolve/${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      says: /^HTTP\/1\.1 414 /,
    },
    'a body of a type we do not take': {
      text: post('/v1/resolve:batch', '<a/>', 'text/xml'),
      says: /^HTTP\/1\.1 415 /,
    },
    'JSON a thousand levels deep': {
      text: post('/v1/resolve:batch', `{"identifiers":${'['.repeat(1_000)}${']'.repeat(1_000)}}`),
      says: /^HTTP\/1\.1 400 /,
    },
    'a prototype in JSON': {
      text: post('/v1/resolve:batch', '{"identifiers":[],"__proto__":{"polluted":1}}'),
      says: /^HTTP\/1\.1 400 /,
    },
    'a constructor in JSON': {
      text: post(
        '/v1/resolve:batch',
        '{"identifiers":[],"constructor":{"prototype":{"polluted":1}}}',
      ),
      says: /^HTTP\/1\.1 400 /,
    },
    'a prototype in the query': {
      text: 'GET /v1/resolve/88.118.8/ABC-1?__proto__[polluted]=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      says: /^HTTP\/1\.1 400 /,
    },
    'NUL in a path': {
      text: 'GET /v1/resolve/88.118.8/a%00b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      says: /^HTTP\/1\.1 400 /,
    },
    'half a surrogate in JSON': {
      text: post('/v1/resolve:batch', '{"identifiers":["88.118.8/\\ud800"]}'),
      says: /^HTTP\/1\.1 400 /,
    },
    'bytes that are no UTF-8': {
      text: 'GET /v1/resolve/88.118.8/%ff%fe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      says: /^HTTP\/1\.1 400 /,
    },
  }
  for (const [name, { text, says }] of Object.entries(requests)) {
    await t.test(name, async t => {
      t.match(await whatCame(await send(node, text), 5_000), says)
      await stillGood(t, node)
    })
  }
  t.equal(node.child.exitCode, null, 'the process and its prototypes are as they were')
})

async function stillGood(t: Test, { http }: NodeProcess): Promise<void> {
  const startedAt = performance.now()
  const answer = await fetch(`${http}/v1/resolve/88.118.8/ABC-1`)
  t.equal(answer.status, 200)
  t.ok(performance.now() - startedAt < 1_500, 'a good client is answered in time')
}

function post(path: string, body: string, type = 'application/json'): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\n`
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function open({ http }: NodeProcess): Promise<Socket> {
  const { hostname, port } = new URL(http)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function send(node: NodeProcess, text: string): Promise<Socket> {
  const socket = await open(node)
  socket.write(text)
  return socket
}

/** Everything that comes until the other side closes, or until the time is over. */
async function whatCame(socket: Socket, withinMs: number): Promise<string> {
  let came = ''
  socket.on('data', chunk => {
    came += chunk
  })
  await closed(socket, withinMs)
  return came
}

async function closed(socket: Socket, withinMs: number): Promise<void> {
  if (socket.destroyed) return
  const timeout = setTimeout(() => socket.destroy(), withinMs)
  socket.resume()
  await new Promise(resolve => socket.once('close', resolve))
  clearTimeout(timeout)
}
