import { randomBytes } from 'node:crypto'
import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Leads } from '../aliases.ts'
import { demandPlace, type RecordRules } from '../record-rules.ts'
import { applyRange } from '../staging/apply-range.ts'
import { attempt, reasonOf } from '../staging/check-rows.ts'
import type { MakeGiveWay } from '../staging/give-way.ts'
import type { Applied, RowRange, StagedPlace, StagedRows } from '../staging/parts.ts'
import { undoRange } from '../staging/undo-range.ts'
import { embeddedSliceRows, lanesMax, prefixSliceRows, sliceRows } from './bounds.ts'
import type {
  JobCounts,
  JobLedger,
  JobPatch,
  JobReason,
  JobRow,
  JobRows,
  JobTransactions,
  Lease,
  Renewing,
} from './parts.ts'
import type { PrefixRows } from './prefix-rows.ts'

export interface RunnerParts {
  readonly rows: JobRows
  readonly staged: StagedRows
  readonly transactions: JobTransactions
  readonly rules: Omit<RecordRules, 'names'>
  readonly aliasLeads: Leads
  readonly prefixRows: PrefixRows
  /** The caller of a job as it is now; undefined where it is revoked. */
  readonly callerNow: (caller: Caller) => Promise<Caller | undefined>
  /** A JWS that says so. */
  readonly signReceipt: (claims: ReceiptClaims) => Promise<string>
  readonly lease: () => Lease
  readonly isEmbedded: boolean
  /** Keeps the lease while a statement takes its time. @returns what ends it */
  readonly renewing: Renewing
  /** Lets others have the processors meanwhile; one for each lane. */
  readonly makeGiveWay: MakeGiveWay
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly now: () => Date
  readonly monotonicMs: () => number
  readonly metrics: JobMetrics
  readonly onError: (error: unknown, job: string | undefined) => void
}

export interface ReceiptClaims {
  readonly job: string
  readonly counts: JobCounts
  /** Of the file, hex. */
  readonly sha256: string
  /** RFC 3339. */
  readonly at: string
}

export interface JobMetrics {
  rows(result: keyof Omit<JobCounts, 'rows'> | 'undone', count: number): void
  ended(state: JobRow['state'], seconds: number): void
}

/** Works on jobs, one at a time in a process; whichever process has its lease goes on where the last one stopped. */
export interface JobRunner {
  /** Looks for work, soon; calls made while it works are one call. */
  nudge(): void
  /** Ends behind the slice under way. */
  close(): Promise<void>
}

/** Somebody else has the job: whatever was begun is not committed. */
class LeaseLost extends Error {}

/** Somebody asked for the end of the job. */
class Cancelled extends Error {}

/** Of a job that is all or nothing, a row was refused. */
class RowRefused extends Error {}

/** Statements of a job that takes many rows in one transaction. */
const statementTimeoutMs = 600_000
/** Beaten by single writes, a slice is tried again. */
const attemptsMax = 5

const none = { rows: 0, added: 0, changed: 0, unchanged: 0, refused: 0 }

export function makeJobRunner(parts: RunnerParts): JobRunner {
  const { rows, lease, onError } = parts
  const closing = new AbortController()
  let running: Promise<void> | undefined
  let isNudged = false

  async function run(): Promise<void> {
    while (isNudged && !closing.signal.aborted) {
      isNudged = false
      try {
        for (;;) {
          const held = lease()
          const job = closing.signal.aborted ? undefined : await rows.claim(held)
          if (job === undefined) break
          await work(parts, job, held, closing.signal)
        }
      } catch (error) {
        onError(error, undefined)
      }
    }
  }

  function nudge(): void {
    isNudged = true
    running ??= run().finally(() => {
      running = undefined
      if (isNudged && !closing.signal.aborted) nudge()
    })
  }

  return {
    nudge,
    async close() {
      closing.abort()
      await running
    },
  }
}

