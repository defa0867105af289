import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { StoredRecord } from '../../../model/record.ts'
import { valueIndexMax } from '../../../model/value.ts'
import type { Leads } from '../../../registry/aliases.ts'
import type { Written } from '../../../registry/identifiers.ts'
import type { RecordInput } from '../../../registry/record-rules.ts'
import type { ValueInput } from '../../../registry/values.ts'
import { valueToJson } from '../answer-json.ts'
import type { HttpApp } from '../app.ts'
import { isNotModified, serialTag } from '../etag.ts'
import type { HttpParts, RecordSummary } from '../parts.ts'
import { placeOf } from '../place.ts'
import {
  changeHeaders,
  closed,
  createHeaders,
  identifierSchema,
  json,
  kindSchema,
  listOf,
  orNull,
  pageOf,
  pageQuery,
  prefixTextSchema,
  recordSummarySchema,
  replaceHeaders,
  responses,
  shared,
  valueInputSchema,
} from '../schemas.ts'
import { sheetFormatOf, sheetTypes } from '../sheet-types.ts'
import { identifierIn } from '../url-text.ts'
import { makeExportIdentifiers } from './export-identifiers.ts'
import { writeRequestOf } from './write-request.ts'

const pattern = '/v1/identifiers/*'
const pathStart = pattern.length - 1

/** Of one record; a longer list would be another request. */
const valuesMax = 1000

const valuesSchema = Type.Array(valueInputSchema, { maxItems: valuesMax })
const inputMembers = {
  kind: Type.Optional(kindSchema),
  values: Type.Optional(valuesSchema),
  successor: Type.Optional(orNull(identifierSchema)),
}
const patchMembers = {
  ...inputMembers,
  // RFC 7396: null takes a member away, which leaves a record without values.
  values: Type.Optional(orNull(valuesSchema)),
}

const writeProblems = [
  'IDENTIFIER_MALFORMED',
  'PREFIX_UNKNOWN',
  'NOT_PERMITTED',
  'ALREADY_EXISTS',
  'IDEMPOTENCY_MISMATCH',
  'STATE_CONFLICT',
  'VERSION_STALE',
  'TOO_LARGE',
] as const

