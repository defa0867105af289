import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type Failure, invalid } from '../../../model/failures.ts'
import { prefixServings, prefixStates } from '../../../model/prefix.ts'
import { say } from '../../../model/text.ts'
import type { SheetFormat } from '../../../registry/jobs/parts.ts'
import type { PrefixRowInput } from '../../../registry/jobs/receive.ts'
import type { RowInput } from '../../../registry/staging/check-rows.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  codeSchema,
  createHeaders,
  identifierSchema,
  json,
  kindSchema,
  oneOf,
  orNull,
  prefixTextSchema,
  responses,
  systemSchema,
  valueInputSchema,
} from '../schemas.ts'
import { allowLongBody } from '../server.ts'
import { sheetTypes } from '../sheet-types.ts'
import { invalidInput } from '../validation.ts'
import { usesSchema } from './holding-schemas.ts'
import { formats, jobSchema, jobToJson, modes, targets } from './job-schemas.ts'

const acceptedTypes = Object.values(sheetTypes).flat()

/** Of one record, as of a single write. */
const valuesMax = 1000

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

/** Apart, because its bodies are no JSON, and are read by whoever takes the rows. */
export function receiveJobRoute(app: HttpApp, { jobs }: HttpParts): void {
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
        return jobToJson(job, request)
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
