import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure, invalid } from '../../../model/failures.ts'
import { prefixServings, prefixStates } from '../../../model/prefix.ts'
import { say } from '../../../model/text.ts'
import type {
  JobMode,
  JobRow,
  JobState,
  JobTarget,
  SheetFormat,
} from '../../../registry/jobs/parts.ts'
import type { PrefixRowInput } from '../../../registry/jobs/receive.ts'
import type { RowInput } from '../../../registry/staging/check-rows.ts'
import type { HttpApp } from '../app.ts'
import { languageOf } from '../language.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  codeSchema,
  createHeaders,
  identifierSchema,
  instantSchema,
  json,
  kindSchema,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  prefixTextSchema,
  responses,
  systemSchema,
  valueInputSchema,
  wordsOf,
} from '../schemas.ts'
import { allowLongBody } from '../server.ts'
import { sheetHeaders, sheetTypes } from '../sheet-types.ts'
import { invalidInput } from '../validation.ts'
import { usesSchema } from './holding-schemas.ts'

const acceptedTypes = Object.values(sheetTypes).flat()

/** Streams of progress that stay open at once in a process: each asks the store twice a second. */
export const watchersMax = 100
const watchEveryMs = 500
/** Below the idle limit of sockets and of common proxies. */
const heartbeatMs = 15_000
const watchersRetrySeconds = 5
/** Of one record, as of a single write. */
const valuesMax = 1000

const targets = wordsOf<JobTarget>({ identifiers: true, prefixes: true })
const modes = wordsOf<JobMode>({ all: true, best: true })
const states = wordsOf<JobState>({
  received: true,
  checking: true,
  checked: true,
  applying: true,
  done: true,
  failed: true,
  cancelled: true,
  undone: true,
})
const formats = Object.keys(sheetTypes) as SheetFormat[]

const countSchema = Type.Integer({ minimum: 0 })
const jobSchema = closed({
  id: Type.String(),
  state: oneOf(states),
  counts: closed({
    rows: countSchema,
    added: countSchema,
    changed: countSchema,
    unchanged: countSchema,
    refused: countSchema,
  }),
  into: oneOf(targets),
  mode: oneOf(modes),
  dryRun: Type.Boolean(),
  format: oneOf(formats),
  bytes: Type.Integer({ description: 'of the file' }),
  sha256: orNull(Type.String({ description: 'of the file, hex' })),
  reached: Type.Integer({ description: 'the number of the last row that is dealt with' }),
  lastRow: Type.Integer(),
  reason: orNull(closed({ code: Type.String(), detail: Type.String() })),
  receipt: orNull(
    Type.String({
      description:
        'a JWS of `{"iss","job","counts","sha256","at"}`, verified with /.well-known/qxm-keys.json',
    }),
  ),
  createdAt: instantSchema,
  updatedAt: instantSchema,
  endedAt: orNull(instantSchema),
})

