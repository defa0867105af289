import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { StoredRecord } from '../../model/record.ts'
import type { FilingLedger } from '../../registry/applications/parts.ts'
import type { ImportLedger } from '../../registry/imports/rows.ts'
import type { JobLedger } from '../../registry/jobs/parts.ts'
import type { KeyLedger } from '../../registry/keys.ts'
import type { Announcement, AuditEntry, Ledger, PrefixRow } from '../../registry/parts.ts'
import type { PeopleLedger } from '../../registry/people/parts.ts'
import { accountWrites } from './accounts.ts'
import { collectSlices } from './announced-slices.ts'
import { applicationReads, applicationWrites } from './applications.ts'
import type { Parameter, Queries, TransactionQueries } from './database.ts'
import { subjectWrites } from './enterprises.ts'
import { fileWrites } from './files.ts'
import { holdingWrites } from './holdings.ts'
import { importReads, importWrites } from './imports.ts'
import { jobWrites } from './jobs.ts'
import { makeKeyRows } from './keys.ts'
import { type LastStatement, makeLastStatement, withNews } from './last-statement.ts'
import { mandateWrites } from './mandates.ts'
import { ruleWrites } from './mapping-rules.ts'
import { proofWrites } from './prefix-proofs.ts'
import { type RecordRow, recordColumns, rowToRecord } from './record-rows.ts'
import { digestsOf } from './reverse.ts'
import { sessionWrites } from './sessions.ts'
import { stagedWrites } from './staging-writes.ts'

export interface OpenLedger extends FilingLedger, KeyLedger, PeopleLedger, JobLedger, ImportLedger {
  /** For this process to follow: one for each identifier, also of those that the staged writes announced. */
  readonly announcements: readonly Announcement[]
  /** Sends the audit and change rows collected so far: the last thing before the commit. */
  flush(): Promise<void>
}

/** The rows of one transaction, as `registry` wants to see them. */
export function makeLedger(transaction: TransactionQueries, caller: Caller, at: Date): OpenLedger {
  const audits: AuditEntry[] = []
  const announcements: Announcement[] = []
  const slices = collectSlices()
  const last = makeLastStatement(transaction, caller, at)
  const queries: TransactionQueries = {
    ...transaction,
    query<Row extends object>(sql: string, parameters?: readonly Parameter[]) {
      last.release()
      return transaction.query<Row>(sql, parameters)
    },
  }

  return {
    at,
    get announcements() {
      return [...announcements, ...slices.announcements()]
    },
    staged: stagedWrites(queries, at, slices.add),
    jobs: jobWrites(queries, at),
    ...recordWrites(queries, at, last),
    ...directoryWrites(queries, at),
    ...clientWrites(queries, at),
    ...applicationReads(queries),
    ...applicationWrites(queries, caller, at, last),
    ...mandateWrites(queries),
    ...subjectWrites(queries, at),
    ...fileWrites(queries, at),
    ...proofWrites(queries),
    ...holdingWrites(queries),
    ...ruleWrites(queries, caller.id, at),
    ...importReads(queries),
    ...importWrites(queries),
    ...accountWrites(queries, at),
    ...sessionWrites(queries, at),
    keyRows: makeKeyRows(queries, () => at, queries),

    async audit(entry) {
      audits.push(entry)
    },

    async announce(announcement) {
      announcements.push(announcement)
    },

    async flush() {
      await slices.flush(queries)
      last.send(audits, announcements)
    },
  }
}

type RecordWrites = Pick<Ledger, 'lockRecord' | 'putRecord' | 'lockAliases' | 'putAliases'>