/** A name for a turn of work, which nobody else has. */
export function makeLease(ms: number): Lease {
  return { holder: randomBytes(12).toString('hex'), ms }
}

interface Turn {
  readonly parts: RunnerParts
  readonly job: JobRow
  readonly held: Lease
  readonly signal: AbortSignal
}

async function work(
  parts: RunnerParts,
  job: JobRow,
  held: Lease,
  signal: AbortSignal,
): Promise<void> {
  const turn = { parts, job, held, signal }
  const renew = async () => void (await parts.rows.renew(job.id, held))
  const renewing = parts.renewing(renew, held.ms / 3)
  try {
    await perform(turn)
  } catch (error) {
    await settle(turn, error)
  } finally {
    renewing.cancel()
  }
}

async function perform(turn: Turn): Promise<void> {
  const { job } = turn
  switch (job.task) {
    case 'receive':
      return giveUp(turn, { code: 'UPLOAD', detail: say('上传中断', 'the upload broke off') })
    case 'check':
      return check(turn)
    case 'apply':
      return job.mode === 'all' ? applyWhole(turn) : applySlices(turn)
    case 'undo':
      return undoSlices(turn)
    case null:
      return
  }
}

/** What the end of a turn that failed leaves behind. */
async function settle(turn: Turn, error: unknown): Promise<void> {
  const { parts, job, held } = turn
  // Whoever has the lease goes on; and what ends with the process goes on in another.
  if (error instanceof LeaseLost) {
    if (turn.signal.aborted) await parts.rows.patch(job.id, held.holder, {})
    return
  }
  if (error instanceof Cancelled) return end(turn, { state: 'cancelled' })
  if (error instanceof Failure && error.code !== 'STORE_AWAY') {
    return giveUp(turn, { code: error.code, detail: error.detail })
  }
  parts.onError(error, job.id)
  const isOurs = !(error instanceof Failure)
  if (isOurs) {
    const detail = say('内部错误，请联系节点运营者', 'an error of the node: ask its operator')
    await giveUp(turn, { code: 'INTERNAL', detail })
  } else {
    // The store is away: the job is taken up again when the lease has run out.
    await parts.rows.renew(job.id, held).catch(() => undefined)
  }
}

/** Repeated identifiers are the file's own mistake; the rest depends on what is in the store when it is applied. */
async function check(turn: Turn): Promise<void> {
  const { parts, job, held } = turn
  const { id } = job
  if (job.cancelAsked) throw new Cancelled()
  await patch(turn, { state: 'checking' })
  await parts.staged.refuseRepeated(id)
  const refused = await parts.staged.refusedCount(id)
  const counts = { ...none, rows: job.counts.rows, refused }
  if (job.mode === 'all' && refused > 0) return refuseWhole(turn, counts)
  if (!job.isDryRun) {
    const applying = { state: 'applying', task: 'apply', reached: 0, ahead: [], counts } as const
    await patch(turn, applying)
    return perform({ ...turn, job: { ...job, ...applying } })
  }
  const checked = await tryAll({ ...turn, job: { ...job, counts } })
  if (
    !(await parts.rows.patch(id, held.holder, { state: 'checked', task: null, counts: checked }))
  ) {
    throw new LeaseLost()
  }
}

/** Finds out what every row would become; what would be refused is refused now. */
async function tryAll(turn: Turn): Promise<JobCounts> {
  const { job } = turn
  const places = await turn.parts.staged.places(job.id)
  const pause = makePause(turn)
  let { counts } = job
  for (const range of rangesOf(turn, 0)) {
    const startedAt = turn.parts.monotonicMs()
    const rights = await rightsNow(turn, places)
    counts = await write(turn, async ledger => {
      if (await ledger.jobs.isCancelAsked(job.id)) throw new Cancelled()
      return add(counts, await applyRows(turn, ledger, rights, range, true))
    })
    await pause(startedAt)
  }
  return counts
}

