import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Labelled } from '../../../services/labels/label.ts'
import type { LabelFormat } from '../../../services/labels/labels.ts'
import type { ErrorLevel } from '../../../services/labels/symbol.ts'
import { isNotModified } from '../etag.ts'
import type { HttpParts } from '../parts.ts'
import { oneOf, responses } from '../schemas.ts'

export const labelFormats = ['svg', 'png'] as const satisfies readonly LabelFormat[]

const mediaTypes = { svg: 'image/svg+xml', png: 'image/png' } as const satisfies Record<
  LabelFormat,
  string
>

/** Drawing and reading a symbol takes as long as this many answers. */
export const labelQuestions = 100

/** Only a new name of the enterprise, or of the node, draws another label. */
const labelSeconds = 3_600

export interface LabelQuery {
  readonly size?: number
  readonly level?: ErrorLevel
  readonly text?: '0' | '1'
}

/** How a single label may be asked for. */
export function labelQuery({ sizeMm: { min, max, usual }, levels }: HttpParts['labels']) {
  return {
    size: Type.Optional(
      Type.Integer({
        minimum: min,
        maximum: max,
        description: `edge of the symbol with its quiet zone, in millimetres; default ${usual}`,
      }),
    ),
    level: Type.Optional(oneOf(levels, 'error correction; default M')),
    text: Type.Optional(
      oneOf(['0', '1'] as const, '0: the symbol alone, nothing to read below it'),
    ),
  }
}

export function labelResponses(format: LabelFormat) {
  return responses(
    {
      200: {
        description: 'a label to be printed at its size',
        content: { [mediaTypes[format]]: { schema: { type: 'string', format: 'binary' } } },
      },
      304: { description: 'what If-None-Match names still holds', type: 'null' },
    },
    'IDENTIFIER_MALFORMED',
    'IDENTIFIER_UNKNOWN',
    'PREFIX_UNKNOWN',
    'IDENTIFIER_GONE',
  )
}

/** Draws one label and sends it, or says that the asker has it. */
export function sendLabel(
  reply: FastifyReply,
  labels: HttpParts['labels'],
  thing: Labelled,
  format: LabelFormat,
  { size = labels.sizeMm.usual, level = 'M', text }: LabelQuery,
): FastifyReply {
  const bytes = labels.draw(thing, format, { sizeMm: size, level, hasText: text !== '0' })
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  reply.headers({
    'Content-Type': mediaTypes[format],
    'Cache-Control': `public, max-age=${labelSeconds}`,
    ETag: tag,
    // An SVG opened by itself is a document: nothing in it may run or load.
    'Content-Security-Policy': "default-src 'none'; sandbox",
  })
  return isNotModified(reply.request.headers['if-none-match'], tag)
    ? reply.code(304).send()
    : reply.send(bytes)
}
