import { say, type Text } from './text.ts'

/**
 * Everything that can go wrong for a caller. Each wire translates this table exhaustively
 * (`protocols/http/problem.ts` and its siblings); `docs/errors.md` is compared with it by a test.
 */
export const failures = {
  IDENTIFIER_MALFORMED: say('标识格式不正确', 'the text does not follow the identifier grammar'),
  IDENTIFIER_UNKNOWN: say(
    '前缀由本节点负责，但没有此标识',
    'the prefix is ours, and there is no such identifier',
  ),
  PREFIX_UNKNOWN: say('没有已知节点负责此前缀', 'nobody we know answers for this prefix'),
  IDENTIFIER_GONE: say('标识已注销', 'the identifier was withdrawn'),
  INPUT_INVALID: say('输入不符合要求', 'the input breaks a rule'),
  NOT_AUTHENTICATED: say('需要有效的凭证', 'a valid credential is needed'),
  NOT_PERMITTED: say('无权执行此操作', 'the caller may not do this here'),
  CONSENT_MISSING: say('缺少数据主体的授权', 'the owner has not consented to this'),
  CODE_MISSING: say('须先取得企信码', 'an enterprise code is needed first'),
  ALREADY_EXISTS: say('已存在', 'it exists already'),
  IDEMPOTENCY_MISMATCH: say(
    '同一幂等键对应了不同的请求',
    'this idempotency key was used with another request',
  ),
  STATE_CONFLICT: say('当前状态不允许此操作', 'the present state does not allow this'),
  VERSION_STALE: say('版本已过期，请重新读取', 'the version is stale; read again'),
  TOO_LARGE: say('内容过大', 'the content is too large'),
  TOO_MANY: say('请求过于频繁', 'too many requests'),
  OVERLOADED: say('节点繁忙，请稍后再试', 'the node has too much to do; come back soon'),
  STORE_AWAY: say('存储暂不可用', 'the record store did not answer in time'),
  UPSTREAM_AWAY: say(
    '上级或委托节点暂不可用',
    'the upstream or delegated node did not answer in time',
  ),
} as const satisfies Record<string, Text>

export type FailureCode = keyof typeof failures

/** One broken rule of one field. */
export interface FieldError {
  /** JSON pointer into the input, ending in the field's code name; `''` is the whole input. */
  readonly pointer: string
  /** A short constant for machines: `gs1.checkDigit`, `uscc.length`, `required`. */
  readonly rule: string
  readonly detail: Text
}

export interface FailureMore {
  readonly errors?: readonly FieldError[]
  /** Seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number
  /** Members added to the answer on every wire that can carry them, such as `reason` and `successor` of a tombstone. */
  readonly facts?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The only error that is an answer. Anything else thrown is our own mistake and stays inside. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly detail: Text
  readonly errors: readonly FieldError[]
  readonly retryAfterSeconds: number | undefined
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: FailureCode, detail: Text = failures[code], more: FailureMore = {}) {
    super(`${code}: ${detail.en}`, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.detail = detail
    this.errors = more.errors ?? []
    this.retryAfterSeconds = more.retryAfterSeconds
    this.facts = more.facts ?? {}
  }
}

/** Whether it says that there is no such name here. */
export function isUnknown(error: unknown): error is Failure & { readonly code: UnknownCode } {
  return (
    error instanceof Failure &&
    (error.code === 'IDENTIFIER_UNKNOWN' || error.code === 'PREFIX_UNKNOWN')
  )
}

/** There is no such identifier, where the prefix is ours to answer for; or the prefix is nobody's we know. */
export type UnknownCode = Extract<FailureCode, 'IDENTIFIER_UNKNOWN' | 'PREFIX_UNKNOWN'>

/** A failure of one field: the common case of `INPUT_INVALID`. */
export function invalid(pointer: string, rule: string, detail: Text): Failure {
  return new Failure('INPUT_INVALID', detail, { errors: [{ pointer, rule, detail }] })
}

/** A text that is no identifier: says which rule of which system it breaks. */
export function malformed(
  rule: string,
  detail: Text,
  facts: Record<string, unknown> = {},
): Failure {
  return new Failure('IDENTIFIER_MALFORMED', detail, {
    errors: [{ pointer: '/identifier', rule, detail }],
    facts,
  })
}
