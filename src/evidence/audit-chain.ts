import { createHash } from 'node:crypto'

/** An audit row as it is hashed; `at` is RFC 3339 with milliseconds, `detail` what was stored. */
export interface ChainedAuditRow {
  readonly seq: number
  readonly id: string
  readonly at: string
  readonly actor: string
  readonly role: string
  readonly action: string
  readonly target: string
  readonly detail: unknown
}

/**
 * The running hash of the audit table: SHA-256 over the former row's hash and this row's canonical JSON.
 * A row changed, removed or put in later breaks every hash behind it (AII/002 §3, tamper evidence).
 */
export function hashAuditRow(former: Buffer, row: ChainedAuditRow): Buffer {
  const { seq, id, at, actor, role, action, target, detail } = row
  const text = canonicalJson({ action, actor, at, detail, id, role, seq, target })
  return createHash('sha256').update(former).update(text).digest()
}

/** The number of the first row whose hash does not follow from the one before, or undefined when the chain is whole. */
export function findBrokenLink(
  former: Buffer,
  rows: Iterable<ChainedAuditRow & { readonly hash: Buffer }>,
): number | undefined {
  let hash = former
  for (const row of rows) {
    hash = hashAuditRow(hash, row)
    if (!hash.equals(row.hash)) return row.seq
  }
  return undefined
}

/** JSON with sorted members: jsonb does not keep their order (RFC 8785 for the values an audit row holds). */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  return JSON.stringify(value)
}
