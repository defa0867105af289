import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type {
  JobMode,
  JobRow,
  JobState,
  JobTarget,
  SheetFormat,
} from '../../../registry/jobs/parts.ts'
import { languageOf } from '../language.ts'
import { closed, instantSchema, oneOf, orNull, wordsOf } from '../schemas.ts'
import { sheetTypes } from '../sheet-types.ts'

export const targets = wordsOf<JobTarget>({ identifiers: true, prefixes: true })
export const modes = wordsOf<JobMode>({ all: true, best: true })
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
export const formats = Object.keys(sheetTypes) as SheetFormat[]

const countSchema = Type.Integer({ minimum: 0 })
export const jobSchema = closed({
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

/** A job as {@link jobSchema} shows it. */
export function jobToJson(job: JobRow, request: FastifyRequest) {
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
