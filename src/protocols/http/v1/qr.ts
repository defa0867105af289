import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { LabelFormat } from '../../../services/labels/code-labels.ts'
import type { HttpApp } from '../app.ts'
import { isNotModified } from '../etag.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import type { HttpParts } from '../parts.ts'
import { closed, codeSchema, oneOf, responses } from '../schemas.ts'

const mediaTypes = { svg: 'image/svg+xml', png: 'image/png' } as const satisfies Record<
  LabelFormat,
  string
>

/** Drawing and reading a symbol takes as long as this many answers. */
const labelQuestions = 100

/** Only a new name of the enterprise, or of the node, draws another label. */
const labelSeconds = 3_600

/** `GET /v1/enterprises/{code}/qr.svg` and `qr.png`: an enterprise code as a QR symbol to be printed. */
export function qrRoutes(app: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const { codeLabels, directory, names } = parts
  const { min, max, usual } = codeLabels.sizeMm
  const querystring = closed({
    size: Type.Optional(
      Type.Integer({
        minimum: min,
        maximum: max,
        description: `edge of the symbol with its quiet zone, in millimetres; default ${usual}`,
      }),
    ),
    level: Type.Optional(oneOf(codeLabels.levels, 'error correction; default M')),
    text: Type.Optional(
      oneOf(['0', '1'] as const, '0: the symbol alone, nothing to read below it'),
    ),
  })

  for (const format of ['svg', 'png'] as const) {
    app.get(
      `/v1/enterprises/:code/qr.${format}`,
      {
        config: { action: 'resolve' },
        schema: {
          operationId: format === 'svg' ? 'drawCodeAsSvg' : 'drawCodeAsPng',
          summary: `The QR symbol of an enterprise code as ${format.toUpperCase()}`,
          tags: ['enterprises'],
          params: closed({ code: codeSchema }),
          querystring,
          response: responses(
            {
              200: {
                description: 'a label to be printed at its size',
                content: { [mediaTypes[format]]: { schema: { type: 'string', format: 'binary' } } },
              },
              304: { description: 'what If-None-Match names still holds', type: 'null' },
            },
            'IDENTIFIER_MALFORMED',
            'IDENTIFIER_UNKNOWN',
            'IDENTIFIER_GONE',
          ),
        },
      },
      async ({ params, query, address, caller, headers }, reply) => {
        publishPolicy(reply, limits)
        limits.demand(address, labelQuestions)
        const identifier = names.parse(params.code, 'code')
        limits.demandLookUp(address, caller, identifier)
        const subject = findSubject(identifier, () =>
          limits.countUnknown(address, caller, identifier),
        )
        const { size = usual, level = 'M', text } = query
        const style = { sizeMm: size, level, hasText: text !== '0' }
        const bytes = codeLabels.draw(subject, format, style)
        const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
        reply.headers({
          'Content-Type': mediaTypes[format],
          'Cache-Control': `public, max-age=${labelSeconds}`,
          ETag: tag,
          // An SVG opened by itself is a document: nothing in it may run or load.
          'Content-Security-Policy': "default-src 'none'; sandbox",
        })
        return isNotModified(headers['if-none-match'], tag)
          ? reply.code(304).send()
          : reply.send(bytes)
      },
    )
  }

  /**
   * A suspended code keeps its label: what a scan opens says so, and resuming must not need new stickers. A revoked one
   * never comes back, so that whoever still prints it is told who takes over.
   */
  function findSubject(identifier: Identifier, countUnknown: () => void) {
    const subject = directory.subjectByCode(identifier.text)
    if (subject === undefined) {
      countUnknown()
      throw new Failure('IDENTIFIER_UNKNOWN')
    }
    if (subject.status === 'revoked') {
      const facts = { reason: 'revoked', successor: subject.successor }
      throw new Failure('IDENTIFIER_GONE', undefined, { facts })
    }
    return subject
  }
}