async function refuseWhole(turn: Turn, counts: JobCounts): Promise<void> {
  const detail = say(
    `${counts.refused} 行不符合要求，mode=all 时全部不登记`,
    `${counts.refused} rows are refused, and with mode=all nothing is written then`,
  )
  await end(turn, { state: 'failed', counts, reason: { code: 'INPUT_INVALID', detail } })
}

/**
 * Slice by slice, each with its progress in one transaction: a crash costs the slices under way. A server writes two at once,
 * in the order in which they get ready.
 */
async function applySlices(turn: Turn): Promise<void> {
  const { parts, job } = turn
  const places = await parts.staged.places(job.id)
  const ranges = rangesOf(turn, job.reached)
  let isFailed = false

  async function applyNext(): Promise<void> {
    const pause = makePause(turn)
    for (const range of ranges) {
      if (isFailed) return
      if (job.ahead.includes(range.after)) continue
      const startedAt = parts.monotonicMs()
      const rights = await rightsNow(turn, places)
      const applied = await write(turn, async ledger => {
        const applied = await applyRows(turn, ledger, rights, range, false)
        // Locked last, so that nobody who asks for the job waits for its rows.
        const now = await demandLease(turn, ledger)
        await ledger.jobs.patch(job.id, {
          ...progressBy(now, range),
          counts: add(now.counts, applied),
        })
        const detail = { ...range, ...applied }
        await ledger.audit({ action: 'job.slice', target: `job:${job.id}`, detail })
        return applied
      })
      count(turn, applied)
      await pause(startedAt)
    }
  }

  const lanes = Array.from({ length: parts.isEmbedded ? 1 : lanesMax }, () =>
    applyNext().catch(error => {
      isFailed = true
      throw error
    }),
  )
  // All of them, so that nothing is written any more when the turn ends.
  const ends = await Promise.allSettled(lanes)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  const done = await parts.rows.find(job.id)
  await finish(turn, done?.counts ?? job.counts)
}

/** A slice that is ready before the one in front of it is remembered until that one is ready too. */
function progressBy({ reached, ahead }: JobRow, { after, upTo }: RowRange): JobPatch {
  if (after > reached) return { ahead: [...ahead, after] }
  const step = upTo - after
  const left = new Set(ahead)
  let next = upTo
  // Only the last slice is shorter, and nothing comes behind it.
  while (left.delete(next)) next += step
  return { reached: next, ahead: [...left] }
}

/** All rows in one transaction; a refusal undoes it, and then every row is looked at for what else is wrong. */
async function applyWhole(turn: Turn): Promise<void> {
  const { job } = turn
  const rights = await rightsNow(turn, await turn.parts.staged.places(job.id))
  try {
    const done = await write(turn, async ledger => {
      let counts = job.counts
      const all = { added: 0, changed: 0, unchanged: 0, withdrawn: 0, refused: 0 }
      for (const range of rangesOf(turn, 0)) {
        if (await ledger.jobs.isCancelAsked(job.id)) throw new Cancelled()
        const applied = await applyRows(turn, ledger, rights, range, false)
        if (applied.refused > 0) throw new RowRefused()
        counts = add(counts, applied)
        for (const key of ['added', 'changed', 'unchanged'] as const) all[key] += applied[key]
      }
      await demandLease(turn, ledger)
      await ledger.jobs.patch(job.id, { reached: job.lastRow, counts })
      await ledger.audit({ action: 'job.slice', target: `job:${job.id}`, detail: { ...counts } })
      return { counts, all }
    })
    count(turn, done.all)
    await finish(turn, done.counts)
  } catch (error) {
    if (!(error instanceof RowRefused)) throw error
    const { refused } = await tryAll(turn)
    await refuseWhole(turn, { ...none, rows: job.counts.rows, refused })
  }
}

