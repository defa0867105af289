import { type TSchema, Type } from 'typebox'
import { roles } from '../../model/caller.ts'
import { kinds, systems } from '../../model/identifier.ts'
import { prefixUses } from '../../model/prefix.ts'
import { aliasStandings, bases } from '../../model/record.ts'
import { subjectStatuses } from '../../model/subject.ts'
import { valueIndexMax } from '../../model/value.ts'
import { type ProblemCode, problemMediaType, statusOf } from './problem.ts'

/** Schemas that more than one route names. They validate, type and document at once. */

/** An object with these members and no others. */
export function closed<Members extends Record<string, TSchema>>(members: Members, options = {}) {
  return Type.Object(members, { additionalProperties: false, ...options })
}

/** One text of a few. */
export function oneOf<const Texts extends readonly string[]>(texts: Texts, description?: string) {
  return Type.Unsafe<Texts[number]>({
    type: 'string',
    enum: texts,
    ...(description === undefined ? {} : { description }),
  })
}

/**
 * The words of a union that another room owns, for what needs them when it runs: a word that is missing here, or is no
 * longer there, does not compile.
 */
export function wordsOf<Word extends string>(words: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(words) as Word[]
}

export function orNull<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()])
}

export const systemSchema = oneOf(systems, 'identifier system')
export const kindSchema = oneOf(kinds)
export const roleSchema = oneOf(roles)
export const instantSchema = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' })
export const identifierSchema = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: 'an identifier in any spelling; its normal form has at most 255 bytes',
})
export const codeSchema = Type.String({
  minLength: 14,
  maxLength: 255,
  description: 'an enterprise code',
})
export const prefixTextSchema = Type.String({ minLength: 1, maxLength: 255 })

/** A record as lists show it. */
export const recordSummarySchema = closed({
  identifier: Type.String(),
  system: systemSchema,
  kind: kindSchema,
  serial: Type.Integer(),
  updatedAt: instantSchema,
})

/** What lists hold at most. */
export const pageLimitMax = 1000
const pageLimitDefault = 100

export const pageQuery = {
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: '`next` of the page before' })),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: pageLimitMax, description: `default ${pageLimitDefault}` }),
  ),
}

export function pageOf({ cursor, limit = pageLimitDefault }: { cursor?: string; limit?: number }) {
  return { cursor, limit }
}

export function listOf(item: TSchema) {
  return closed({ items: Type.Array(item), next: orNull(Type.String()) })
}

const idempotencyKeySchema = Type.Optional(
  Type.String({
    pattern: '^[\\x21-\\x7e]{1,255}$',
    description: 'a repetition within 24 h gets the same answer; per caller, method and path',
  }),
)

/** Headers of writes. Other headers are nobody's business here. */
export const createHeaders = Type.Object({ 'idempotency-key': idempotencyKeySchema })
export const changeHeaders = Type.Object({
  'idempotency-key': idempotencyKeySchema,
  'if-match': Type.Optional(
    Type.String({
      pattern: '^"[0-9]{1,15}(?:\\.[0-9]+\\.[0-9]+(?:\\.r)?(?:\\.[pl])?)?"$',
      description:
        'one ETag of the record or of an answer, as it was read; another serial now is 412',
    }),
  ),
})
export const replaceHeaders = Type.Object({
  ...changeHeaders.properties,
  'if-none-match': Type.Optional(
    Type.Literal('*', { description: 'only where there is nothing yet' }),
  ),
})

