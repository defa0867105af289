import type { StoredRecord } from '../../model/record.ts'

/** The columns of a record, in one place for every query that reads whole records; `r` is the table's alias. */
export const recordColumns = `r.key, r.prefix, r.identifier, r.system, r.kind, r.values, r.aliases, r.subject,
  r.submitter, r.basis, r.serial, r.successor, r.gone, r.updated_at`

export interface RecordRow {
  key: string
  prefix: string
  identifier: string
  system: StoredRecord['system']
  kind: StoredRecord['kind']
  values: StoredRecord['values']
  aliases: StoredRecord['aliases']
  subject: string | null
  submitter: string
  basis: StoredRecord['basis']
  serial: number
  successor: string | null
  gone: StoredRecord['gone']
  updated_at: Date
}

export function rowToRecord(row: RecordRow): StoredRecord {
  return {
    key: row.key,
    identifier: row.identifier,
    system: row.system,
    prefix: row.prefix,
    kind: row.kind,
    values: row.values,
    aliases: row.aliases,
    subject: row.subject,
    submitter: row.submitter,
    basis: row.basis,
    serial: row.serial,
    updatedAt: row.updated_at.toISOString(),
    successor: row.successor,
    gone: row.gone,
  }
}