/** What was written becomes what it was, slice by slice. */
async function undoSlices(turn: Turn): Promise<void> {
  const { parts, job } = turn
  const caller = job.undoneBy ?? job.caller
  const pause = makePause(turn)
  for (const range of rangesOf(turn, job.reached)) {
    const startedAt = parts.monotonicMs()
    const undone = await write(turn, async ledger => {
      await demandLease(turn, ledger)
      const written = await undoRows(turn, ledger, caller, range)
      await ledger.jobs.patch(job.id, { reached: range.upTo })
      await ledger.audit({
        action: 'job.undoSlice',
        target: `job:${job.id}`,
        detail: { ...range, [job.target === 'prefixes' ? 'prefixes' : 'records']: written },
      })
      return written
    })
    parts.metrics.rows('undone', undone)
    await pause(startedAt)
  }
  await end(turn, { state: 'undone' })
}

function undoRows(
  { parts: { prefixRows, aliasLeads }, job }: Turn,
  ledger: JobLedger,
  caller: Caller,
  range: RowRange,
): Promise<number> {
  if (job.target === 'prefixes') return prefixRows.undo(ledger, caller, job.id, range)
  return undoRange({ ledger, owner: job, range, submitter: caller.id, aliasLeads })
}

/** Every slice by itself, whichever lane takes it. */
function* rangesOf({ parts, job }: Turn, from: number): Generator<RowRange> {
  const wide = parts.isEmbedded ? embeddedSliceRows : sliceRows
  const step = job.target === 'prefixes' ? prefixSliceRows : wide
  for (let after = from; after < job.lastRow; after += step) {
    yield { after, upTo: Math.min(after + step, job.lastRow) }
  }
}

async function demandLease({ job, held }: Turn, ledger: JobLedger): Promise<JobRow> {
  const now = await ledger.jobs.lockLeased(job.id, held)
  if (now === undefined) throw new LeaseLost()
  // What is being undone is undone to its end: half of it would be nobody's wish.
  if (now.cancelAsked && now.task !== 'undo') throw new Cancelled()
  return now
}

/** What the caller of a job may do now. */
interface Rights {
  readonly caller: Caller
  readonly refused: readonly (readonly [place: number, failure: Failure])[]
}

/** Asked before each slice, outside of its transaction. @throws Failure `NOT_PERMITTED` for a caller that is no more */
async function rightsNow({ parts, job }: Turn, places: readonly StagedPlace[]): Promise<Rights> {
  const caller = await parts.callerNow(job.caller)
  if (caller === undefined) throw new Failure('NOT_PERMITTED', revoked)
  return { caller, refused: [...refusedPlaces(parts, places, caller)] }
}

const revoked = say(
  '提交任务的凭证已失效',
  'the credential that sent the job is not valid any more',
)

function* refusedPlaces(
  { rules }: RunnerParts,
  places: readonly StagedPlace[],
  caller: Caller,
): Generator<readonly [place: number, failure: Failure]> {
  for (const { place, prefix, ...where } of places) {
    const now = attempt(() => demandPlace(rules, where, caller, 'identifier.replace'))
    if (now instanceof Failure) yield [place, now]
    else if (now.prefix !== prefix) yield [place, new Failure('STATE_CONFLICT', placeChanged)]
  }
}

/** Rows at places where the caller has no rights any more are refused; the others are written. */
async function applyRows(
  { parts, job }: Turn,
  ledger: JobLedger,
  rights: Rights,
  range: RowRange,
  dry: boolean,
): Promise<Applied> {
  const { id, target, createdAt } = job
  const owner = { id, basis: 'authority', submitter: job.caller.id, stagedAt: createdAt } as const
  if (target === 'prefixes') return parts.prefixRows.apply(ledger, rights.caller, owner, range, dry)
  let refused = 0
  for (const [place, failure] of rights.refused) {
    refused += await ledger.staged.refusePlaces(id, range, [place], reasonOf(failure))
  }
  const applied = await applyRange({ ledger, owner, range, aliasLeads: parts.aliasLeads, dry })
  return { ...applied, refused: applied.refused + refused }
}

