import { type ChildProcess, execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
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
  readonly pid: number
  readonly host: string
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** @returns what to do where there is no PostgreSQL */
export function postgresMissing(): string | undefined {
  return findPostgres() ? undefined : 'PostgreSQL: apt-get install -y postgresql'
}

/** @returns what to do where there is no Redis */
export function redisMissing(): string | undefined {
  return findProgram('redis-server') ? undefined : 'Redis: apt-get install -y redis-server'
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
    ...placeOf(server, port),
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
    ...placeOf(server, port),
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      await endServer(server, 'SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * The plainest nginx: one worker that says the same to whoever asks.
 * @param body without `$`, which begins a variable there
 * @returns undefined where there is none
 */
export async function startNginx(body: string): Promise<ThrowAway | undefined> {
  const program = findProgram('nginx', ['/usr/sbin'])
  if (program === undefined) return undefined
  const folder = await makeServerFolder('bench-nginx')
  const port = await freePort()
  const settings = `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid;
error_log stderr; events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port};
    default_type "application/json; charset=utf-8";
    return 200 '${body.replaceAll("'", "\\'")}';
  }
}
`
  await writeFile(join(folder, 'nginx.conf'), settings)
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf')]
  const server = await startServer(program, args, () => listens(port), { cwd: folder })
  return {
    ...placeOf(server, port),
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await endServer(server, 'SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The zone that {@link startKnot} serves. */
export const knotZone = 'bench.test'

/**
 * Knot DNS with one worker for UDP and `count` names `n0.bench.test` …, each with a text of so many bytes.
 * @returns undefined where there is none
 */
export async function startKnot(count: number, textBytes: number): Promise<ThrowAway | undefined> {
  const program = findProgram('knotd', ['/usr/sbin'])
  if (program === undefined) return undefined
  const folder = await makeServerFolder('bench-knot')
  const port = await freePort()
  const settings = `server:
  rundir: ${folder}
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}
zone:
  - domain: ${knotZone}
    storage: ${folder}
    file: zone
`
  const text = Array.from(
    { length: Math.ceil(textBytes / 256) },
    (_, at) => `"${'x'.repeat(Math.min(255, textBytes - at * 256 - 1))}"`,
  ).join(' ')
  const names = Array.from({ length: count }, (_, at) => `n${at} TXT ${text}\n`).join('')
  const zone = `$ORIGIN ${knotZone}.\n$TTL 3600\n@ SOA ns admin 1 3600 900 86400 300\n@ NS ns\nns A 127.0.0.1\n`
  await writeFile(join(folder, 'knot.conf'), settings)
  await writeFile(join(folder, 'zone'), zone + names)
  const args = ['-c', join(folder, 'knot.conf')]
  const server = await startServer(program, args, () => listens(port), { cwd: folder })
  return {
    ...placeOf(server, port),
    url: `dns://127.0.0.1:${port}`,
    async stop() {
      await endServer(server, 'SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function placeOf({ pid = 0 }: ChildProcess, port: number) {
  return { pid, host: '127.0.0.1', port }
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