const indexSchema = Type.Integer({ minimum: 1, maximum: valueIndexMax })
const referenceSchema = closed({
  handle: Type.String({ minLength: 1, maxLength: 255 }),
  index: Type.Integer({ minimum: 0, maximum: valueIndexMax }),
})
const jwkSchema = Type.Unsafe<{ readonly kty: string; readonly [member: string]: string }>({
  type: 'object',
  required: ['kty'],
  properties: { kty: { type: 'string' } },
  additionalProperties: { type: 'string' },
  description: 'a public key as a JSON Web Key',
})
const keySchema = closed({ format: Type.Literal('key'), value: jwkSchema })
const portSchema = Type.Integer({ minimum: 1, maximum: 65_535 })
const counterSchema = Type.Integer({ minimum: 0, maximum: 65_535 })
const siteSchema = closed({
  version: counterSchema,
  protocolVersion: Type.String({ pattern: '^[0-9]{1,3}\\.[0-9]{1,3}$' }),
  serialNumber: counterSchema,
  primarySite: Type.Boolean(),
  multiPrimary: Type.Boolean(),
  hashOption: Type.Optional(
    oneOf(['HASH_TYPE_BY_PREFIX', 'HASH_TYPE_BY_SUFFIX', 'HASH_TYPE_BY_ALL'] as const),
  ),
  attributes: Type.Array(
    closed({ name: Type.String({ maxLength: 255 }), value: Type.String({ maxLength: 4096 }) }),
    { maxItems: 64 },
  ),
  servers: Type.Array(
    closed({
      serverId: Type.Integer({ minimum: 0, maximum: valueIndexMax }),
      address: Type.String({ minLength: 2, maxLength: 45 }),
      publicKey: Type.Optional(keySchema),
      interfaces: Type.Array(
        closed({
          query: Type.Boolean(),
          admin: Type.Boolean(),
          protocol: oneOf(['TCP', 'UDP', 'HTTP', 'HTTPS'] as const),
          port: portSchema,
        }),
        { maxItems: 16 },
      ),
    }),
    { maxItems: 64 },
  ),
})

const typedData = [
  closed({ format: Type.Literal('string'), value: Type.String() }),
  closed({ format: Type.Literal('base64'), value: Type.String() }),
  closed({
    format: Type.Literal('admin'),
    value: closed({
      handle: Type.String({ minLength: 1, maxLength: 255 }),
      index: Type.Integer({ minimum: 0, maximum: valueIndexMax }),
      permissions: Type.String({ pattern: '^[01]{12}$' }),
      legacyByteLength: Type.Optional(Type.Boolean()),
    }),
  }),
  closed({ format: Type.Literal('vlist'), value: Type.Array(referenceSchema, { maxItems: 1000 }) }),
  closed({ format: Type.Literal('site'), value: siteSchema }),
  keySchema,
] as const

const ttlSchema = Type.Union(
  [Type.Integer({ minimum: 0, maximum: valueIndexMax }), instantSchema],
  { description: 'seconds from reading, or the end as an instant' },
)

/** A value as it is written. `timestamp` may be sent back as it was read; the node sets its own. */
export const valueInputSchema = closed({
  index: indexSchema,
  type: Type.String({ minLength: 1, maxLength: 128 }),
  data: Type.Union([
    Type.String(),
    ...typedData,
    closed({ format: Type.Literal('hex'), value: Type.String() }),
  ]),
  ttl: Type.Optional(ttlSchema),
  permissions: Type.Optional(
    Type.String({
      pattern: '^(?:[01]{4}|\\*)$',
      description: 'admin read, admin write, public read, public write',
    }),
  ),
  references: Type.Optional(Type.Array(referenceSchema, { maxItems: 1000 })),
  timestamp: Type.Optional(instantSchema),
})

export const valueSchema = closed({
  index: indexSchema,
  type: Type.String(),
  data: Type.Union([...typedData]),
  ttl: ttlSchema,
  timestamp: instantSchema,
  permissions: Type.Optional(Type.String()),
  references: Type.Optional(Type.Array(referenceSchema)),
})

export const siteAddressSchema = closed({
  address: Type.String({ minLength: 2, maxLength: 45, description: 'IPv4 or IPv6' }),
  protocols: Type.Array(
    closed({ protocol: oneOf(['TCP', 'UDP', 'HTTP'] as const), port: portSchema }),
    { minItems: 1, maxItems: 8 },
  ),
  url: Type.Optional(Type.String({ format: 'uri', maxLength: 2048 })),
})

