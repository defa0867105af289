import { Failure } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { HttpApp } from '../app.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import type { HttpParts } from '../parts.ts'
import { closed, codeSchema } from '../schemas.ts'
import {
  labelFormats,
  labelQuery,
  labelQuestions,
  labelResponses,
  sendLabel,
} from './label-image.ts'

/** `GET /v1/enterprises/{code}/qr.svg` and `qr.png`: an enterprise code as a QR symbol to be printed. */
export function qrRoutes(app: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  const { labels, directory, names } = parts

  for (const format of labelFormats) {
    app.get(
      `/v1/enterprises/:code/qr.${format}`,
      {
        config: { action: 'resolve' },
        schema: {
          operationId: format === 'svg' ? 'drawCodeAsSvg' : 'drawCodeAsPng',
          summary: `The QR symbol of an enterprise code as ${format.toUpperCase()}`,
          tags: ['enterprises'],
          params: closed({ code: codeSchema }),
          querystring: closed(labelQuery(labels)),
          response: labelResponses(format),
        },
      },
      async ({ params, query, address, caller }, reply) => {
        publishPolicy(reply, limits)
        limits.demand(address, labelQuestions)
        const identifier = names.parse(params.code, 'code')
        limits.demandLookUp(address, caller, identifier)
        const subject = findSubject(identifier, () =>
          limits.countUnknown(address, caller, identifier),
        )
        return sendLabel(reply, labels, subject, format, query)
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
    refuseRevoked(subject)
    return subject
  }
}

/** @throws Failure `IDENTIFIER_GONE` naming the code that takes over */
export function refuseRevoked({
  status,
  successor,
}: {
  readonly status: string
  readonly successor: string | null
}): void {
  if (status !== 'revoked') return
  const facts = { reason: 'revoked', successor }
  throw new Failure('IDENTIFIER_GONE', undefined, { facts })
}
