import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { Announcement, Idempotency } from '../../registry/parts.ts'
import type { Database, Queries, TransactionOptions, TransactionQueries } from './database.ts'
import { makeLedger, type OpenLedger } from './ledger.ts'

export interface TransactionsParts {
  readonly database: Database
  readonly now: () => Date
  /** Called after each commit and awaited before the writer hears of it: this process forgets what the write changed. Never rejects: the write is done. */
  readonly follow: (announcements: readonly Announcement[]) => Promise<void>
}

/** Transactions over every row there is; each room sees of them what it needs. */
export interface StoreTransactions {
  write<Outcome>(
    caller: Caller,
    work: (ledger: OpenLedger) => Promise<Outcome>,
    idempotency?: Idempotency,
    options?: TransactionOptions,
  ): Promise<Outcome>
}

/** Writes: record, audit row, change row and idempotency row in one transaction. */
export function makeTransactions({ database, now, follow }: TransactionsParts): StoreTransactions {
  return {
    async write(caller, work, idempotency, options) {
      const { outcome, announcements } = await database.transaction(async queries => {
        const at = now()
        const former = idempotency && (await claimKey(queries, idempotency, at))
        if (former !== undefined) return { outcome: JSON.parse(former.outcome), announcements: [] }

        const ledger = makeLedger(queries, caller, at)
        const outcome = await work(ledger)
        await ledger.flush()
        if (idempotency !== undefined) keepOutcome(queries, idempotency, outcome)
        return { outcome, announcements: ledger.announcements }
      }, options)
      if (announcements.length > 0) await follow(announcements)
      return outcome
    },
  }
}

/**
 * Claims the key for this request; a second request with it waits here until the first has committed.
 * @returns the first request's outcome where there was one
 */
async function claimKey(
  queries: Queries,
  { scope, key, digest }: Idempotency,
  at: Date,
): Promise<{ outcome: string } | undefined> {
  const claimed = await queries.query(
    `insert into idempotency (scope, key, digest, at) values ($1, $2, $3, $4)
     on conflict do nothing returning key`,
    [scope, key, digest, at],
  )
  if (claimed.length > 0) return undefined

  const [former] = await queries.query<{ digest: Buffer; outcome: string }>(
    'select digest, outcome from idempotency where scope = $1 and key = $2',
    [scope, key],
  )
  if (former === undefined || !former.digest.equals(digest))
    throw new Failure('IDEMPOTENCY_MISMATCH')
  return former
}

function keepOutcome(
  queries: TransactionQueries,
  { scope, key }: Idempotency,
  outcome: unknown,
): void {
  queries.send('update idempotency set outcome = $3 where scope = $1 and key = $2', [
    scope,
    key,
    JSON.stringify(outcome ?? null),
  ])
}