/** Schemas with a name of their own in the OpenAPI document. */
export const sharedSchemas = [
  Type.Object(
    {
      type: Type.String(),
      title: Type.String(),
      status: Type.Integer(),
      code: Type.String(),
      detail: Type.String(),
      instance: Type.Optional(Type.String()),
      errors: Type.Optional(
        Type.Array(closed({ pointer: Type.String(), rule: Type.String(), detail: Type.String() })),
      ),
    },
    { $id: 'Problem', description: 'RFC 9457; facts of a failure stand beside these members' },
  ),
  Type.Object(
    {
      identifier: Type.String(),
      system: systemSchema,
      kind: kindSchema,
      code: orNull(Type.String()),
      status: Type.Optional(oneOf(subjectStatuses)),
      successor: Type.Optional(orNull(Type.String())),
      values: Type.Array(valueSchema),
      prefixes: Type.Array(
        closed({
          system: systemSchema,
          prefix: Type.String(),
          for: Type.Array(oneOf(prefixUses)),
        }),
      ),
      morePrefixes: Type.Optional(Type.Literal(true)),
      sameAs: Type.Array(closed({ system: systemSchema, identifier: Type.String() })),
      referral: orNull(
        closed({
          prefix: Type.String(),
          kind: oneOf(['service', 'prefix'] as const),
          sites: Type.Array(siteAddressSchema),
        }),
      ),
      withheld: Type.Optional(
        Type.Array(closed({ index: Type.Integer(), type: Type.String(), reason: Type.String() })),
      ),
      serial: Type.Integer(),
      asOf: instantSchema,
      ttlSeconds: Type.Integer(),
      stale: Type.Optional(Type.Literal(true)),
      asked: Type.Optional(Type.String()),
      trace: Type.Optional(
        Type.Array(
          closed({
            step: Type.String(),
            text: Type.String(),
            facts: Type.Object({}, { additionalProperties: true }),
          }),
        ),
      ),
    },
    { $id: 'Answer', additionalProperties: false },
  ),
  closed(
    {
      identifier: Type.String(),
      system: systemSchema,
      kind: kindSchema,
      values: Type.Array(valueSchema),
      successor: orNull(Type.String()),
      serial: Type.Integer(),
      updatedAt: instantSchema,
      submitter: Type.String(),
      basis: oneOf(bases),
      aliases: Type.Array(
        closed({
          system: systemSchema,
          identifier: Type.String(),
          standing: oneOf(aliasStandings),
          unproven: Type.Optional(
            Type.Literal(true, {
              description:
                'it leads nowhere now: its prefix is not held by whoever holds the record',
            }),
          ),
        }),
      ),
      gone: Type.Optional(closed({ reason: orNull(Type.String()) })),
    },
    { $id: 'Record' },
  ),
  closed(
    {
      linkset: Type.Array(
        Type.Object(
          { anchor: Type.String({ format: 'uri' }) },
          { additionalProperties: true, description: 'each other member is a relation' },
        ),
      ),
    },
    { $id: 'Linkset', description: 'RFC 9264 §4.2' },
  ),
] as const

export function shared(name: 'Problem' | 'Answer' | 'Record' | 'Linkset'): TSchema {
  return Type.Unsafe({ $ref: `${name}#` })
}

/** What can happen to any request here, whatever it asks. */
const alwaysPossible: readonly ProblemCode[] = [
  'INPUT_INVALID',
  'NOT_AUTHENTICATED',
  'URL_TOO_LONG',
  'MEDIA_TYPE_UNKNOWN',
  'TOO_MANY',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
  'STORE_AWAY',
]

/** The responses of a route: what it answers, and the problems it may answer instead. */
export function responses(answers: Readonly<Record<number, unknown>>, ...codes: ProblemCode[]) {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set([...codes, ...alwaysPossible])) {
    const status = statusOf(code)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const problems = [...byStatus].map(([status, possible]) => [
    status,
    {
      description: possible.join(', '),
      content: { [problemMediaType]: { schema: shared('Problem') } },
    },
  ])
  return { ...Object.fromEntries(problems), ...answers }
}

/** A response with a JSON body. */
export function json(description: string, schema: TSchema) {
  return { description, content: { 'application/json': { schema } } }
}

/** Bodies that pages and programs send alike. */
export const formOrJson = ['application/json', 'application/x-www-form-urlencoded']
