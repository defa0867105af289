import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type KnownAddress, makeAddressBook } from './address-book.ts'
import { tooMany } from './limits.ts'
import type { HttpParts } from './parts.ts'

/** Passwords and setup links that one household or server may try in a minute. */
const attemptsPerMinuteMax = 30

/**
 * Counts an attempt to prove who one is.
 * @returns whose attempt it was
 * @throws Failure `TOO_MANY`
 */
export type CountAttempt = (request: FastifyRequest) => Promise<KnownAddress>

/** Each place that calls this counts for itself. */
export function limitAttempts(
  app: FastifyInstance,
  { rates }: Pick<HttpParts, 'rates'>,
): CountAttempt {
  const addressBook = makeAddressBook(() => rates().exempt)
  const count = app.createRateLimit({
    max: attemptsPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: ({ address }) => addressBook(address).party,
    allowList: ({ address }) => addressBook(address).isExempt,
  })

  return async request => {
    const counted = await count(request)
    if (!counted.isAllowed && counted.isExceeded) throw tooMany(counted.ttl)
    return addressBook(request.address)
  }
}
