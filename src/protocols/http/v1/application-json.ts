import type { FastifyReply } from 'fastify'
import type { Caller } from '../../../model/caller.ts'
import type { FieldError } from '../../../model/failures.ts'
import type { ApplicationDetail, ApplicationView } from '../../../registry/applications/view.ts'
import { serialTag } from '../etag.ts'
import type { Language } from '../language.ts'

export function sendView(
  reply: FastifyReply,
  view: ApplicationView,
  language: Language,
): FastifyReply {
  return reply.header('ETag', serialTag(view.serial)).send(viewToJson(view, language))
}

/** Member by member: what else is known of an application never gets out by accident. */
export function viewToJson(view: ApplicationView, language: Language) {
  const { id, kind, state, serial, code, basic, consent, evidence, proof, mandate } = view
  const {
    filer,
    reviewer,
    endorsedBy,
    comments,
    note,
    warnings,
    derived,
    dueAt,
    createdAt,
    updatedAt,
  } = view
  return {
    id,
    kind,
    state,
    serial,
    code,
    basic,
    consent,
    evidence,
    proof,
    declaration: true,
    mandate,
    filer,
    reviewer,
    endorsedBy,
    comments,
    note,
    warnings: warnings.map(warning => inLanguage(warning, language)),
    derived,
    dueAt,
    createdAt,
    updatedAt,
  }
}

export function detailToJson(detail: ApplicationDetail, { role }: Caller) {
  const { history, changes, conflicts, prefixHolder } = detail
  return role === 'reviewer'
    ? { history, changes, conflicts, prefixHolder }
    : { history, changes, conflicts: [], prefixHolder: null }
}

function inLanguage({ pointer, rule, detail }: FieldError, language: Language) {
  return { pointer, rule, detail: detail[language] }
}
