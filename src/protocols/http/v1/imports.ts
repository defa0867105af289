import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { say } from '../../../model/text.ts'
import type { RowsPage } from '../../../registry/imports/desk.ts'
import type { ImportState, ImportVia } from '../../../registry/imports/parts.ts'
import type { PlannedChange } from '../../../registry/imports/plan.ts'
import type { ImportView } from '../../../registry/imports/view.ts'
import type { HttpApp } from '../app.ts'
import { serialTag } from '../etag.ts'
import { type Language, languageOf } from '../language.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  changeHeaders,
  closed,
  codeSchema,
  instantSchema,
  json,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  responses,
  wordsOf,
} from '../schemas.ts'
import { basicSchema } from './application-schemas.ts'
import { writeRequestOf } from './write-request.ts'

const idSchema = Type.String({ minLength: 1, maxLength: 64 })
const params = closed({ id: idSchema })
const importStates = wordsOf<ImportState>({
  received: true,
  parked: true,
  planned: true,
  released: true,
  applied: true,
  rolledBack: true,
})
const countSchema = Type.Integer({ minimum: 0 })

const importSchema = closed({
  id: Type.String(),
  source: Type.String(),
  batch: Type.String({ description: 'as the top-level node calls it' }),
  seq: Type.Integer(),
  state: oneOf(importStates),
  grant: Type.String(),
  signer: Type.String(),
  via: oneOf(wordsOf<ImportVia>({ push: true, pull: true })),
  manifest: Type.String({ description: 'SHA-256 of the manifest, hex' }),
  prefixes: Type.Array(Type.String()),
  files: Type.Array(closed({ name: Type.String(), rows: countSchema })),
  rows: countSchema,
  counts: closed({
    rows: countSchema,
    added: countSchema,
    changed: countSchema,
    unchanged: countSchema,
    withdrawn: countSchema,
    conflicting: Type.Integer({
      description: 'of those that change something: somebody else wrote it',
    }),
    questions: Type.Integer({ description: 'rows of which a person says whom they concern' }),
  }),
  fault: orNull(
    closed(
      {
        rule: Type.String(),
        detail: Type.String(),
        file: Type.Optional(Type.String()),
        row: Type.Optional(Type.Integer()),
        field: Type.Optional(Type.String()),
      },
      { description: 'why it is parked' },
    ),
  ),
  releasedBy: Type.Array(Type.String()),
  serial: Type.Integer(),
  receivedAt: instantSchema,
  updatedAt: instantSchema,
  appliedAt: orNull(instantSchema),
})

const outcomes = wordsOf<PlannedChange['outcome']>({
  added: true,
  changed: true,
  unchanged: true,
  withdrawn: true,
  conflicting: true,
  question: true,
  skipped: true,
})

const plannedSchema = closed({
  file: Type.String(),
  row: Type.Integer(),
  target: orNull(Type.String({ description: 'an identifier, a prefix, or a code' })),
  outcome: oneOf(outcomes),
  isConflicting: Type.Boolean(),
})

const questionSchema = closed({
  row: Type.Integer(),
  basic: basicSchema,
  prefix: orNull(Type.String()),
  candidates: Type.Array(Type.String({ description: 'the code of a subject' })),
})

const refusals = ['NOT_PERMITTED', 'ROUTE_UNKNOWN'] as const
const changes = [
  ...refusals,
  'METHOD_UNKNOWN',
  'STATE_CONFLICT',
  'IDEMPOTENCY_MISMATCH',
  'VERSION_STALE',
  'TOO_LARGE',
] as const

