import { Type } from 'typebox'
import { Failure, invalid } from '../../../model/failures.ts'
import { type Prefix, prefixServings, prefixStates } from '../../../model/prefix.ts'
import { say } from '../../../model/text.ts'
import type { HttpApp } from '../app.ts'
import { isNotModified, serialTag } from '../etag.ts'
import type { HttpParts, KnownPrefix } from '../parts.ts'
import {
  changeHeaders,
  closed,
  codeSchema,
  createHeaders,
  json,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  prefixTextSchema,
  responses,
  siteAddressSchema,
  systemSchema,
} from '../schemas.ts'
import { identifierIn } from '../url-text.ts'
import { despiteSchema, historyToJson, tenureSchema, usesSchema } from './holding-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const pattern = '/v1/prefixes/*'
const pathStart = pattern.length - 1
/** More sites than a prefix is served by anywhere. */
const sitesMax = 16

const stateSchema = oneOf(prefixStates)
const servedSchema = oneOf(prefixServings)

const inputMembers = {
  owner: Type.Optional(orNull(codeSchema)),
  state: Type.Optional(stateSchema),
  served: Type.Optional(servedSchema),
  sites: Type.Optional(Type.Array(siteAddressSchema, { maxItems: sitesMax })),
  for: Type.Optional(usesSchema),
  despite: Type.Optional(despiteSchema),
}

const prefixSchema = closed({
  prefix: Type.String(),
  system: systemSchema,
  owner: orNull(Type.String()),
  state: stateSchema,
  served: servedSchema,
  sites: Type.Array(siteAddressSchema),
  for: usesSchema,
  serial: Type.Integer(),
})
const prefixStorySchema = closed({
  ...prefixSchema.properties,
  history: Type.Array(tenureSchema, { description: 'who has held it, the latest first' }),
})

/** Prefixes under the node: who owns them, whether they answer, and where. */
export function prefixRoutes(
  app: HttpApp,
  { prefixes, directory, prefixKeys, mapping }: HttpParts,
): void {
  app.get(
    '/v1/prefixes',
    {
      config: { action: 'prefix.list' },
      schema: {
        operationId: 'listPrefixes',
        summary: 'Every prefix this node knows',
        tags: ['prefixes'],
        querystring: closed({ system: Type.Optional(systemSchema), ...pageQuery }),
        response: responses({ 200: json('a page', listOf(prefixSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { system, ...page } = request.query
      return pageOfPrefixes(system, pageOf(page))
    },
  )

  app.post(
    '/v1/prefixes',
    {
      config: { action: 'prefix.create' },
      schema: {
        operationId: 'createPrefix',
        summary: 'Allot or take in a prefix',
        tags: ['prefixes'],
        headers: createHeaders,
        body: closed({
          prefix: prefixTextSchema,
          system: Type.Optional(systemSchema),
          ...inputMembers,
        }),
        response: responses(
          { 201: json('created', prefixSchema) },
          'NOT_PERMITTED',
          'ALREADY_EXISTS',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { caller, idempotency } = writeRequestOf(request)
      const row = await prefixes.create(request.body, caller, idempotency)
      const path = `/v1/prefixes/${encodeURIComponent(prefixKeys.print(row.system, row.prefix))}`
      reply.code(201).header('Location', path).header('ETag', serialTag(row.serial))
      return prefixToJson(row)
    },
  )

  app.get(
    pattern,
    {
      config: { action: 'prefix.read' },
      schema: {
        operationId: 'readPrefix',
        summary: 'A prefix, and who has held it',
        tags: ['prefixes'],
        querystring: closed({}),
        response: responses(
          {
            200: json('the prefix', prefixStorySchema),
            304: { description: 'unchanged', type: 'null' },
          },
          'NOT_PERMITTED',
          'PREFIX_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const { system, prefix } = prefixKeys.parse(identifierIn(request.raw.url ?? '', pathStart))
      const known = directory.find(system, prefix)
      if (known === undefined) throw new Failure('PREFIX_UNKNOWN')
      const tag = serialTag(known.serial)
      reply.header('ETag', tag).header('Cache-Control', 'private, no-cache')
      if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send()
      const history = await mapping.holdings.history(known.system, known.prefix)
      return { ...prefixToJson(known), history: historyToJson(history) }
    },
  )

  app.patch(
    pattern,
    {
      config: { action: 'prefix.patch' },
      schema: {
        operationId: 'patchPrefix',
        summary: 'Change a prefix; a new owner takes it over in one step',
        tags: ['prefixes'],
        consumes: ['application/merge-patch+json', 'application/json'],
        querystring: closed({}),
        headers: changeHeaders,
        body: closed(inputMembers),
        response: responses(
          { 200: json('changed', prefixSchema) },
          'NOT_PERMITTED',
          'PREFIX_UNKNOWN',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'VERSION_STALE',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { system, prefix } = prefixKeys.parse(identifierIn(request.raw.url ?? '', pathStart))
      const row = await prefixes.patch(system, prefix, request.body, writeRequestOf(request))
      reply.header('ETag', serialTag(row.serial))
      return prefixToJson(row)
    },
  )

  /** The table is in memory and ordered, so that a cursor is the last key that was shown. */
  function pageOfPrefixes(
    system: KnownPrefix['system'] | undefined,
    { cursor, limit }: { cursor: string | undefined; limit: number },
  ) {
    const after = cursor === undefined ? undefined : decodeCursor(cursor)
    const rest = directory
      .all()
      .filter(entry => system === undefined || entry.system === system)
      .filter(entry => after === undefined || `${entry.system}:${entry.prefix}` > after)
    const items = rest.slice(0, limit)
    const last = items.at(-1)
    const hasMore = rest.length > limit && last !== undefined
    return {
      items: items.map(prefixToJson),
      next: hasMore ? Buffer.from(`${last.system}:${last.prefix}`).toString('base64url') : null,
    }
  }

  function prefixToJson({
    prefix,
    system,
    owner,
    state,
    served,
    sites,
    uses,
    serial,
  }: Omit<Prefix, 'epoch'> & { serial: number }) {
    return {
      prefix,
      system,
      owner: owner === null ? null : (directory.subject(owner)?.code ?? null),
      state,
      served,
      sites,
      for: uses,
      serial,
    }
  }
}

function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString()
  if (/^[a-z]+:./.test(key)) return key
  throw invalid('/cursor', 'cursor', say('不是列表给出的游标', 'not a cursor that a list gave'))
}
