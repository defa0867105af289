import { Type } from 'typebox'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import {
  closed,
  instantSchema,
  json,
  listOf,
  oneOf,
  orNull,
  pageOf,
  pageQuery,
  responses,
} from '../schemas.ts'

const topics = [
  'application.decide',
  'application.second',
  'application.mend',
  'application.approved',
  'application.rejected',
  'application.withdrawn',
  'mandate.confirm',
  'mandate.claim',
  'mandate.confirmed',
  'mandate.ended',
  'subject.suspended',
  'subject.resumed',
  'subject.revoked',
  'holding.decide',
  'holding.approved',
  'holding.refused',
  'holding.handedOver',
  'holding.ended',
  'import.release',
  'import.second',
  'import.parked',
] as const

const noticeSchema = closed({
  id: Type.String(),
  at: instantSchema,
  topic: oneOf(topics),
  about: Type.String({
    description: '`application:<id>`, `mandate:<id>`, `holding:<id>`, `import:<id>`, or a code',
  }),
  name: Type.String({ description: 'of the enterprise' }),
  dueAt: orNull(instantSchema),
})

/** `GET /v1/notices`: what waits for the caller, its subject and its role, and what they should know. */
export function noticeRoutes(app: HttpApp, { filingLists, clock }: HttpParts): void {
  app.get(
    '/v1/notices',
    {
      config: { action: 'notice.list' },
      schema: {
        operationId: 'listNotices',
        summary: 'What waits for the caller, the oldest first',
        tags: ['notices'],
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(noticeSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request =>
      filingLists.notices(request.caller, new Date(clock.now()), pageOf(request.query)),
  )
}
