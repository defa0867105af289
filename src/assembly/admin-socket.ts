import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage, Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Caller } from '../model/caller.ts'
import type { Logger } from '../runtime/log.ts'
import { withSocketPath } from '../storage/postgres/socket-path.ts'

/** The socket's name in the data folder. */
export const adminSocketName = 'admin.sock'

/** Longest wait for a process that may hold the socket. */
const probeMsMax = 300

/**
 * Whoever may open the socket is the operator: its mode lets in the user the node runs as, who can read the node's
 * keys and files anyway, and root.
 */
export interface LocalCallers {
  /** Gives a request that came over the socket without a credential one that only this process can make. */
  mark(request: IncomingMessage): void
  /** The operator of a marked request; undefined for any other credential. */
  callerOf(authorization: string | undefined): Caller | undefined
}

export function makeLocalCallers(): LocalCallers {
  const secret = randomBytes(32).toString('base64url')
  const start = Buffer.from(`Local ${secret} `)
  return {
    mark({ headers }) {
      if (headers.authorization !== undefined) return
      headers.authorization = `${start}${userOf(headers['x-qxm-user'])}`
    },

    callerOf(authorization) {
      const found = Buffer.from(authorization ?? '')
      const begin = found.subarray(0, start.length)
      if (begin.length !== start.length || !timingSafeEqual(begin, start)) return undefined
      const user = found.subarray(start.length).toString()
      return { id: `os:${user}`, role: 'operator', subject: null, prefixes: [] }
    },
  }
}

/** The name is the caller's word for itself: whoever gets here could be any user of this machine that the node's is. */
function userOf(header: string | string[] | undefined): string {
  return /^[\w.@-]{1,64}$/.exec(String(header))?.[0] ?? 'unknown'
}

export interface AdminSocketParts {
  /** The data folder. */
  readonly folder: string
  readonly server: Server
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/**
 * Listens on the socket of the data folder, for this user only. A dead process's socket is removed. A living one's stays:
 * of several nodes or workers over one data folder the first has it. A node without it still serves everybody else.
 * @returns how to close it; undefined where it is not held
 */
export async function openAdminSocket({
  folder,
  server,
  log,
}: AdminSocketParts): Promise<(() => Promise<void>) | undefined> {
  const path = join(folder, adminSocketName)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (await isAlive(folder)) {
      log.info({ path }, 'another process of this data folder has the admin socket')
      return undefined
    }
    await rm(path, { force: true })
    await withSocketPath(folder, adminSocketName, short => listen(server, short))
  } catch (error) {
    log.warn({ err: error, path }, 'cannot open the admin socket: the CLI needs an API key')
    return undefined
  }
  return async () => {
    server.close()
    server.closeIdleConnections()
    await rm(path, { force: true })
  }
}

/** The mode is set by the mask, not after: nobody gets in between. Never shared over a cluster, whose primary has another. */
async function listen(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177)
  try {
    server.listen({ path, exclusive: true })
  } finally {
    process.umask(mask)
  }
  await once(server, 'listening')
}

/** Whether a process listens on the folder's socket. */
export async function isAlive(folder: string): Promise<boolean> {
  return withSocketPath(folder, adminSocketName, path => {
    return new Promise<boolean>(resolve => {
      const socket = connect(path)
      const answer = (alive: boolean) => {
        socket.destroy()
        resolve(alive)
      }
      socket.setTimeout(probeMsMax, () => answer(true))
      socket.once('connect', () => answer(true))
      socket.once('error', (error: NodeJS.ErrnoException) => {
        // Refused is proof of death; a full backlog or a closed door is a living one's.
        answer(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(error.code ?? ''))
      })
    })
  }).catch(() => false)
}