/** What people do with what the top-level node brought. */
export function importRoutes(app: HttpApp, { imports: { desk, pull } }: HttpParts): void {
  app.get(
    '/v1/imports',
    {
      config: { action: 'import.read' },
      schema: {
        operationId: 'listImports',
        summary: 'Batches of the top-level node, the newest first',
        tags: ['imports'],
        querystring: closed({
          state: Type.Optional(oneOf(importStates)),
          source: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
          ...pageQuery,
        }),
        response: responses({ 200: json('a page', listOf(importSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async ({ query: { state, source, ...page }, caller, headers }) => {
      const { items, next } = await desk.list({ state, source }, pageOf(page), caller)
      const language = languageOf(headers['accept-language'])
      return { items: items.map(view => viewToJson(view, language)), next }
    },
  )

  app.get(
    '/v1/imports/:id',
    {
      config: { action: 'import.read' },
      schema: {
        operationId: 'readImport',
        summary: 'A batch, and what became of it',
        tags: ['imports'],
        params,
        querystring: closed({}),
        response: responses({ 200: json('the batch', importSchema) }, ...refusals),
      },
    },
    async ({ params: { id }, caller, headers }, reply) =>
      sendView(reply, await desk.read(id, caller), languageOf(headers['accept-language'])),
  )

  app.get(
    '/v1/imports/:id/rows',
    {
      config: { action: 'import.read' },
      schema: {
        operationId: 'previewImport',
        summary: 'What releasing a batch would do, row by row',
        tags: ['imports'],
        params,
        querystring: closed({
          file: oneOf(['identifiers.ndjson', 'prefixes.ndjson', 'basic.ndjson'] as const),
          ...pageQuery,
        }),
        response: responses(
          { 200: json('a page', listOf(plannedSchema)) },
          ...refusals,
          'STATE_CONFLICT',
        ),
      },
    },
    async ({ params: { id }, query: { file, ...query }, caller }) => {
      const { cursor, limit } = pageOf(query)
      const page = await desk.preview(id, { file, after: rowIn(cursor), limit }, caller)
      return pageToJson(found(page))
    },
  )

  app.post(
    '/v1/imports::pull',
    {
      config: { action: 'import.pull' },
      schema: {
        operationId: 'pullImports',
        summary: 'Ask the feed of the top-level node now, until it has nothing more',
        tags: ['imports'],
        querystring: closed({}),
        response: responses(
          { 200: json('asked', closed({ received: countSchema })) },
          'NOT_PERMITTED',
          'STATE_CONFLICT',
          'UPSTREAM_AWAY',
          'TOO_LARGE',
        ),
      },
    },
    async ({ caller }) => pull(caller),
  )

  for (const [name, operationId, summary] of [
    ['release', 'releaseImport', 'Let a planned batch in; the second reviewer to say so does'],
    [
      'rollback',
      'rollBackImport',
      'Take an applied batch back while nothing newer touched its rows, or put one aside',
    ],
  ] as const) {
    app.post(
      `/v1/imports/:id([^:]+)::${name}`,
      {
        config: { action: `import.${name}` },
        schema: {
          operationId,
          summary,
          tags: ['imports'],
          params,
          querystring: closed({}),
          headers: changeHeaders,
          response: responses({ 200: json('the batch', importSchema) }, ...changes),
        },
      },
      async (request, reply) => {
        const view = await desk[name](request.params.id, writeRequestOf(request))
        return sendView(reply, view, languageOf(request.headers['accept-language']))
      },
    )
  }

  app.get(
    '/v1/imports/:id/questions',
    {
      config: { action: 'import.answer' },
      schema: {
        operationId: 'listImportQuestions',
        summary: 'Rows of which a person says whom they concern; looking is put on record',
        tags: ['imports'],
        params,
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(questionSchema)) }, ...refusals),
      },
    },
    async ({ params: { id }, query, caller }) => {
      const { cursor, limit } = pageOf(query)
      return pageToJson(found(await desk.questions(id, { after: rowIn(cursor), limit }, caller)))
    },
  )

  app.post(
    '/v1/imports/:id([^:]+)/questions/:row([0-9]{1,15})::answer',
    {
      config: { action: 'import.answer' },
      schema: {
        operationId: 'answerImportQuestion',
        summary: 'Say whom a row concerns; of an applied batch it is written at once',
        tags: ['imports'],
        params: closed({ id: idSchema, row: Type.String({ pattern: '^[0-9]{1,15}$' }) }),
        querystring: closed({}),
        headers: changeHeaders,
        body: Type.Union([
          closed({ subject: codeSchema }),
          closed({ new: Type.Literal(true) }),
          closed({ skip: Type.Literal(true) }),
        ]),
        response: responses({ 200: json('the batch', importSchema) }, ...changes),
      },
    },
    async (request, reply) => {
      const { id, row } = request.params
      const view = await desk.answer(id, Number(row), request.body, writeRequestOf(request))
      return sendView(reply, view, languageOf(request.headers['accept-language']))
    },
  )
}

function sendView(reply: FastifyReply, view: ImportView | undefined, language: Language) {
  const { serial } = found(view)
  reply.header('ETag', serialTag(serial))
  return viewToJson(found(view), language)
}

function viewToJson(view: ImportView, language: Language) {
  const { fault } = view
  return { ...view, fault: fault && { ...fault, detail: fault.detail[language] } }
}

function pageToJson<Item>({ items, next }: RowsPage<Item>) {
  return { items, next: next === null ? null : String(next) }
}

/** Cursors of rows are their numbers. */
function rowIn(cursor: string | undefined): number {
  const row = Number(cursor ?? 0)
  return Number.isSafeInteger(row) && row >= 0 ? row : 0
}

function found<Found>(view: Found | undefined): Found {
  if (view !== undefined) return view
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此批次', 'there is no such batch'))
}