const params = closed({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const step = (name: string) => `/v1/jobs/:id([^:]+)::${name}`
const stepProblems = ['NOT_PERMITTED', 'STATE_CONFLICT', 'ROUTE_UNKNOWN', 'METHOD_UNKNOWN'] as const
// Without a type: the body is a stream of bytes, which JSON Schema has no word for (OpenAPI 3.1 §4.8.14.3).
const fileSchema = Type.Unsafe<AsyncIterable<Buffer>>({ description: 'the file itself' })

/** What a row says, shaped as the body of a single write. */
const recordRowSchema = closed({
  identifier: identifierSchema,
  kind: Type.Optional(kindSchema),
  values: Type.Optional(Type.Array(valueInputSchema, { maxItems: valuesMax })),
  successor: Type.Optional(orNull(identifierSchema)),
})
const prefixRowSchema = closed({
  prefix: prefixTextSchema,
  system: Type.Optional(systemSchema),
  owner: Type.Optional(orNull(codeSchema)),
  state: Type.Optional(oneOf(prefixStates)),
  served: Type.Optional(oneOf(prefixServings)),
  for: Type.Optional(usesSchema),
})

/** Bulk work: a file of rows, what became of it, and back. */
export function jobRoutes(app: HttpApp, parts: HttpParts): void {
  const { jobs } = parts
  /** Each ends its stream. */
  const watchers = new Set<AbortController>()

  app.addHook('preClose', async () => {
    for (const watcher of watchers) watcher.abort()
  })
  app.register(async uploads => receiveRoute(uploads.withTypeProvider(), parts))

  app.get(
    '/v1/jobs',
    {
      config: { action: 'job.list' },
      schema: {
        operationId: 'listJobs',
        summary: 'One’s own jobs, the newest first; an operator sees all',
        tags: ['jobs'],
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(jobSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { items, next } = await jobs.list(request.caller, pageOf(request.query))
      return { items: items.map(job => toJson(job, request)), next }
    },
  )

  app.get(
    '/v1/jobs/:id',
    {
      config: { action: 'job.read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'readJob',
        summary: 'A job; as server-sent events, its progress until it has ended',
        tags: ['jobs'],
        params,
        querystring: closed({}),
        response: responses(
          {
            200: {
              description: 'the job',
              content: {
                'application/json': { schema: jobSchema },
                'text/event-stream': { schema: { type: 'string' } },
              },
            },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'TOO_MANY',
        ),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const job = found(await jobs.find(id, request.caller))
      const isWatched = request.headers.accept?.includes('text/event-stream') ?? false
      return isWatched ? watch(request, reply, job) : toJson(job, request)
    },
  )

  app.get(
    '/v1/jobs/:id/errors',
    {
      config: { action: 'job.read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'readJobErrors',
        summary:
          'The refused rows in the format that came, with row, field and reason: to be corrected and sent again',
        tags: ['jobs'],
        params,
        querystring: closed({}),
        response: responses(
          {
            200: {
              description: 'the rows',
              content: Object.fromEntries(
                Object.values(sheetTypes).map(([type]) => [type, { schema: { type: 'string' } }]),
              ),
            },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const job = found(await jobs.find(request.params.id, request.caller))
      const language = languageOf(request.headers['accept-language'])
      reply.headers({
        ...sheetHeaders(job.format, `${job.id}-errors`),
        'Content-Language': language,
      })
      return reply.send(Readable.from(jobs.errors(job, language), { objectMode: false }))
    },
  )

  for (const [name, action, summary] of [
    ['apply', 'job.apply', 'Write what a dry run has checked'],
    ['cancel', 'job.apply', 'End a job: what is written stays, and with mode=all nothing is'],
    [
      'undo',
      'job.undo',
      'Take back what a job has written, unless somebody has written some of it again since',
    ],
  ] as const) {
    app.post(
      step(name),
      {
        config: { action },
        schema: {
          operationId: `${name}Job`,
          summary,
          tags: ['jobs'],
          params,
          querystring: closed({}),
          response: responses({ 202: json('the job as it goes on', jobSchema) }, ...stepProblems),
        },
      },
      async (request, reply) => {
        const job = found(await jobs[name](request.params.id, request.caller))
        return reply.code(202).send(toJson(job, request))
      },
    )
  }

  function watch(request: FastifyRequest, reply: FastifyReply, job: JobRow): FastifyReply {
    if (watchers.size >= watchersMax) {
      throw new Failure('TOO_MANY', undefined, { retryAfterSeconds: watchersRetrySeconds })
    }
    const end = new AbortController()
    watchers.add(end)
    reply.raw.on('close', () => {
      watchers.delete(end)
      end.abort()
    })
    reply.headers({
      'Content-Type': 'text/event-stream; charset=utf-8',
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    })
    return reply.send(Readable.from(progress(request, job, end.signal), { objectMode: false }))
  }

  /** An event for each time that something has changed, the last one behind the end. */
  async function* progress(
    request: FastifyRequest,
    first: JobRow,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    let job: JobRow | undefined = first
    let told = ''
    let silentMs = 0
    try {
      while (job !== undefined && !signal.aborted) {
        const text = JSON.stringify(toJson(job, request))
        silentMs = text === told ? silentMs + watchEveryMs : 0
        if (text !== told) yield `event: job\ndata: ${text}\n\n`
        else if (silentMs >= heartbeatMs) {
          silentMs = 0
          yield ':\n\n'
        }
        told = text
        if (job.task === null) return
        await parts.clock.sleep(watchEveryMs, signal)
        job = await jobs.find(job.id, request.caller)
      }
    } catch (error) {
      if (!signal.aborted) parts.log.warn({ err: error }, 'stream of a job ended')
    }
  }
}

/** Apart, because its bodies are no JSON, and are read by whoever takes the rows. */
function receiveRoute(app: HttpApp, { jobs }: HttpParts): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(acceptedTypes, (_request: unknown, body: unknown, done: Done) =>
    done(null, body),
  )
  app.post(
    '/v1/jobs',
    {
      config: { action: 'job.create' },
      // Before the body comes: what it may hold is counted as it does.
      onRequest: async ({ raw }) => allowLongBody(raw.socket),
      schema: {
        operationId: 'createJob',
        summary: 'Send a file of rows: CSV, NDJSON or xlsx',
        tags: ['jobs'],
        headers: createHeaders,
        querystring: closed({
          into: oneOf(targets, 'what the rows are'),
          code: Type.Optional(codeSchema),
          dryRun: Type.Optional(oneOf(['0', '1'] as const, '1: checks, and writes nothing')),
          mode: Type.Optional(
            oneOf(modes, 'all: every row or none; best, the default: what can be written'),
          ),
        }),
        body: {
          content: Object.fromEntries(acceptedTypes.map(type => [type, { schema: fileSchema }])),
        },
        response: responses(
          { 202: json('received', jobSchema) },
          'NOT_PERMITTED',
          'TOO_LARGE',
          'TOO_MANY',
          'IDEMPOTENCY_MISMATCH',
          'STATE_CONFLICT',
        ),
      },
    },
    async (request, reply) => {
      const { into, code, dryRun, mode = 'best' } = request.query
      if (code !== undefined) throw onlyOfTables()
      try {
        const { job } = await jobs.receive({
          caller: request.caller,
          target: into,
          mode,
          isDryRun: dryRun === '1',
          format: formatOf(request.headers['content-type']),
          body: request.body as AsyncIterable<Buffer>,
          idempotencyKey: request.headers['idempotency-key'],
          shapes: {
            record: shape<RowInput>(request, recordRowSchema),
            prefix: shape<PrefixRowInput>(request, prefixRowSchema),
          },
        })
        reply.code(202).header('Location', `/v1/jobs/${job.id}`)
        return toJson(job, request)
      } catch (error) {
        // What is left of the file is not waited for.
        if (!request.raw.complete) reply.header('Connection', 'close')
        throw error
      }
    },
  )
}

type Done = (error: Error | null, body?: unknown) => void

/** The rules that a body of this shape would be held to. */
function shape<Input>(request: FastifyRequest, schema: object): (row: object) => Input {
  const validate = request.compileValidationSchema(schema, 'body')
  return row => {
    if (validate(row)) return row as Input
    throw invalidInput(validate.errors ?? [])
  }
}

function formatOf(contentType = ''): SheetFormat {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const format = formats.find(each => (sheetTypes[each] as readonly string[]).includes(type))
  if (format === undefined) throw new WireFailure('MEDIA_TYPE_UNKNOWN')
  return format
}

function onlyOfTables(): Failure {
  const detail = say(
    '仅数据表任务需要企信码；现有 into=identifiers、prefixes',
    'only tables are an enterprise’s; what exists is into=identifiers and prefixes',
  )
  return invalid('/code', 'job.code', detail)
}

function found(job: JobRow | undefined): JobRow {
  if (job !== undefined) return job
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此任务', 'there is no such job'))
}

function toJson(job: JobRow, request: FastifyRequest) {
  const language = languageOf(request.headers['accept-language'])
  const { id, state, counts, target, mode, isDryRun, format, byteCount, reason } = job
  return {
    id,
    state,
    counts,
    into: target,
    mode,
    dryRun: isDryRun,
    format,
    bytes: byteCount,
    sha256: job.sha256?.toString('hex') ?? null,
    reached: job.reached,
    lastRow: job.lastRow,
    reason: reason && { code: reason.code, detail: reason.detail[language] },
    receipt: job.receipt,
    createdAt: job.createdAt.toISOString(),
    updatedAt: job.updatedAt.toISOString(),
    endedAt: job.endedAt?.toISOString() ?? null,
  }
}
