import type { Reference } from '../../../model/value.ts'

/** A dialogue with one client: a nonce to sign, and whose signature it was. */
export interface Session {
  readonly id: string
  /** For one successful proof. */
  nonce: Buffer
  nonceMadeAtMs: number
  identity: Reference | undefined
  lastUsedMs: number
}

export interface Sessions {
  open(): Session
  /** Undefined for what is unknown or too old. */
  find(id: string): Session | undefined
  /** The nonce, where it may still be signed. */
  nonceOf(session: Session): Buffer | undefined
  /** Makes the session its client's, and its nonce a new one. */
  prove(session: Session, identity: Reference): void
  close(session: Session): void
}

/** Each 401 opens one: the oldest makes room. */
const sessionsMax = 10_000
const nonceLifeMs = 120_000
const idleMs = 600_000
const idBytes = 16
const nonceBytes = 16

export function makeSessions({
  random,
  clock,
}: {
  readonly random: (byteCount: number) => Buffer
  readonly clock: { monotonicMs(): number }
}): Sessions {
  /** In the order of their last use. */
  const sessions = new Map<string, Session>()

  function keep(session: Session): void {
    sessions.delete(session.id)
    sessions.set(session.id, session)
    const [oldest] = sessions.keys()
    if (sessions.size > sessionsMax && oldest !== undefined) sessions.delete(oldest)
  }

  return {
    open() {
      const now = clock.monotonicMs()
      const session: Session = {
        id: random(idBytes).toString('hex'),
        nonce: random(nonceBytes),
        nonceMadeAtMs: now,
        identity: undefined,
        lastUsedMs: now,
      }
      keep(session)
      return session
    },
    find(id) {
      const session = sessions.get(id)
      if (session === undefined) return undefined
      const now = clock.monotonicMs()
      if (now - session.lastUsedMs >= idleMs) {
        sessions.delete(id)
        return undefined
      }
      session.lastUsedMs = now
      keep(session)
      return session
    },
    nonceOf({ nonce, nonceMadeAtMs }) {
      return clock.monotonicMs() - nonceMadeAtMs < nonceLifeMs ? nonce : undefined
    },
    prove(session, identity) {
      session.identity = identity
      session.nonce = random(nonceBytes)
      session.nonceMadeAtMs = clock.monotonicMs()
    },
    close: ({ id }) => void sessions.delete(id),
  }
}
