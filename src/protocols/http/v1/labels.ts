import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure, type FieldError } from '../../../model/failures.ts'
import type { Labelled } from '../../../services/labels/label.ts'
import type { HttpApp } from '../app.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import type { HttpParts } from '../parts.ts'
import { closed, identifierSchema, oneOf, responses } from '../schemas.ts'
import {
  labelFormats,
  labelQuery,
  labelQuestions,
  labelResponses,
  sendLabel,
} from './label-image.ts'
import { refuseRevoked } from './qr.ts'
import { makeAnswering } from './resolve.ts'

const everything = { types: [], indexes: [] } as const

/** Nothing on a sheet runs, and nothing is loaded for it. */
const sheetPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-modals"

/** Labels of whatever resolves here: single images, and sheets to be printed. */
export function labelRoutes(app: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const { labels, names, directory } = parts
  const answering = makeAnswering(parts, limits)

  for (const format of labelFormats) {
    app.get(
      `/v1/labels/qr.${format}`,
      {
        config: { action: 'resolve' },
        schema: {
          operationId: format === 'svg' ? 'drawLabelAsSvg' : 'drawLabelAsPng',
          summary: `The QR symbol of any identifier that resolves here as ${format.toUpperCase()}`,
          tags: ['labels'],
          querystring: closed({ identifier: identifierSchema, ...labelQuery(labels) }),
          response: labelResponses(format),
        },
      },
      async (request, reply) => {
        publishPolicy(reply, limits)
        limits.demand(request.address, labelQuestions)
        const { identifier, ...query } = request.query
        return sendLabel(reply, labels, await thingOf(request, identifier), format, query)
      },
    )
  }

  app.post(
    '/v1/labels',
    {
      config: { action: 'label.print' },
      schema: {
        operationId: 'printLabels',
        summary: 'Labels of codes and other identifiers as a page to be printed',
        tags: ['labels'],
        querystring: closed({}),
        body: closed({
          identifiers: Type.Array(identifierSchema, {
            minItems: 1,
            maxItems: labels.sheetLabelsMax,
          }),
          paper: oneOf(labels.papers, 'millimetres of a label on a roll, or a sheet of labels'),
          level: Type.Optional(oneOf(labels.levels, 'error correction; default M')),
          copies: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: labels.sheetLabelsMax,
              description: `labels of each; at most ${labels.sheetLabelsMax} on a page in all`,
            }),
          ),
        }),
        response: responses(
          {
            200: {
              description: 'a page that a browser prints at its size',
              content: { 'text/html': { schema: { type: 'string' } } },
            },
          },
          'NOT_PERMITTED',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { identifiers, paper, level = 'M', copies = 1 } = request.body
      const things = await thingsOf(request, identifiers)
      const page = await labels.print({ paper, level, copies, things })
      reply.header('Content-Security-Policy', sheetPolicy)
      return reply.type('text/html; charset=utf-8').send(page)
    },
  )

  /** What stands on the label of an identifier that leads somewhere: a scan of any other would only disappoint. */
  async function thingOf(request: FastifyRequest, asked: string): Promise<Labelled> {
    const { answer } = await answering.resolve(request, asked, everything)
    const { text, key } = names.parse(asked)
    const subject = answer.kind === 'subject' ? directory.subjectByCode(text) : undefined
    if (subject === undefined) {
      // As it was registered; another name of the same record stays the name that was asked for.
      const isItsOwn = names.parse(answer.identifier).key === key
      return { identifier: isItsOwn ? answer.identifier : text }
    }
    refuseRevoked(subject)
    return subject
  }

  /** All of them, or every one that has no label named. */
  async function thingsOf(
    request: FastifyRequest,
    identifiers: readonly string[],
  ): Promise<Labelled[]> {
    const found = await Promise.all(
      identifiers.map((asked, at) =>
        thingOf(request, asked).catch((error: unknown): FieldError => {
          if (!(error instanceof Failure) || !isAboutIdentifier(error)) throw error
          return { pointer: `/identifiers/${at}`, rule: error.code, detail: error.detail }
        }),
      ),
    )
    const errors = found.flatMap(each => ('pointer' in each ? [each] : []))
    if (errors.length > 0) throw new Failure('INPUT_INVALID', errors[0]?.detail, { errors })
    return found.flatMap(each => ('pointer' in each ? [] : [each]))
  }
}

function isAboutIdentifier({ code }: Failure): boolean {
  return /^(?:IDENTIFIER|PREFIX)_/.test(code)
}
