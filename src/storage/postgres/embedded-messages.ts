import type { SqlRefusal } from './store-error.ts'

/** What `embedded.ts` asks its worker thread; several travel in one message, answered in order. */
export type Request = {
  readonly id: number
  /** The transaction the request belongs to; 0 is none. Refused when another one is open. */
  readonly transaction: number
} & (
  | {
      readonly kind: 'query'
      readonly sql: string
      readonly values: readonly (string | null)[]
    }
  | { readonly kind: 'exec'; readonly sql: string }
  | { readonly kind: 'copy'; readonly sql: string; readonly lines: string }
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'close' }
)

/** Omit over each member of the union. */
export type Question = Request extends infer Member
  ? Member extends unknown
    ? Omit<Member, 'id' | 'transaction'>
    : never
  : never

/** The rows of a query as the engine's own text, row after row; `embedded.ts` makes values of them. */
export interface Table {
  readonly columns: readonly string[]
  /** Type OID of each column. */
  readonly types: readonly number[]
  readonly cells: readonly (string | null)[]
}

export type Answer = { readonly id: number } & (
  | { readonly kind: 'table'; readonly table: Table }
  /** The command tag: `COMMIT`, `COPY 12`. */
  | { readonly kind: 'done'; readonly tag: string }
  | { readonly kind: 'refused'; readonly refusal: SqlRefusal }
)

export type Report =
  | { readonly kind: 'opened' }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'notified'; readonly channel: string; readonly payload: string }
  /** The engine itself failed, and the thread ends. */
  | { readonly kind: 'broken'; readonly reason: string }

export interface WorkerSetup {
  /** Where the database's files lie; absent: in memory. */
  readonly files: string | undefined
}
