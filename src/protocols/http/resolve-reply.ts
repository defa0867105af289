import type { Resolution } from '../../resolver/resolve.ts'
import { answerTag } from './etag.ts'
import { type AnswerForm, mediaTypes } from './negotiate.ts'

/** What a cached answer on the wire depends on, besides the identifier. */
export interface ReplyContext {
  readonly form: AnswerForm
  /** The answer's `Link` header; undefined where it has no links. */
  readonly link: string | undefined
  /** The answer holds what this asker alone may see. */
  readonly isRestricted: boolean
  /** The asker said who it is. */
  readonly isPrivate: boolean
  /** Answers name the web page that may read them, rather than any. */
  readonly variesByOrigin?: boolean
}

/**
 * The headers of an answer, names and values in turn, without its length. A list, because node writes it without
 * looking at every name again.
 */
export function replyHeaders(resolution: Resolution, context: ReplyContext): string[] {
  const { answer, etag, source, ageSeconds, trust } = resolution
  const { form, link, isRestricted, isPrivate, variesByOrigin = false } = context
  const headers = [
    'Content-Type',
    mediaTypes[form],
    'Cache-Control',
    cacheControl(answer, isRestricted, isPrivate),
    'Age',
    String(ageSeconds),
    'X-Qxm-Source',
    source,
    'Vary',
    variesByOrigin ? 'Accept, Origin' : 'Accept',
    'X-Content-Type-Options',
    'nosniff',
  ]
  if (link !== undefined) headers.push('Link', link)
  // Of an answer from elsewhere, also one that is remembered: whether signatures prove it.
  if (trust !== undefined) headers.push('X-Qxm-Trust', trust)
  if (answer.stale === undefined) headers.push('ETag', answerTag(etag, form, isRestricted))
  return headers
}

/** What depends on the asker, or is older than its life, is kept by nobody (RFC 9111 §5.2.2). */
function cacheControl(
  { ttlSeconds, stale }: Resolution['answer'],
  isRestricted: boolean,
  isPrivate: boolean,
): string {
  if (isRestricted) return 'private, no-store'
  if (stale === true) return 'no-cache'
  return isPrivate ? `private, max-age=${ttlSeconds}` : `public, max-age=${ttlSeconds}`
}
