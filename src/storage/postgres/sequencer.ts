import type { ChainedAuditRow } from '../../evidence/audit-chain.ts'
import type { Database, Queries } from './database.ts'

/** Rows numbered in one transaction: small enough that a reader never waits long for the embedded engine. */
const rowsPerRound = 1000

/** The running hash of the audit table, as `evidence` defines it. */
export type HashAuditRow = (former: Buffer, row: ChainedAuditRow) => Buffer

/** The channel rung when numbers were given; the payload is the newest number. */
export const changesChannel = 'qxm_changes'

/**
 * Numbers committed changes and chains committed audit rows: in order, without gaps, after their commit.
 * Whoever holds the row lock of `sequence` is the one that numbers; the others find nothing left to do.
 * @returns how many rows were numbered; 0 also when another process is at it
 */
export async function numberCommitted(database: Database, hashRow: HashAuditRow): Promise<number> {
  return database.transaction(async queries => {
    const [head] = await queries.query<{
      change_seq: number
      audit_seq: number
      audit_hash: Buffer
    }>('select change_seq, audit_seq, audit_hash from sequence where id = 1 for update skip locked')
    if (head === undefined) return 0

    const changes = await numberChanges(queries, head.change_seq)
    const audits = await chainAudits(queries, hashRow, head.audit_seq, head.audit_hash)
    if (changes + audits.count === 0) return 0

    await queries.query(
      'update sequence set change_seq = $1, audit_seq = $2, audit_hash = $3 where id = 1',
      [head.change_seq + changes, head.audit_seq + audits.count, audits.hash],
    )
    if (changes > 0) {
      await queries.query('select pg_notify($1, $2)', [
        changesChannel,
        String(head.change_seq + changes),
      ])
    }
    return changes + audits.count
  })
}

/** Clocks of engines may stand still for a millisecond: then a record's own serials say which write came first. */
async function numberChanges(queries: Queries, last: number): Promise<number> {
  const rows = await queries.query<{ count: number }>(
    `update changes c set seq = n.seq
     from (
       select id, $1 + sum(count) over (order by queued_at, identifier, serial, id rows unbounded preceding) as seq
       from changes where seq is null order by queued_at, identifier, serial, id limit $2
     ) n
     where c.id = n.id returning c.count`,
    [last, rowsPerRound],
  )
  return rows.reduce((sum, { count }) => sum + count, 0)
}

interface AuditRow {
  id: string
  at: Date
  actor: string
  role: string
  action: string
  target: string
  detail: unknown
}

async function chainAudits(
  queries: Queries,
  hashRow: HashAuditRow,
  last: number,
  lastHash: Buffer,
): Promise<{ count: number; hash: Buffer }> {
  const rows = await queries.query<AuditRow>(
    `select id, at, actor, role, action, target, detail
     from audit where seq is null order by queued_at, id limit $1`,
    [rowsPerRound],
  )
  let hash = lastHash
  const hashes = rows.map((row, position) => {
    hash = hashRow(hash, { ...row, seq: last + position + 1, at: row.at.toISOString() })
    return hash
  })
  if (rows.length > 0) {
    await queries.query(
      `update audit a set seq = n.seq, hash = n.hash
       from unnest($1::text[], $2::bigint[], $3::bytea[]) as n (id, seq, hash) where a.id = n.id`,
      [rows.map(({ id }) => id), rows.map((_, position) => last + position + 1), hashes],
    )
  }
  return { count: rows.length, hash }
}

export interface Sequencer {
  /** Numbers what was committed, soon; calls made while it is at work are one call. */
  nudge(): void
  /** Waits for the round under way. */
  close(): Promise<void>
}

export interface SequencerParts {
  readonly database: Database
  readonly hashRow: HashAuditRow
  /** Called after a round that numbered something. */
  readonly onNumbered: () => void
  readonly onError: (error: unknown) => void
  /** @throws when the signal aborts */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Between rounds that follow each other. A round waits for the disk as the writes do that it numbers: one beside each of
 * them would take them half as long again. Long against a write, short against the second in which siblings know of it.
 */
const restMs = 200

/** Runs {@link numberCommitted} whenever it is nudged, until nothing is left: at once, and then with rests. */
export function makeSequencer(parts: SequencerParts): Sequencer {
  const { database, hashRow, onNumbered, onError, sleep } = parts
  const ending = new AbortController()
  let running: Promise<void> | undefined
  let isNudged = false
  let isClosed = false

  async function run(): Promise<void> {
    while (isNudged && !isClosed) {
      isNudged = false
      const count = await round()
      if (count >= rowsPerRound) isNudged = true
      else await sleep(restMs, ending.signal).catch(() => undefined)
    }
  }

  async function round(): Promise<number> {
    try {
      const count = await numberCommitted(database, hashRow)
      if (count > 0) onNumbered()
      return count
    } catch (error) {
      onError(error)
      return 0
    }
  }

  function nudge(): void {
    isNudged = true
    running ??= run().finally(() => {
      running = undefined
      if (isNudged && !isClosed) nudge()
    })
  }

  return {
    nudge,
    async close() {
      isClosed = true
      ending.abort()
      await running
    },
  }
}
