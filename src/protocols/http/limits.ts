import type { FastifyReply } from 'fastify'
import { anyone, type Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import { type KnownAddress, makeAddressBook } from './address-book.ts'
import { makeForgedCodes } from './forged-codes.ts'
import type { HttpParts } from './parts.ts'
import { makeRateLimiter } from './rate-limiter.ts'

/** How much one address may ask. The write limit lives with the routes that write. */
export interface ResolveLimits {
  /** The header that publishes the limit (draft-ietf-httpapi-ratelimit-headers); undefined while it is off. */
  policy(): string | undefined
  /** Whether cached answers may be given. Charges the questions where it is so; one unless said otherwise. */
  admits(address: string, identifier: Pick<Identifier, 'system'>, questions?: number): boolean
  /** Charges questions. @throws Failure `TOO_MANY` */
  demand(address: string, questions: number): void
  /** Before the store is asked. @throws Failure `TOO_MANY` for who asked for too many unknown identifiers, or guesses codes */
  demandLookUp(address: string, caller: Caller, identifier: Identifier): void
  /** Whether anyone at the address may look up now, as {@link ResolveLimits.demandLookUp} demands it. */
  admitsLookUp(address: string, identifier: Pick<Identifier, 'system'>): boolean
  /**
   * The three of an unknown identifier in one: whether anyone at the address may look up, and may be answered. Charges one
   * question and counts the identifier, where it is so.
   */
  admitsUnknown(address: string, identifier: Identifier): boolean
  /** Counts an identifier that turned out not to exist. */
  countUnknown(address: string, caller: Caller, identifier: Identifier): void
  /** Whether the caller is kept from codes for having guessed; charges nothing. */
  isBlocked(address: string, caller: Caller, identifier: Identifier): boolean
  isExempt(address: string): boolean
}

export function makeResolveLimits(
  { rates, isForged, clock }: Pick<HttpParts, 'rates' | 'isForged' | 'clock'>,
  salt: number,
): ResolveLimits {
  const book = makeAddressBook(
    () => rates().exempt,
    () => rates().loadTest?.from,
  )
  const asked = makeRateLimiter(salt)
  const unknown = makeRateLimiter(salt)
  const forged = makeForgedCodes()

  let policyRate = Number.NaN
  let policyText: string | undefined

  function waitMs(address: string, questions: number): number {
    const known = book(address)
    const perSecond = perSecondOf(known, 'resolve')
    return perSecond === 0 ? 0 : asked.take(known.party, perSecond, clock.monotonicMs(), questions)
  }

  /** What the party of an address may ask; 0: any number. */
  function perSecondOf(
    { isExempt, isLoadTest }: KnownAddress,
    what: 'resolve' | 'unknown',
  ): number {
    const { loadTest, [what]: perSecond } = rates()
    if (isExempt) return 0
    return isLoadTest && loadTest !== undefined ? loadTest.perSecond : perSecond
  }

  function blockedMs(
    address: string,
    caller: Caller,
    { system }: Pick<Identifier, 'system'>,
  ): number {
    if (system !== 'code' || caller.role !== anyone.role) return 0
    const { party, isExempt } = book(address)
    return isExempt ? 0 : forged.blockedMs(party, clock.monotonicMs())
  }

  function lookUpMs(
    address: string,
    caller: Caller,
    identifier: Pick<Identifier, 'system'>,
  ): number {
    const known = book(address)
    const perSecond = perSecondOf(known, 'unknown')
    const unknownWait =
      perSecond === 0 ? 0 : unknown.wait(known.party, perSecond, clock.monotonicMs())
    return Math.max(unknownWait, blockedMs(address, caller, identifier))
  }

  function countUnknown(address: string, caller: Caller, identifier: Identifier): void {
    const known = book(address)
    const { party, isExempt } = known
    if (isExempt) return
    const perSecond = perSecondOf(known, 'unknown')
    if (perSecond > 0) unknown.take(party, perSecond, clock.monotonicMs())
    const isGuess = caller.role === anyone.role && identifier.system === 'code'
    if (isGuess && isForged(identifier)) forged.count(party, clock.monotonicMs())
  }

  return {
    policy() {
      const { resolve } = rates()
      if (resolve !== policyRate) {
        policyRate = resolve
        policyText = resolve === 0 ? undefined : `"resolve";q=${resolve};w=1`
      }
      return policyText
    },

    admits: (address, identifier, questions = 1) =>
      blockedMs(address, anyone, identifier) === 0 && waitMs(address, questions) === 0,

    demand(address, questions) {
      const wait = waitMs(address, questions)
      if (wait > 0) throw tooMany(wait)
    },

    demandLookUp(address, caller, identifier) {
      const wait = lookUpMs(address, caller, identifier)
      if (wait > 0) throw tooMany(wait)
    },

    admitsLookUp: (address, identifier) => lookUpMs(address, anyone, identifier) === 0,

    admitsUnknown(address, identifier) {
      if (book(address).isExempt) return true
      if (lookUpMs(address, anyone, identifier) > 0 || waitMs(address, 1) > 0) return false
      countUnknown(address, anyone, identifier)
      return true
    },

    countUnknown,

    isBlocked: (address, caller, identifier) => blockedMs(address, caller, identifier) > 0,
    isExempt: address => book(address).isExempt,
  }
}

/** Says what may be asked, whether the question is answered or refused. */
export function publishPolicy(reply: FastifyReply, limits: ResolveLimits): void {
  const policy = limits.policy()
  if (policy !== undefined) reply.header('RateLimit-Policy', policy)
}

/** @param waitMs after which asking again makes sense */
export function tooMany(waitMs: number): Failure {
  return new Failure('TOO_MANY', undefined, { retryAfterSeconds: Math.ceil(waitMs / 1000) })
}
