import { Failure } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'

/** A statement that an engine refused: for the code that asked, never for a caller. */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  /** SQLSTATE, five characters (PostgreSQL, appendix A). */
  readonly state: string
  readonly constraint: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined

  constructor(refusal: SqlRefusal, cause?: unknown) {
    super(`${refusal.state}: ${refusal.message}`, cause === undefined ? undefined : { cause })
    this.state = refusal.state
    this.constraint = refusal.constraint
    this.table = refusal.table
    this.column = refusal.column
  }
}

/** What an engine says when it refuses. Its DETAIL is left out, because that quotes rows. */
export interface SqlRefusal {
  readonly state: string
  readonly message: string
  readonly constraint?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
}

/** A row that is there already, under this unique constraint or index if one is named. */
export function isDuplicate(error: unknown, constraint?: string): error is SqlError {
  return (
    error instanceof SqlError &&
    error.state === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  )
}

/** How long a caller should wait before it asks a store again that was away. */
const retryAfterSeconds = 1

/** The one answer to everything that keeps the store from answering; the reason is for the log. */
export function storeAway(cause: unknown, detail?: Text): Failure {
  return new Failure('STORE_AWAY', detail, { retryAfterSeconds, cause })
}

/** For a write whose COMMIT was sent but never confirmed: it happened or it did not. */
export const outcomeUnknown = say(
  '提交时与存储失去联系，写入可能已经完成；请先查询，再决定是否重试',
  'the store was lost while committing: the write may have happened, so look before repeating it',
)
