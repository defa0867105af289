import { Failure } from '../model/failures.ts'
import { type Cidrs, parseCidrs } from './cidr.ts'
import type { Client, Clients } from './parts.ts'

/** A client and its networks, read once. */
export interface KnownClient {
  readonly client: Client
  readonly networks: Cidrs
}

/** The clients that called lately, so that not every request asks the store. */
export interface ClientCache {
  /** @throws Failure `STORE_AWAY` when the store is away and nothing recent enough is known */
  find(id: string, nowMs: number): Promise<KnownClient | undefined>
  /**
   * From here on the client is read again: call it after every change, in the process that made it
   * and on hearing of one.
   */
  forget(id: string): void
  forgetAll(): void
}

/** Why a client that has proven itself is refused all the same. */
export function reasonAgainst(
  { client, networks }: KnownClient,
  address: string,
  nowMs: number,
): 'revoked' | 'expired' | 'address' | undefined {
  if (client.revokedAt !== null) return 'revoked'
  // Put so that an end which is no instant counts as past.
  if (client.until !== null && !(nowMs < Date.parse(client.until))) return 'expired'
  if (client.cidrs.length > 0 && !networks.has(address)) return 'address'
  return undefined
}

/** More than any node has clients that call within a minute; about 1 KB each. */
export const clientsKnownMax = 10_000

/**
 * A sibling that was not told of a revocation sees it after this at the latest, for one query a
 * client and second.
 */
export const clientFreshMs = 1_000

/**
 * While the store is away a client stays known this long, so that those who resolve with a
 * credential outlive its absence; nothing can be written then.
 */
export const clientStaleMs = 600_000

interface Entry {
  readonly known: KnownClient
  readonly readAtMs: number
}

/** Unknown ids are not remembered: a new client works at once, and made-up ids push nobody out. */
export function makeClientCache({ clients }: { readonly clients: Clients }): ClientCache {
  /** In the order they were read. */
  const entries = new Map<string, Entry>()
  /** One question an id at a time. */
  const flights = new Map<string, Promise<KnownClient | undefined>>()
  /** Grows with everything forgotten, so that a reading begun before is not kept after. */
  let epoch = 0

  async function read(id: string, nowMs: number): Promise<KnownClient | undefined> {
    const epochBefore = epoch
    const client = await clients.find(id)
    const known = client && { client, networks: parseCidrs(client.cidrs, '/cidrs') }
    if (epoch === epochBefore) keep(id, known, nowMs)
    return known
  }

  function keep(id: string, known: KnownClient | undefined, readAtMs: number): void {
    entries.delete(id)
    if (known === undefined) return
    entries.set(id, { known, readAtMs })
    const [oldest] = entries.keys()
    if (entries.size > clientsKnownMax && oldest !== undefined) entries.delete(oldest)
  }

  function readOnce(id: string, nowMs: number): Promise<KnownClient | undefined> {
    const flying = flights.get(id)
    if (flying !== undefined) return flying
    const flight = read(id, nowMs).finally(() => {
      if (flights.get(id) === flight) flights.delete(id)
    })
    flights.set(id, flight)
    return flight
  }

  return {
    async find(id, nowMs) {
      const entry = entries.get(id)
      if (entry !== undefined && nowMs - entry.readAtMs < clientFreshMs) return entry.known
      try {
        return await readOnce(id, nowMs)
      } catch (error) {
        // Asked again: it may have been forgotten while we waited.
        const last = entries.get(id)
        const away = error instanceof Failure && error.code === 'STORE_AWAY'
        if (away && last !== undefined && nowMs - last.readAtMs < clientStaleMs) return last.known
        throw error
      }
    },

    forget(id) {
      epoch++
      entries.delete(id)
      flights.delete(id)
    },

    forgetAll() {
      epoch++
      entries.clear()
      flights.clear()
    },
  }
}
