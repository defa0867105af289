import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { endServer, findPostgres, freePort, startServer, unprivileged } from './programs.ts'
import { aServerFolder, type Needed } from './throw-away.ts'

/** A PostgreSQL server for one test file, on loopback, as user `postgres` without a password. */
export interface PostgresServer {
  readonly port: number
  /** Where its files lie. */
  readonly folder: string
  /** Of the postmaster; changes with a restart. */
  readonly pid: number
  urlOf(database: string): string
  /** Runs statements in the database `postgres`. */
  run(sql: string): Promise<void>
  /** Cuts all connections and ends. `crash` does not even write a checkpoint. */
  stop(how?: 'fast' | 'crash'): Promise<void>
  /** After {@link stop}: on the same port, with the same data. */
  start(): Promise<void>
}

export const postgres: Needed = {
  name: 'postgresql',
  missing: () => (findPostgres() ? undefined : 'apt-get install -y postgresql'),
}

let shared: Promise<PostgresServer> | undefined

/** The one server of a test file, for tests that do it no harm. */
export function sharedPostgres(): Promise<PostgresServer> {
  shared ??= aPostgresServer()
  return shared
}

/**
 * A server of its own, stopped and removed after the test file.
 * @param settings beyond the ones that make it small and quick, such as `{ max_connections: '20' }`
 */
export async function aPostgresServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const program = findPostgres()
  const initdb = findPostgres('initdb')
  if (program === undefined || initdb === undefined) throw new Error(postgres.missing())
  const folder = await aServerFolder('postgres')
  const files = join(folder, 'data')
  const initdbArgs = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(initdb, [...initdbArgs, '-D', files], {
    ...unprivileged(),
    cwd: folder,
  })
  const port = await freePort()
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
  const all = { ...quick, ...settings }
  const args = ['-D', files, '-p', String(port)].concat(
    Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  )
  const start = () =>
    startServer(program, args, () => canConnect(urlOf('postgres')), { cwd: folder })
  let child = await start()
  t.teardown(() => endServer(child, 'SIGQUIT'))
  return {
    port,
    folder,
    get pid() {
      return child.pid ?? 0
    },
    urlOf,
    run: sql => runIn(urlOf('postgres'), sql),
    stop: (how = 'fast') => endServer(child, how === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    async start() {
      child = await start()
    },
  }
}

const quick = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
}

async function runIn(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

async function canConnect(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