function recordWrites(queries: TransactionQueries, at: Date, last: LastStatement): RecordWrites {
  return {
    async lockRecord(key) {
      const [row] = await queries.query<RecordRow>(
        `select ${recordColumns} from records r where r.key = $1 for update`,
        [key],
      )
      return row && rowToRecord(row)
    },

    async putRecord(record, before) {
      if (before === undefined) insertRecord(last, record, at)
      else replaceRecord(queries, record, before, at)
    },

    async lockAliases(keys) {
      if (keys.length === 0) return new Map()
      const locked = await queries.query<{ key: string }>(
        'select key from aliases where key = any($1) order by key for update',
        [keys],
      )
      const rows = await queries.query<RecordRow & { asked: string }>(
        `select ${recordColumns}, r.key as asked from records r where r.key = any($1)
         union all
         select ${recordColumns}, a.key as asked
         from aliases a join records r on r.key = a.record_key and r.prefix = a.record_prefix
         where a.key = any($2)`,
        [keys, locked.map(({ key }) => key)],
      )
      // Who is registered by that very name comes before who claims it as an alias.
      const claimed = rows.filter(({ key, asked }) => key !== asked)
      const registered = rows.filter(({ key, asked }) => key === asked)
      return new Map([...claimed, ...registered].map(row => [row.asked, rowToRecord(row)]))
    },

    async putAliases(record, takenOver) {
      const { aliases } = record
      const keys = aliases.map(({ key }) => key)
      if (record.serial > 1) {
        await queries.query(
          'delete from aliases where record_key = $1 and record_prefix = $2 and key <> all($3)',
          [record.key, record.prefix, keys],
        )
      }
      if (keys.length === 0) return
      const rows = await queries.query(
        `insert into aliases (key, system, authority, record_key, record_prefix)
         select key, system, authority, $4, $5
         from unnest($1::text[], $2::text[], $3::text[]) as alias (key, system, authority)
         on conflict (key) do update
         set record_key = excluded.record_key, record_prefix = excluded.record_prefix
         where aliases.record_key = excluded.record_key or aliases.key = any($6)
         returning key`,
        [
          keys,
          aliases.map(({ system }) => system),
          aliases.map(({ authority }) => authority),
          record.key,
          record.prefix,
          takenOver,
        ],
      )
      if (rows.length < keys.length) throw new Failure('ALREADY_EXISTS')
    },
  }
}

/**
 * A record of that key under another prefix lends the new one its prefix, so that it is refused as one under the same: what
 * was registered stays where it is when a longer prefix comes to be responsible for it.
 */
const insertRecordSql = withNews(
  `record as (
     insert into records (key, prefix, identifier, system, kind, values, aliases, subject, submitter, basis,
       serial, successor, gone, created_at, updated_at)
     values ($1, coalesce((select prefix from records where key = $1 limit 1), $2), $3, $4, $5, $6, $7, $8, $9, $10,
       $11, $12, $13, $14, $14)
     returning key
   ), digests as (
     insert into public_values (digest, key) select unnest($15::bigint[]), key from record
   )`,
  15,
)

function insertRecord(last: LastStatement, record: StoredRecord, at: Date): void {
  const { key, prefix, identifier } = record
  const parameters = [key, prefix, identifier, ...recordParameters(record), at, digestsOf(record)]
  last.hold({ sql: insertRecordSql, parameters, taken })
}

function taken(): Failure {
  return new Failure('ALREADY_EXISTS')
}

function replaceRecord(
  queries: TransactionQueries,
  record: StoredRecord,
  before: StoredRecord,
  at: Date,
): void {
  queries.send(
    `insert into record_versions (key, prefix, serial, kind, values, aliases, submitter, basis, successor, gone, source,
       written_at)
     select key, prefix, serial, kind, values, aliases, submitter, basis, successor, gone, source, updated_at
     from records where key = $1 and prefix = $2`,
    [before.key, before.prefix],
  )
  queries.send(
    `with forgotten as (
       delete from public_values where digest = any($16) and key = $1
     ), indexed as (
       insert into public_values (digest, key) select unnest($15::bigint[]), $1
     )
     update records set identifier = $3, system = $4, kind = $5, values = $6, aliases = $7, subject = $8,
       submitter = $9, basis = $10, serial = $11, successor = $12, gone = $13, source = null,
       updated_at = $14
     where key = $1 and prefix = $2`,
    [
      before.key,
      before.prefix,
      record.identifier,
      ...recordParameters(record),
      at,
      digestsOf(record),
      digestsOf(before),
    ],
  )
}

