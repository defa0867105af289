import type { Challenge } from '../bodies/challenge.ts'
import type { HandleRequest } from '../request.ts'

/** A challenge that waits for its answer, and the request it was given for. */
export interface OpenChallenge {
  readonly sessionId: number
  readonly challenge: Challenge
  /** With its bytes copied: the buffer it came in is used again. */
  readonly request: HandleRequest
  readonly madeAtMs: number
}

/** Challenges of one connection, or of everybody over UDP and HTTP. */
export interface Challenges {
  add(open: OpenChallenge): void
  /** Takes the challenge out: one serves one answer. Undefined when unknown or too old. */
  take(sessionId: number, nowMs: number): OpenChallenge | undefined
  /** Whether a session id is in use here. */
  has(sessionId: number): boolean
}

/** As Handle.Net's typical `max_auth_time`. */
export const challengeLifeMs = 60_000

/** @param countMax the oldest is forgotten for one more */
export function makeChallenges(countMax: number): Challenges {
  /** In the order they were made. */
  const open = new Map<number, OpenChallenge>()

  return {
    add(challenge) {
      open.delete(challenge.sessionId)
      open.set(challenge.sessionId, challenge)
      const [oldest] = open.keys()
      if (open.size > countMax && oldest !== undefined) open.delete(oldest)
    },
    take(sessionId, nowMs) {
      const found = open.get(sessionId)
      open.delete(sessionId)
      return found !== undefined && nowMs - found.madeAtMs < challengeLifeMs ? found : undefined
    },
    has: sessionId => open.has(sessionId),
  }
}
