import { Type } from 'typebox'
import type { ApplicationKind } from '../../../registry/applications/parts.ts'
import type { ApplicationState } from '../../../registry/applications/states.ts'
import type { LicenceKind } from '../../../registry/files/evidence.ts'
import type { ProofMethod } from '../../../registry/prefix-proofs/parts.ts'
import { closed, instantSchema, oneOf, orNull, wordsOf } from '../schemas.ts'

export const states = wordsOf<ApplicationState>({
  draft: true,
  submitted: true,
  reviewing: true,
  returned: true,
  approved: true,
  rejected: true,
  withdrawn: true,
})
export const idSchema = Type.String({ minLength: 1, maxLength: 64 })
export const params = closed({ id: idSchema })
export const kindSchema = oneOf(wordsOf<ApplicationKind>({ code: true, change: true }))
export const textSchema = Type.String({ minLength: 1, maxLength: 2_000 })
/** More than table 1 has fields. */
const commentsMax = 32
/** A consent is a page, not a book. */
const consentMembersMax = 32

export const basicSchema = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  additionalProperties: true,
  description:
    'table 1 by Chinese, English or code names, see /v1/schemas/basic; of a change, what is to change',
})
const consentSchema = Type.Object(
  {
    purpose: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    until: Type.Optional(instantSchema),
  },
  {
    additionalProperties: true,
    maxProperties: consentMembersMax,
    description: 'what was agreed to, kept word for word as evidence',
  },
)
const placementMembers = {
  region: Type.Optional(Type.String({ pattern: '^[0-9]{6}$', description: 'GB/T 2260' })),
  industry: Type.Optional(
    Type.String({ pattern: '^[A-T](?:[0-9]{2,4})?$', description: 'GB/T 4754' }),
  ),
  grade: Type.Optional(Type.String({ minLength: 1, maxLength: 16 })),
}
export const placementSchema = closed(placementMembers)

/** What is asked of an enterprise comes to a few documents. */
const evidenceMax = 20
const licenceKindSchema = oneOf(
  wordsOf<LicenceKind>({
    businessLicence: true,
    institutionCertificate: true,
    organisationCertificate: true,
    permit: true,
    identity: true,
    mandate: true,
    prefixCertificate: true,
    other: true,
  }),
)
const daySchema = Type.String({ format: 'date', description: 'YYYY-MM-DD' })
const evidenceSchema = closed({
  file: idSchema,
  kind: Type.Optional(licenceKindSchema),
  validFrom: Type.Optional(daySchema),
  validTo: Type.Optional(daySchema),
})
/** A document of a filing, or of a subject. */
export const licenceMembers = {
  file: idSchema,
  kind: licenceKindSchema,
  validFrom: orNull(daySchema),
  validTo: orNull(daySchema),
}
export const proofMethodSchema = oneOf(
  wordsOf<ProofMethod>({ key: true, token: true, grant: true }),
)
const proofSchema = closed({
  id: idSchema,
  prefix: Type.String(),
  method: proofMethodSchema,
  key: orNull(Type.String({ description: 'the key that signed, `<index>:<handle>`' })),
  fields: Type.Array(Type.String(), {
    description: 'the items that stand as the record of the prefix had them',
  }),
})

export const inputMembers = {
  mandate: Type.Optional(idSchema),
  consent: Type.Optional(consentSchema),
  declaration: Type.Optional(
    Type.Boolean({ description: 'that what is filed is lawful, true, valid, accurate, complete' }),
  ),
  evidence: Type.Optional(
    Type.Array(Type.Union([idSchema, evidenceSchema]), {
      maxItems: evidenceMax,
      description: 'files that stand behind it, by their ids or with what they are; all of them',
    }),
  ),
  proof: Type.Optional(
    Type.String({ ...idSchema, description: 'a prefix proof, whose record fills in what it says' }),
  ),
}

export const commentsSchema = Type.Record(
  Type.String({ minLength: 1, maxLength: 100 }),
  textSchema,
  {
    maxProperties: commentsMax,
    description: 'texts for the filer by the names of the fields they are about',
  },
)
const summaryMembers = {
  id: idSchema,
  kind: kindSchema,
  state: oneOf(states),
  serial: Type.Integer(),
  filer: Type.String({ description: 'the client that began it' }),
  reviewer: orNull(Type.String({ description: 'the client it was given to' })),
  endorsedBy: orNull(Type.String({ description: 'who approved first, where two must' })),
  code: orNull(Type.String({ description: 'the enterprise code, once approved' })),
  dueAt: orNull(instantSchema),
  createdAt: instantSchema,
  updatedAt: instantSchema,
}
export const summarySchema = closed({ ...summaryMembers, name: Type.String() })
const viewMembers = {
  ...summaryMembers,
  basic: basicSchema,
  consent: consentSchema,
  evidence: Type.Array(closed(licenceMembers)),
  proof: orNull(proofSchema),
  declaration: Type.Literal(true),
  mandate: orNull(idSchema),
  comments: commentsSchema,
  note: orNull(Type.String()),
  warnings: Type.Array(
    closed({ pointer: Type.String(), rule: Type.String(), detail: Type.String() }),
  ),
  derived: closed({
    region: orNull(Type.String()),
    industry: orNull(Type.String()),
    grade: orNull(Type.String()),
  }),
}
export const viewSchema = closed(viewMembers)
const valueSchema = orNull(Type.Union([Type.String(), Type.Number()]))
export const detailSchema = closed({
  ...viewMembers,
  history: Type.Array(
    closed({
      serial: Type.Integer(),
      at: instantSchema,
      actor: Type.String(),
      role: Type.String(),
      step: Type.String(),
      state: oneOf(states),
      comments: commentsSchema,
      note: orNull(Type.String()),
    }),
  ),
  changes: Type.Array(closed({ field: Type.String(), from: valueSchema, to: valueSchema })),
  conflicts: Type.Array(closed({ id: idSchema, state: oneOf(states) }), {
    description: 'other undecided applications for the same credit code; only for reviewers',
  }),
  prefixHolder: orNull(
    Type.String({
      description: 'another code that holds the proven prefix here; only for reviewers',
    }),
  ),
})