/** Records: registering, reading as their keepers do, replacing, changing, withdrawing. */
export function identifierRoutes(app: HttpApp, parts: HttpParts): void {
  const { identifiers, records, names, permissions, prefixKeys, aliasLeads } = parts
  const sendExport = makeExportIdentifiers(parts)

  app.post(
    '/v1/identifiers',
    {
      config: { action: 'identifier.create' },
      schema: {
        operationId: 'createIdentifier',
        summary: 'Register an identifier',
        tags: ['identifiers'],
        headers: createHeaders,
        body: closed({ identifier: identifierSchema, ...inputMembers }),
        response: responses({ 201: json('registered', shared('Record')) }, ...writeProblems),
      },
    },
    async (request, reply) => {
      const { identifier, ...input } = request.body
      const written = await identifiers.create(identifier, inputOf(input), writeRequestOf(request))
      return sendWritten(reply, written, aliasLeads)
    },
  )

  app.get(
    '/v1/identifiers',
    {
      config: { action: 'identifier.list' },
      schema: {
        operationId: 'listIdentifiers',
        summary: 'The identifiers under a prefix; as a file of rows, all records with their values',
        tags: ['identifiers'],
        querystring: closed({ prefix: prefixTextSchema, ...pageQuery }),
        response: responses(
          {
            200: {
              description: 'a page; as a file, all records with their values',
              content: {
                'application/json': { schema: listOf(recordSummarySchema) },
                ...Object.fromEntries(
                  Object.values(sheetTypes).map(([type]) => [type, { schema: { type: 'string' } }]),
                ),
              },
            },
          },
          'NOT_PERMITTED',
          'PREFIX_UNKNOWN',
          'TOO_LARGE',
          'TOO_MANY',
        ),
      },
    },
    async (request, reply) => {
      const { prefix: text, ...page } = request.query
      const { system, prefix } = prefixKeys.parse(text)
      permissions.demand(
        request.caller,
        'identifier.list',
        placeOf(parts, { system, authority: prefix }),
      )
      const format = sheetFormatOf(request.headers.accept)
      if (format !== undefined) return sendExport(request, reply, format, { system, prefix })
      const { items, next } = await records.list(system, prefix, pageOf(page))
      return { items: items.map(summaryToJson), next }
    },
  )

  app.get(
    pattern,
    {
      config: { action: 'identifier.read' },
      schema: {
        operationId: 'readIdentifier',
        summary: 'A record as it is stored, with its values that are not public',
        tags: ['identifiers'],
        querystring: closed({}),
        response: responses(
          {
            200: json('the record', shared('Record')),
            304: { description: 'unchanged', type: 'null' },
          },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'PREFIX_UNKNOWN',
          'IDENTIFIER_GONE',
          'NOT_PERMITTED',
        ),
      },
    },
    async (request, reply) => {
      const identifier = names.parse(identifierIn(request.raw.url ?? '', pathStart))
      const record = await readFor(request.caller, identifier)
      const tag = serialTag(record.serial)
      reply.header('ETag', tag).header('Cache-Control', 'private, no-cache')
      if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send()
      return recordToJson(record, aliasLeads)
    },
  )

  app.put(
    pattern,
    {
      config: { action: 'identifier.replace' },
      schema: {
        operationId: 'replaceIdentifier',
        summary: 'Create or replace a record; with index, only these values',
        tags: ['identifiers'],
        querystring: closed({
          index: Type.Optional(
            Type.Array(Type.Integer({ minimum: 1, maximum: valueIndexMax }), {
              maxItems: valuesMax,
            }),
          ),
        }),
        headers: replaceHeaders,
        body: closed(inputMembers),
        response: responses(
          { 200: json('replaced', shared('Record')), 201: json('created', shared('Record')) },
          ...writeProblems,
        ),
      },
    },
    async (request, reply) => {
      const identifier = identifierIn(request.raw.url ?? '', pathStart)
      const { index } = request.query
      const input = inputOf(request.body)
      const written = await identifiers.replace(identifier, input, writeRequestOf(request), index)
      return sendWritten(reply, written, aliasLeads)
    },
  )

  app.patch(
    pattern,
    {
      config: { action: 'identifier.patch' },
      schema: {
        operationId: 'patchIdentifier',
        summary: 'Change members of a record (RFC 7396): an array replaces the array',
        tags: ['identifiers'],
        consumes: ['application/merge-patch+json', 'application/json'],
        querystring: closed({}),
        headers: changeHeaders,
        body: closed(patchMembers),
        response: responses(
          { 200: json('changed', shared('Record')) },
          ...writeProblems,
          'IDENTIFIER_UNKNOWN',
          'IDENTIFIER_GONE',
        ),
      },
    },
    async (request, reply) => {
      const identifier = identifierIn(request.raw.url ?? '', pathStart)
      const input = inputOf(request.body)
      const written = await identifiers.patch(identifier, input, writeRequestOf(request))
      return sendWritten(reply, written, aliasLeads)
    },
  )

  app.delete(
    pattern,
    {
      config: { action: 'identifier.delete' },
      schema: {
        operationId: 'deleteIdentifier',
        summary: 'Withdraw an identifier: its tombstone stays',
        tags: ['identifiers'],
        headers: changeHeaders,
        querystring: closed({
          reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
          successor: Type.Optional(identifierSchema),
        }),
        response: responses(
          { 200: json('the tombstone', shared('Record')) },
          ...writeProblems,
          'IDENTIFIER_UNKNOWN',
          'IDENTIFIER_GONE',
        ),
      },
    },
    async (request, reply) => {
      const identifier = identifierIn(request.raw.url ?? '', pathStart)
      const written = await identifiers.remove(identifier, request.query, writeRequestOf(request))
      return sendWritten(reply, written, aliasLeads)
    },
  )

  async function readFor(
    caller: Parameters<typeof permissions.demand>[0],
    identifier: Identifier,
  ): Promise<StoredRecord> {
    const place = placeOf(parts, identifier)
    const record = await records.read(identifier.key)
    const subject = record?.subject ?? null
    permissions.demand(caller, 'identifier.read', { ...place, subject })
    if (record === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
    if (record.gone === null) return record
    throw new Failure('IDENTIFIER_GONE', undefined, {
      facts: { reason: record.gone.reason, successor: record.successor, serial: record.serial },
    })
  }
}

interface BodyInput {
  readonly kind?: RecordInput['kind']
  readonly values?: readonly (ValueInput & { readonly timestamp?: string })[] | null
  readonly successor?: string | null
}

function inputOf(body: unknown): RecordInput {
  const { kind, values, successor } = body as BodyInput
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(values === undefined ? {} : { values: (values ?? []).map(withoutTimestamp) }),
    ...(successor === undefined ? {} : { successor }),
  }
}

/** A value read may be written back: when it was written is the node's to say. */
function withoutTimestamp({
  timestamp: _,
  ...value
}: ValueInput & { timestamp?: string }): ValueInput {
  return value
}

function summaryToJson({ identifier, system, kind, serial, updatedAt }: RecordSummary) {
  return { identifier, system, kind, serial, updatedAt }
}

/** The location is relative, and encoded whole, so that no client folds dots or slashes of an identifier. */
function sendWritten(
  reply: FastifyReply,
  { record, created }: Written,
  leads: Leads,
): FastifyReply {
  reply.header('ETag', serialTag(record.serial))
  if (created) {
    reply.code(201).header('Location', `/v1/identifiers/${encodeURIComponent(record.identifier)}`)
  }
  return reply.send(recordToJson(record, leads))
}

function recordToJson(record: StoredRecord, leads: Leads) {
  const { identifier, system, kind, values, successor, serial, updatedAt } = record
  return {
    identifier,
    system,
    kind,
    values: values.map(valueToJson),
    successor,
    serial,
    updatedAt,
    submitter: record.submitter,
    basis: record.basis,
    aliases: record.aliases.map(alias => ({
      system: alias.system,
      identifier: alias.text,
      standing: alias.standing,
      ...(leads(alias, record) ? {} : { unproven: true }),
    })),
    ...(record.gone === null ? {} : { gone: record.gone }),
  }
}