function recordParameters(record: StoredRecord) {
  return [
    record.system,
    record.kind,
    JSON.stringify(record.values),
    JSON.stringify(record.aliases),
    record.subject,
    record.submitter,
    record.basis,
    record.serial,
    record.successor,
    record.gone === null ? null : JSON.stringify(record.gone),
  ] as const
}

type DirectoryWrites = Pick<
  Ledger,
  | 'lockPrefix'
  | 'putPrefix'
  | 'prefixesWithAliasesUnder'
  | 'growEpochs'
  | 'putSubject'
  | 'nextCodeNumber'
>

function directoryWrites(queries: TransactionQueries, at: Date): DirectoryWrites {
  return {
    async lockPrefix(system, prefix) {
      const [row] = await queries.query<PrefixRow & { epoch: number }>(
        `select system, prefix, owner, state, served, sites, uses, epoch, serial
         from prefixes where system = $1 and prefix = $2 for update`,
        [system, prefix],
      )
      return row
    },

    async putPrefix(row, before) {
      queries.send(
        before === undefined
          ? `insert into prefixes (system, prefix, owner, state, served, sites, uses, epoch, serial, created_at,
               updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $9)`
          : `update prefixes
             set owner = $3, state = $4, served = $5, sites = $6, uses = $7, epoch = epoch + 1, serial = $8,
               updated_at = $9
             where system = $1 and prefix = $2`,
        [
          row.system,
          row.prefix,
          row.owner,
          row.state,
          row.served,
          JSON.stringify(row.sites),
          row.uses,
          row.serial,
          at,
        ],
        taken,
      )
    },

    async prefixesWithAliasesUnder(system, prefix) {
      // Wider than the label-wise rule (88.1 also finds 88.118), and than the records' own systems: an epoch too many
      // costs a miss, one too few a lie.
      const rows = await queries.query<{ system: string; prefix: string }>(
        `select system, prefix from prefixes where prefix in (
           select record_prefix from aliases
           where system = $1 and authority >= $2 and authority < $2 || chr(1114109)
         )`,
        [system, prefix],
      )
      return rows.map(row => [row.system, row.prefix] as const)
    },

    async growEpochs(prefixes, subjects) {
      if (prefixes.length > 0) {
        queries.send(
          `update prefixes set epoch = epoch + 1
           where (system, prefix) in (select * from unnest($1::text[], $2::text[]))`,
          [prefixes.map(([system]) => system), prefixes.map(([, prefix]) => prefix)],
        )
      }
      if (subjects.length > 0) {
        queries.send('update subjects set epoch = epoch + 1 where id = any($1)', [subjects])
      }
    },

    async putSubject(subject) {
      queries.send(
        `insert into subjects (id, code, name, status, successor, uscc_index, uscc_sealed, region, industry, grade,
           epoch, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11)`,
        [
          subject.id,
          subject.code,
          subject.name,
          subject.status,
          subject.successor,
          subject.usccIndex,
          subject.usccSealed,
          subject.region,
          subject.industry,
          subject.grade,
          at,
        ],
        taken,
      )
    },

    async nextCodeNumber(prefix, version) {
      const [row] = await queries.query<{ last: number }>(
        `insert into code_sequences (prefix, version, last) values ($1, $2, 1)
         on conflict (prefix, version) do update set last = code_sequences.last + 1
         returning last`,
        [prefix, version],
      )
      return row?.last ?? 1
    },
  }
}

function clientWrites(queries: Queries, at: Date): Pick<Ledger, 'putClient' | 'revokeClient'> {
  return {
    async putClient(client) {
      const rows = await queries.query(
        `insert into clients (id, name, role, subject, prefixes, cidrs, until, key_hash, created_at, jwks, certificates)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict do nothing returning id`,
        [
          client.id,
          client.name,
          client.role,
          client.subject,
          client.prefixes,
          client.cidrs,
          client.until === null ? null : new Date(client.until),
          client.hash,
          at,
          JSON.stringify(client.keys),
          client.certificates,
        ],
      )
      return rows.length > 0
    },

    async revokeClient(id) {
      const rows = await queries.query(
        'update clients set revoked_at = coalesce(revoked_at, $2) where id = $1 returning id',
        [id, at],
      )
      return rows.length > 0
    },
  }
}
