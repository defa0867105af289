export const subjectStatuses = ['active', 'suspended', 'revoked'] as const
export type SubjectStatus = (typeof subjectStatuses)[number]

/** An enterprise or institution. */
export interface Subject {
  /** Ours, never shown: survives every change of name, address and code. */
  readonly id: string
  /** Its enterprise code as a whole identifier, `88.118.1/1XJRACLXEEWEA9`. */
  readonly code: string
  readonly name: string
  readonly status: SubjectStatus
  /** The code that takes over after `revoked`. */
  readonly successor: string | null
  /** GB/T 2260, six digits. */
  readonly region: string | null
  /** GB/T 4754, section letter and digits such as `C3911`. */
  readonly industry: string | null
  /** The grade of graded work resumption (AII/002 foreword): a small word of the operator's choice. */
  readonly grade: string | null
}
