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

/** The challenges of one connection, or of everybody over UDP or HTTP. */
export interface Challenges {
  add(open: OpenChallenge): void
  /** Takes the challenge out: one serves one answer. Undefined when unknown or too old. */
  take(sessionId: number, nowMs: number): OpenChallenge | undefined
  /** Whether a session id is in use here. */
  has(sessionId: number): boolean
}

export interface ChallengeBounds {
  readonly countMax: number
  /** Bytes of the requests that wait. */
  readonly bytesMax: number
}

/** As Handle.Net's typical `max_auth_time`. */
export const challengeLifeMs = 60_000

/**
 * All open challenges, bounded together: the oldest makes room for one more, whosever it is.
 * @returns makes a part of the book that sees its own challenges only
 */
export function makeChallengeBook({ countMax, bytesMax }: ChallengeBounds): () => Challenges {
  /** In the order they were made. */
  const open = new Map<string, OpenChallenge>()
  let partCount = 0
  let byteCount = 0

  function remove(key: string): OpenChallenge | undefined {
    const found = open.get(key)
    if (found === undefined) return undefined
    open.delete(key)
    byteCount -= found.request.signedPart.length
    return found
  }

  return function makePart() {
    const part = ++partCount
    const keyOf = (sessionId: number) => `${part} ${sessionId}`
    return {
      add(challenge) {
        const key = keyOf(challenge.sessionId)
        remove(key)
        open.set(key, challenge)
        byteCount += challenge.request.signedPart.length
        for (const oldest of open.keys()) {
          if (open.size <= countMax && byteCount <= bytesMax) return
          remove(oldest)
        }
      },
      take(sessionId, nowMs) {
        const found = remove(keyOf(sessionId))
        return found !== undefined && nowMs - found.madeAtMs < challengeLifeMs ? found : undefined
      },
      has: sessionId => open.has(keyOf(sessionId)),
    }
  }
}
