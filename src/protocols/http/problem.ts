import { Failure, type FailureCode, type FieldError, failures } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import type { Language } from './language.ts'

/** Our failures as HTTP status codes (RFC 9110 §15, RFC 6585 §4). */
export const failureStatuses = {
  IDENTIFIER_MALFORMED: 400,
  IDENTIFIER_UNKNOWN: 404,
  PREFIX_UNKNOWN: 404,
  IDENTIFIER_GONE: 410,
  INPUT_INVALID: 400,
  NOT_AUTHENTICATED: 401,
  NOT_PERMITTED: 403,
  CONSENT_MISSING: 403,
  CODE_MISSING: 409,
  ALREADY_EXISTS: 409,
  IDEMPOTENCY_MISMATCH: 409,
  STATE_CONFLICT: 409,
  VERSION_STALE: 412,
  TOO_LARGE: 413,
  TOO_MANY: 429,
  OVERLOADED: 503,
  STORE_AWAY: 503,
  UPSTREAM_AWAY: 503,
} as const satisfies Record<FailureCode, number>

/** What can go wrong on this wire only, before or beside the work itself. */
export const wireFailures = {
  ROUTE_UNKNOWN: { status: 404, title: say('没有此路径', 'there is no such path') },
  METHOD_UNKNOWN: {
    status: 405,
    title: say('此路径不支持该方法', 'this path does not take this method'),
  },
  CURSOR_GONE: {
    status: 410,
    title: say('游标早于所保留的变更', 'the cursor is older than what is kept'),
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: say('请求未在时限内发完', 'the request was not sent in time'),
  },
  LINK_UNKNOWN: { status: 404, title: say('没有此类链接', 'there is no link of this type') },
  URL_TOO_LONG: { status: 414, title: say('网址过长', 'the URL is too long') },
  MEDIA_TYPE_UNKNOWN: {
    status: 415,
    title: say('不支持该媒体类型', 'the media type of the body is not taken here'),
  },
  HEADERS_TOO_LARGE: { status: 431, title: say('请求头过大', 'the headers are too large') },
  REQUEST_MALFORMED: {
    status: 400,
    title: say('不是有效的 HTTP 请求', 'this is no valid HTTP request'),
  },
  INTERNAL: { status: 500, title: say('内部错误，已记录', 'our own mistake; it was logged') },
} as const satisfies Record<string, { status: number; title: Text }>

export type WireFailureCode = keyof typeof wireFailures
export type ProblemCode = FailureCode | WireFailureCode

/** A refusal that only HTTP knows. Never leaves this folder. */
export class WireFailure extends Error {
  override readonly name = 'WireFailure'
  readonly code: WireFailureCode
  readonly detail: Text
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: WireFailureCode, detail: Text = wireFailures[code].title, facts = {}) {
    super(`${code}: ${detail.en}`)
    this.code = code
    this.detail = detail
    this.facts = facts
  }
}

/** A problem document (RFC 9457 §3) with our members; facts of a failure stand beside them. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
  readonly instance?: string
  readonly errors?: readonly {
    readonly pointer: string
    readonly rule: string
    readonly detail: string
  }[]
  readonly [fact: string]: unknown
}

export interface ProblemContext {
  readonly language: Language
  /** Where the world sees us, without path. */
  readonly publicUrl: string
  /** The path asked, without its query. */
  readonly instance?: string
}

export const problemMediaType = 'application/problem+json'

/** When a 503 does not say when to come back. Seconds. */
const retryAfterSecondsDefault = 1

export function problemOf(failure: Failure | WireFailure, context: ProblemContext): Problem {
  const { language, publicUrl, instance } = context
  const { code, detail, facts } = failure
  const standard = {
    type: `${publicUrl}/docs/errors#${code}`,
    title: titleOf(code)[language],
    status: statusOf(code),
    code,
    detail: detail[language],
    ...(instance === undefined ? {} : { instance }),
    ...(failure instanceof Failure && failure.errors.length > 0
      ? { errors: failure.errors.map(error => inLanguage(error, language)) }
      : {}),
  }
  // First for their place, last so that no fact takes a standard member's name.
  return { ...standard, ...facts, ...standard }
}

/** Seconds for `Retry-After` (RFC 9110 §10.2.3) where coming back makes sense. */
export function retryAfterOf(failure: Failure | WireFailure): number | undefined {
  const status = statusOf(failure.code)
  if (status !== 429 && status !== 503) return undefined
  const seconds = failure instanceof Failure ? failure.retryAfterSeconds : undefined
  return Math.max(1, Math.ceil(seconds ?? retryAfterSecondsDefault))
}

export function statusOf(code: ProblemCode): number {
  return isWireCode(code) ? wireFailures[code].status : failureStatuses[code]
}

function titleOf(code: ProblemCode): Text {
  return isWireCode(code) ? wireFailures[code].title : failures[code]
}

function isWireCode(code: ProblemCode): code is WireFailureCode {
  return Object.hasOwn(wireFailures, code)
}

function inLanguage({ pointer, rule, detail }: FieldError, language: Language) {
  return { pointer, rule, detail: detail[language] }
}
