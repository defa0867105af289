import type { Kind } from './identifier.ts'

export type ChangeOp = 'created' | 'replaced' | 'deleted'

/** What a committed write announces. */
export interface Change {
  /** Given after commit, in order and without gaps. */
  readonly seq: number
  readonly identifier: string
  readonly serial: number
  readonly op: ChangeOp
  readonly kind: Kind
  /** RFC 3339, UTC. */
  readonly at: string
  /** The hosted prefix of the identifier. */
  readonly prefix: string
  /** Every key whose answer the write may have changed: the record's own and its aliases', old and new. Not on the wire. */
  readonly keys: readonly string[]
}
