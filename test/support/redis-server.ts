import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { endServer, findProgram, freePort, startServer } from './programs.ts'
import { aServerFolder, type Needed } from './throw-away.ts'

/** A Redis server for one test file, on loopback, without a password and without anything on disk. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Changes with a restart. */
  readonly pid: number
  stop(): Promise<void>
  /** After {@link stop}: on the same port, and empty. */
  start(): Promise<void>
}

export const redis: Needed = {
  name: 'redis',
  missing: () => (findProgram('redis-server') ? undefined : 'apt-get install -y redis-server'),
}

/** @param settings as on the command line: `{ 'cluster-enabled': 'yes' }` */
export async function aRedisServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  const program = findProgram('redis-server')
  if (program === undefined) throw new Error(redis.missing())
  const folder = await aServerFolder('redis')
  const port = await freePort()
  const all = { port: String(port), bind: '127.0.0.1', dir: folder, save: '', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
  const start = () => startServer(program, args, () => answersPing(port), { cwd: folder })
  let child = await start()
  t.teardown(() => endServer(child, 'SIGTERM'))
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0
    },
    stop: () => endServer(child, 'SIGTERM'),
    async start() {
      child = await start()
    },
  }
}

async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [answer] = await once(socket, 'data')
    return String(answer).startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
