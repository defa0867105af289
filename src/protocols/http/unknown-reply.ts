import { Failure, type UnknownCode } from '../../model/failures.ts'
import { exposedHeaders } from './cors.ts'
import type { Language } from './language.ts'
import type { ResolveLimits } from './limits.ts'
import type { HttpParts } from './parts.ts'
import { problemMediaType, problemOf } from './problem.ts'

/** A refusal but for what differs from one request to the next. */
export interface UnknownReply {
  /** Names and values in turn, up to the request's id. */
  readonly headers: readonly string[]
  /** The same with the status line before them, up to the value of the id, as `node:http` writes it. */
  readonly head: Buffer
  /** The body before and behind the path that was asked, as JSON has it between its quotes. */
  readonly before: Buffer
  readonly behind: Buffer
}

export type MakeUnknownReply = (code: UnknownCode, language: Language) => UnknownReply

/**
 * The refusal of what is unknown, as the routes of the framework give it to anyone whose page may read all answers: for those
 * who answer before it sees the request. What is the same for all is made once.
 */
export function makeUnknownReplies(
  { publicUrl }: Pick<HttpParts, 'publicUrl'>,
  { policy }: Pick<ResolveLimits, 'policy'>,
): MakeUnknownReply {
  let kept = noneKept()
  let keptUrl: string | undefined
  let keptPolicy: string | undefined

  return function replyTo(code, language) {
    const [url, limit] = [publicUrl(), policy()]
    if (url !== keptUrl || limit !== keptPolicy) {
      kept = noneKept()
      keptUrl = url
      keptPolicy = limit
    }
    const ofLanguage = kept[language]
    ofLanguage[code] ??= make(code, language, url, limit)
    return ofLanguage[code]
  }
}

function noneKept(): Record<Language, Partial<Record<UnknownCode, UnknownReply>>> {
  return { zh: {}, en: {} }
}

/** No path: it stands where the path goes. */
const gap = '<path>'

function make(
  code: UnknownCode,
  language: Language,
  publicUrl: string,
  policy: string | undefined,
): UnknownReply {
  const problem = problemOf(new Failure(code), { language, publicUrl, instance: gap })
  const [before = '', behind = ''] = JSON.stringify(problem).split(gap)
  // In the order and the letters of the framework, `cors.ts`, `limits.ts` and `reply-problem.ts` included.
  const headers = [
    ...['vary', 'Origin', 'access-control-allow-origin', '*'],
    ...['access-control-expose-headers', exposedHeaders],
    ...['cache-control', 'no-store', 'x-content-type-options', 'nosniff'],
    ...(policy === undefined ? [] : ['ratelimit-policy', policy]),
    ...['content-type', problemMediaType, 'content-language', language],
  ]
  const lines = headers.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`))
  return {
    headers,
    head: Buffer.from(`HTTP/1.1 404 Not Found\r\n${lines.join('')}x-request-id: `, 'latin1'),
    before: Buffer.from(before),
    behind: Buffer.from(behind),
  }
}
