import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { withSocketPath } from './socket-path.ts'

/**
 * Keeps a second process off a data folder, because the embedded engine loses acknowledged writes
 * without a word when two processes open its files.
 *
 * Node has no flock, so the lock is a Unix socket that the holder listens on: the kernel closes it with
 * the process, however that ends, and a connection refused is proof of a dead holder. No age, no pid
 * that may belong to somebody else by now (in a container every node is pid 1).
 *
 * The socket lies alone in the directory `lock`. A starter listens first, in a directory of its own, and
 * then renames that directory to `lock`, which succeeds only while `lock` is absent or empty: of many
 * starters one wins, and a socket seen in `lock` is or was being listened on. A dead holder's socket is
 * removed by its name, which nobody ever uses again, so that no starter can remove a living one's.
 *
 * The folder must be a disk of this machine: sockets do not work across machines.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const name = `${process.pid}-${randomBytes(6).toString('hex')}.sock`
  const own = join(folder, `.lock-${name}`)
  await mkdir(own, { mode: 0o700 })
  const server = await listen(own, name, folder)
  try {
    await renameToLock(own, folder)
  } catch (error) {
    server.close()
    await rm(own, { recursive: true, force: true })
    throw error
  }
  return {
    async release() {
      await unlink(join(folder, lockName, name)).catch(ignoreMissing)
      server.close()
      await rmdir(join(folder, lockName)).catch(ignoreTaken)
    },
  }
}

export interface FolderLock {
  release(): Promise<void>
}

/** Somebody else holds the folder. The text is for an operator. */
export class FolderTaken extends Error {
  override readonly name = 'FolderTaken'
  /** As the holder sees itself: another container may count otherwise. */
  readonly pid: number

  constructor(folder: string, pid: number) {
    super(
      `the data folder ${folder} is in use by process ${pid}: ` +
        'stop that process first, or give this one another folder (QXM_DATA_DIR)',
    )
    this.pid = pid
  }
}

const lockName = 'lock'

/** Starters that find a dead holder at the same moment; each round removes one dead socket or loses to a living one. */
const attemptsMax = 20

/** A holder that is busy answers late; its pid is then taken from the socket's name. */
const answerWaitMs = 300

async function renameToLock(own: string, folder: string): Promise<void> {
  const lock = join(folder, lockName)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      return await rename(own, lock)
    } catch (error) {
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    }
    for (const name of (await readdir(lock).catch(ignoreMissing)) ?? []) {
      const pid = await askHolder(lock, name)
      if (pid !== undefined) throw new FolderTaken(folder, pid)
      await unlink(join(lock, name)).catch(ignoreMissing)
    }
  }
  throw new Error(
    `could not lock the data folder ${folder}: too many processes start on it at once`,
  )
}

async function listen(directory: string, name: string, folder: string): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.end(String(process.pid))
  })
  server.unref()
  try {
    await withSocketPath(directory, name, path => {
      server.listen(path)
      return once(server, 'listening')
    })
    return server
  } catch (cause) {
    await rm(directory, { recursive: true, force: true })
    throw new Error(
      `cannot lock the data folder ${folder}: its file system refuses Unix sockets; ` +
        'use a folder on a local disk (QXM_DATA_DIR)',
      { cause },
    )
  }
}

/** @returns the pid of the living process that listens on a socket, or undefined if its process is dead */
async function askHolder(directory: string, name: string): Promise<number | undefined> {
  try {
    return await withSocketPath(directory, name, path => askAt(path, name))
  } catch (error) {
    // The directory went while we looked at it.
    return ignoreMissing(error)
  }
}

function askAt(path: string, name: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const answered = (text: string) => {
      resolve(Number.parseInt(text || name, 10))
      socket.destroy()
    }
    const late = setTimeout(() => answered(''), answerWaitMs)
    socket.setEncoding('utf8')
    socket.once('data', text => answered(String(text)))
    socket.once('end', () => answered(''))
    socket.once('close', () => clearTimeout(late))
    socket.once('error', error => {
      if (isCode(error, 'ECONNREFUSED', 'ENOENT')) resolve(undefined)
      // A full backlog is a living holder's; one that may not be asked is taken for living.
      else if (isCode(error, 'EAGAIN', 'EACCES', 'ECONNRESET', 'EPIPE')) answered('')
      else reject(error)
    })
  })
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

function ignoreMissing(error: unknown): undefined {
  if (!isCode(error, 'ENOENT')) throw error
}

/** The next holder may be in already. */
function ignoreTaken(error: unknown): undefined {
  if (!isCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
}
