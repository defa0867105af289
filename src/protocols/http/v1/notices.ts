import { Type } from 'typebox'
import type { NoticeTopic } from '../../../registry/applications/parts.ts'
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
  wordsOf,
} from '../schemas.ts'

const topics = wordsOf<NoticeTopic>({
  'application.decide': true,
  'application.second': true,
  'application.mend': true,
  'application.approved': true,
  'application.rejected': true,
  'application.withdrawn': true,
  'mandate.confirm': true,
  'mandate.claim': true,
  'mandate.confirmed': true,
  'mandate.ended': true,
  'subject.suspended': true,
  'subject.resumed': true,
  'subject.revoked': true,
  'holding.decide': true,
  'holding.approved': true,
  'holding.refused': true,
  'holding.handedOver': true,
  'holding.ended': true,
  'import.release': true,
  'import.second': true,
  'import.parked': true,
})

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
