import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import { composeReferral, wholeSeconds } from './answer.ts'
import type { Resolution, ResolverParts } from './resolve.ts'
import { type Trace, traceTexts } from './trace.ts'

/** The answer for what lies under a delegated prefix: the sites to ask. */
export function refer(
  parts: ResolverParts,
  identifier: Identifier,
  prefix: Prefix,
  trace: Trace,
): Resolution {
  trace?.('referral', traceTexts.referral, { sites: prefix.sites.length })
  parts.metrics.resolved('memory', 'referral')
  const isBelow = isPrefixQuestion(identifier) && identifier.authority !== prefix.prefix
  const answer = composeReferral(
    parts,
    identifier,
    prefix,
    isBelow ? 'prefix' : 'service',
    wholeSeconds(parts.clock.now()),
  )
  return {
    answer,
    shared: undefined,
    source: 'memory',
    ageSeconds: 0,
    etag: `"0.${prefix.epoch}.${parts.directory.subjectEpoch(prefix.owner)}"`,
  }
}

/** A bare prefix is a question of its own: `0.NA/<prefix>`. */
function isPrefixQuestion({ key }: Identifier): boolean {
  return key.startsWith('0.na/')
}

/** Whether it is this prefix itself that is asked for, and not one below it. */
export function isQuestionOf(identifier: Identifier, { prefix }: Prefix): boolean {
  return isPrefixQuestion(identifier) && identifier.authority === prefix
}
