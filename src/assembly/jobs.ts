import { accountState } from '../access/accounts.ts'
import { callerOfAccount } from '../access/sessions.ts'
import { signJwt } from '../crypto/jwt.ts'
import type { Caller } from '../model/caller.ts'
import { openSheet } from '../protocols/sheets/open-sheet.ts'
import { readPrefixRows, writePrefixRow } from '../protocols/sheets/prefix-columns.ts'
import { readRecordRows, writeRecordRow } from '../protocols/sheets/record-columns.ts'
import { writeSheet } from '../protocols/sheets/write-sheet.ts'
import type { IdentifierRules } from '../registry/identifiers.ts'
import { type Jobs, makeJobs } from '../registry/jobs/jobs.ts'
import { makeJobMetrics } from '../registry/jobs/metrics.ts'
import type { JobRows, Renewing } from '../registry/jobs/parts.ts'
import { makePrefixRows } from '../registry/jobs/prefix-rows.ts'
import { makeReceiver } from '../registry/jobs/receive.ts'
import { makeJobRunner, makeLease } from '../registry/jobs/run-jobs.ts'
import type { PrefixParts } from '../registry/prefixes.ts'
import type { MakeGiveWay } from '../registry/staging/give-way.ts'
import type { StagedRows } from '../registry/staging/parts.ts'
import { accountReads } from '../storage/postgres/accounts.ts'
import type { ClientReader } from '../storage/postgres/clients.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeJobRows } from '../storage/postgres/jobs.ts'
import { makeStagedRows } from '../storage/postgres/staging.ts'
import type { StoreTransactions } from '../storage/postgres/transactions.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'

export interface JobSources {
  readonly transactions: StoreTransactions
  readonly identifierRules: IdentifierRules
  readonly prefixParts: Omit<PrefixParts, 'transactions'>
  readonly clientReader: Pick<ClientReader, 'find'>
  readonly makeGiveWay: MakeGiveWay
}

/** A job that nobody works on is found this soon. */
const lookEveryMs = 1_000
/** A process that died is waited for so long. */
const leaseMs = 6_000
const forgetEveryMs = 600_000
/** Jobs whose rows are forgotten in one turn; a turn follows every ten minutes. */
const forgottenPerTurn = 20
const dayMs = 86_400_000
/** As long as of other requests. */
const idempotencyMs = dayMs

/** In the header of a receipt, so that no other token of ours is taken for one. */
export const receiptType = 'qxm-receipt+jwt'

/** Bulk work: what is received here, any process goes on with. */
export function openJobs(
  { config, log, clock, closers, metrics: registry, publicUrl }: BuildParts,
  database: Database,
  keys: Keys,
  { permissions }: Reading,
  { transactions: store, identifierRules, prefixParts, clientReader, makeGiveWay }: JobSources,
): Jobs {
  const rows = makeJobRows(database)
  const staged = makeStagedRows(database)
  const metrics = makeJobMetrics(registry)
  const isEmbedded = database.engine === 'embedded'
  const now = () => new Date(clock.now())
  const lease = () => makeLease(leaseMs)
  const renewing: Renewing = (renew, everyMs) =>
    clock.every(everyMs, () => {
      renew().catch(error => log.debug({ err: error }, 'cannot renew the lease of a job'))
    })
  const { aliasLeads, ...rules } = identifierRules
  const transactions: Parameters<typeof makeJobs>[0]['transactions'] = {
    write: (caller, work, options) => store.write(caller, work, undefined, options),
  }
  const runner = makeJobRunner({
    rows,
    staged,
    transactions,
    rules,
    aliasLeads,
    prefixRows: makePrefixRows(prefixParts),
    callerNow: callersNow(database, clientReader, now),
    signReceipt: claims =>
      signJwt({ iss: publicUrl(), ...claims }, receiptType, keys.live.status.signer(clock.now())),
    lease,
    isEmbedded,
    renewing,
    makeGiveWay,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    now,
    monotonicMs: () => clock.monotonicMs(),
    metrics,
    onError: (error, job) => log.warn({ err: error, job }, 'cannot go on with a job'),
  })
  const receiver = makeReceiver({
    rows,
    staged,
    rules,
    openSheet,
    readRecordRows,
    readPrefixRows,
    demandPrefix(caller, { system = 'handle', prefix }) {
      prefixParts.demandOperator(caller, 'prefix.create')
      return `${system}:${prefixParts.parsePrefix(system, prefix)}`
    },
    lease,
    renewing,
    isEmbedded,
    makeGiveWay,
    bytesMax: () => config.jobs.bytesMax,
    now,
    onReceived: () => runner.nudge(),
  })

  closers.add('jobs', () => runner.close())
  const looking = clock.every(lookEveryMs, () => {
    runner.nudge()
    rows.waiting('').then(
      ({ all }) => metrics.waiting(all),
      () => undefined,
    )
  })
  closers.add('job tick', () => looking.cancel())
  const forgetting = clock.every(forgetEveryMs, () => {
    const before = new Date(clock.now() - config.jobs.keepDays * dayMs)
    const keysBefore = new Date(clock.now() - idempotencyMs)
    Promise.all([forgetOld(rows, staged, before), rows.freeKeys(keysBefore)]).catch(error =>
      log.warn({ err: error }, 'cannot forget the rows of old jobs'),
    )
  })
  closers.add('job retention', () => forgetting.cancel())

  return makeJobs({
    rows,
    staged,
    transactions,
    receiver,
    rules,
    writeSheet,
    writeRecordRow,
    writePrefixRow,
    demand: permissions.demand,
    demandOperator: prefixParts.demandOperator,
    maySeeAll: caller => caller.role === 'operator',
    nudge: () => runner.nudge(),
  })
}

/** What was done stays on record; the rows go. */
async function forgetOld(rows: JobRows, staged: StagedRows, before: Date): Promise<void> {
  for (const id of await rows.outlived(before, forgottenPerTurn)) {
    // First: by its rows the job is found.
    await rows.forgetPrefixes(id)
    while (await staged.drop(id));
  }
}

/** A job outlives the request that brought it: its caller may have been revoked, or given other prefixes, since. */
function callersNow(
  database: Database,
  clients: Pick<ClientReader, 'find'>,
  now: () => Date,
): (caller: Caller) => Promise<Caller | undefined> {
  const people = accountReads(database)
  return async caller => {
    const client = await clients.find(caller.id)
    if (client !== undefined) {
      const { id, role, subject, prefixes, revokedAt, until } = client
      const isOver = revokedAt !== null || (until !== null && Date.parse(until) <= now().getTime())
      return isOver ? undefined : { id, role, subject, prefixes }
    }
    const person = await people.findAccount(caller.id)
    if (person !== undefined) {
      return accountState(person) === 'active' ? callerOfAccount(person) : undefined
    }
    // Whoever came through the socket of the node's own machine.
    return caller.role === 'operator' ? caller : undefined
  }
}
