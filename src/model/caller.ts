export const roles = [
  'enterprise',
  'agent',
  'employee',
  'reviewer',
  'government',
  'bank',
  'topnode',
  'operator',
] as const
export type Role = (typeof roles)[number]

/** Who asks. A request without credentials is {@link anyone}. */
export interface Caller {
  /** The client's or account's id, the same in audit rows and idempotency scopes. */
  readonly id: string
  readonly role: Role | 'anyone'
  /** Subject id the caller acts for, if it is bound to one. */
  readonly subject: string | null
  /** The prefixes it may write under, over those its subject owns; label-wise. */
  readonly prefixes: readonly string[]
}

export const anyone: Caller = { id: 'anyone', role: 'anyone', subject: null, prefixes: [] }