const placeChanged = say(
  '检查之后，负责该标识的前缀已改变，请重新发送',
  'another prefix is responsible for it since it was checked: send it again',
)

/** Runs again what single writes were faster at. */
async function write<Outcome>(
  { parts, job }: Turn,
  run: (ledger: JobLedger) => Promise<Outcome>,
): Promise<Outcome> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await parts.transactions.write(job.undoneBy ?? job.caller, run, { statementTimeoutMs })
    } catch (error) {
      const isBeaten = error instanceof Failure && error.code === 'ALREADY_EXISTS'
      if (!isBeaten || attempts === attemptsMax) throw error
    }
  }
}

/**
 * Between slices. The embedded store answers one question at a time: half of the time is everybody else's. A server works
 * beside, but on the same processors, perhaps.
 */
function makePause({ parts, signal }: Turn): (startedAtMs: number) => Promise<void> {
  const giveWay = parts.makeGiveWay('store')
  return async startedAtMs => {
    const tookMs = parts.monotonicMs() - startedAtMs
    if (parts.isEmbedded) await parts.sleep(tookMs, signal).catch(() => undefined)
    else await giveWay(signal)
    if (signal.aborted) throw new LeaseLost()
  }
}

function add(counts: JobCounts, applied: Applied): JobCounts {
  return {
    rows: counts.rows,
    added: counts.added + applied.added,
    changed: counts.changed + applied.changed + applied.withdrawn,
    unchanged: counts.unchanged + applied.unchanged,
    refused: counts.refused + applied.refused,
  }
}

function count({ parts: { metrics } }: Turn, applied: Applied): void {
  for (const result of ['added', 'changed', 'unchanged', 'refused'] as const) {
    if (applied[result] > 0) metrics.rows(result, applied[result])
  }
}

async function finish(turn: Turn, counts: JobCounts): Promise<void> {
  const { parts, job } = turn
  const receipt = await parts.signReceipt({
    job: job.id,
    counts,
    sha256: job.sha256?.toString('hex') ?? '',
    at: parts.now().toISOString(),
  })
  await end(turn, { state: 'done', counts, receipt })
}

async function giveUp(turn: Turn, reason: JobReason): Promise<void> {
  await end(turn, { state: 'failed', reason })
  // Of what never arrived whole, nothing is kept.
  if (turn.job.task === 'receive') {
    await patchFreeKey(turn)
    while (await turn.parts.staged.drop(turn.job.id));
  }
}

async function patchFreeKey({ parts, job }: Turn): Promise<void> {
  await parts.transactions.write(job.caller, ledger =>
    ledger.jobs.patch(job.id, { idempotencyKey: null }),
  )
}

/** The last step of a job, with its line in the audit. */
async function end(turn: Turn, how: JobPatch & { readonly state: JobRow['state'] }): Promise<void> {
  const { parts, job } = turn
  const endedAt = parts.now()
  await write(turn, async ledger => {
    const now = await ledger.jobs.lockLeased(job.id, turn.held)
    if (now === undefined) throw new LeaseLost()
    await ledger.jobs.patch(job.id, { ...how, task: null, endedAt })
    const { counts = now.counts, state, reason } = how
    const detail = { ...counts, ...(reason && { reason: reason.code }) }
    await ledger.audit({ action: `job.${state}`, target: `job:${job.id}`, detail })
  }).catch(error => {
    if (!(error instanceof LeaseLost)) throw error
  })
  parts.metrics.ended(how.state, (endedAt.getTime() - job.createdAt.getTime()) / 1000)
}

async function patch({ parts, job, held }: Turn, changes: JobPatch): Promise<void> {
  if (!(await parts.rows.patch(job.id, held.holder, changes, 'lease'))) throw new LeaseLost()
}
