import { Type } from 'typebox'
import { confidences, holdingStates } from '../../../model/holding.ts'
import { prefixUses } from '../../../model/prefix.ts'
import type { ContestedHolding } from '../../../registry/holdings/holdings.ts'
import type { HoldingView } from '../../../registry/holdings/view.ts'
import {
  closed,
  instantSchema,
  oneOf,
  orNull,
  prefixTextSchema,
  siteAddressSchema,
  systemSchema,
} from '../schemas.ts'

// What routes of holdings, claims and prefixes have in common.

export const holdingIdSchema = Type.String({ minLength: 1, maxLength: 64 })
export const usesSchema = Type.Array(oneOf(prefixUses), {
  maxItems: 2,
  uniqueItems: true,
})
/** As registry/holdings/claim.ts bounds it. */
export const evidenceSchema = Type.Array(
  Type.Union([
    closed({ kind: Type.Literal('document'), id: Type.String({ minLength: 1, maxLength: 128 }) }),
    closed({ kind: Type.Literal('proof'), id: Type.String({ minLength: 1, maxLength: 128 }) }),
    closed({ kind: Type.Literal('registry'), name: Type.String({ minLength: 1, maxLength: 200 }) }),
  ]),
  { maxItems: 16, description: 'a document by its file, a prefix proof, an entry in a registry' },
)
/** More sites than a prefix is served by anywhere. */
export const sitesSchema = Type.Array(siteAddressSchema, { maxItems: 16 })
export const despiteSchema = Type.Array(prefixTextSchema, {
  maxItems: 200,
  description: 'prefixes of others that overlap, as conflicts name them: seen, and decided so',
})

const holdingMembers = {
  id: holdingIdSchema,
  code: orNull(Type.String()),
  system: systemSchema,
  prefix: Type.String(),
  proposed: Type.Boolean({ description: 'the node chose the prefix' }),
  for: usesSchema,
  state: oneOf(holdingStates),
  serial: Type.Integer(),
  site: orNull(Type.String()),
  contact: orNull(Type.String()),
  sites: sitesSchema,
  validFrom: orNull(instantSchema),
  validTo: orNull(instantSchema),
  evidence: evidenceSchema,
  confidence: oneOf(confidences),
  note: orNull(Type.String()),
  askedBy: Type.String(),
  decidedBy: orNull(Type.String()),
  comment: orNull(Type.String()),
  beganAt: orNull(instantSchema),
  endedAt: orNull(instantSchema),
  endedBy: orNull(Type.String()),
  createdAt: instantSchema,
  updatedAt: instantSchema,
}
export const holdingSchema = closed(holdingMembers)

const conflictSchema = closed({
  kind: oneOf(['taken', 'below', 'above', 'rival'] as const),
  system: systemSchema,
  prefix: Type.String(),
  key: Type.String({ description: 'what a decision despite it names' }),
  code: orNull(Type.String()),
  holding: orNull(Type.String()),
  state: oneOf(holdingStates),
  confidence: oneOf(confidences),
  since: orNull(instantSchema),
})
export const claimSchema = closed({ ...holdingMembers, conflicts: Type.Array(conflictSchema) })

export const tenureSchema = closed({
  code: orNull(Type.String()),
  from: orNull(instantSchema),
  to: orNull(instantSchema),
  by: orNull(Type.String({ description: 'the client that decided it' })),
  evidence: evidenceSchema,
  confidence: oneOf(confidences),
  site: orNull(Type.String()),
  contact: orNull(Type.String()),
})

export const storySchema = closed({
  ...holdingMembers,
  conflicts: Type.Array(conflictSchema),
  history: Type.Array(tenureSchema),
})

export function claimToJson({ holding, conflicts }: ContestedHolding) {
  return { ...holding, conflicts }
}

/** Who has held a prefix, the latest first. */
export function historyToJson(history: readonly HoldingView[]) {
  return history.map(({ code, beganAt, endedAt, decidedBy, ...holding }) => ({
    code,
    from: beganAt,
    to: endedAt,
    by: decidedBy,
    evidence: holding.evidence,
    confidence: holding.confidence,
    site: holding.site,
    contact: holding.contact,
  }))
}
