import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { chown, mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Looks for a program in the given folders, then on the PATH. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  return [...folders, ...path].map(folder => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Debian keeps the server's programs off the PATH, by version; the newest is taken. */
export function findPostgres(name = 'postgres'): string | undefined {
  const versions = '/usr/lib/postgresql'
  const folders = listFolder(versions).sort((a, b) => Number(b) - Number(a))
  return findProgram(
    name,
    folders.map(version => join(versions, version, 'bin')),
  )
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Whom servers run as when we are root, because PostgreSQL refuses root. */
export function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = ['postgres', 'nobody'].map(name => users.find(user => user.startsWith(`${name}:`)))
  const [, , uid, gid] = (line.find(found => found !== undefined) ?? '').split(':')
  return uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) }
}

/** An empty folder that a server of ours may write to. */
export async function makeServerFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `qxm-${name}-`))
  const { uid, gid } = unprivileged()
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
  return folder
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Starts a server that ends with this process at the latest; what it says is kept for the error. */
export async function startServer(
  program: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
  options: SpawnOptions = {},
): Promise<ChildProcess> {
  const child = spawn(program, args, {
    ...unprivileged(),
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const keep = (text: Buffer) => {
    said = (said + text).slice(-4_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const givenUpAt = Date.now() + 20_000
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > givenUpAt) {
      child.kill('SIGKILL')
      throw new Error(`${program} did not start:\n${said}`)
    }
    await sleep(30)
  }
  return child
}

/** Ends a server with the signal it takes for "at once but in order", and waits for its end. */
export async function endServer(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGCONT')
  child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(late)
}
