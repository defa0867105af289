import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  endServer,
  findPostgres,
  findProgram,
  freePort,
  makeServerFolder,
  startServer,
  unprivileged,
} from '../../test/support/programs.ts'

/** A server of this machine, started for one run on loopback. */
export interface ThrowAway {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** An empty PostgreSQL. @param fsync off where only reading is measured */
export async function startPostgres(fsync: 'on' | 'off' = 'off'): Promise<ThrowAway> {
  const [program, initdb] = [findPostgres(), findPostgres('initdb')]
  if (program === undefined || initdb === undefined) {
    throw new Error('apt-get install -y postgresql, or name a database in QXM_BENCH_DATABASE_URL')
  }
  const folder = await makeServerFolder('bench-postgres')
  const files = join(folder, 'data')
  const initdbArgs = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(initdb, [...initdbArgs, '-D', files], {
    ...unprivileged(),
    cwd: folder,
  })
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync,
    shared_buffers: '256MB',
    max_wal_size: '8GB',
  }
  const args = ['-D', files, '-p', String(port)].concat(
    Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  )
  const server = await startServer(program, args, () => listens(port), { cwd: folder })
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await endServer(server, 'SIGQUIT')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** An empty Redis that keeps nothing on disk. */
export async function startRedis(): Promise<ThrowAway> {
  const program = findProgram('redis-server')
  if (program === undefined) throw new Error('apt-get install -y redis-server')
  const folder = await makeServerFolder('bench-redis')
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const server = await startServer(program, args, () => listens(port), { cwd: folder })
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      await endServer(server, 'SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
