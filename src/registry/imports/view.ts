import type { Text } from '../../model/text.ts'
import type { ImportCounts, ImportFault, ImportRow } from './rows.ts'

/** A batch as people see it. Instants are RFC 3339. */
export interface ImportView
  extends Pick<
    ImportRow,
    'id' | 'source' | 'batch' | 'seq' | 'state' | 'grant' | 'signer' | 'via' | 'rows' | 'serial'
  > {
  /** SHA-256 of the manifest, hex. */
  readonly manifest: string
  readonly prefixes: readonly string[]
  readonly files: readonly { readonly name: string; readonly rows: number }[]
  readonly counts: ImportCounts
  /** Why it is parked. */
  readonly fault: (Omit<ImportFault, 'detail'> & { readonly detail: Text }) | null
  /** Who has released it; `policy` is the node's own rule. */
  readonly releasedBy: readonly string[]
  readonly receivedAt: string
  readonly updatedAt: string
  readonly appliedAt: string | null
}

export function viewOf(row: ImportRow): ImportView {
  const { id, source, batch, seq, state, grant, signer, via, rows, serial, manifest } = row
  return {
    id,
    source,
    batch,
    seq,
    state,
    grant,
    signer,
    via,
    rows,
    serial,
    manifest: row.digest,
    prefixes: manifest.prefixes,
    files: manifest.files.map(file => ({ name: file.name, rows: file.rows })),
    counts: row.counts,
    fault: row.fault,
    releasedBy: row.releasers,
    receivedAt: row.receivedAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    appliedAt: row.appliedAt?.toISOString() ?? null,
  }
}
