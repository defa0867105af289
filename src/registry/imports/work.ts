import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { type ApplyParts, applyBatch } from './apply.ts'
import { demandCoveredStill } from './cover.ts'
import { faultOf } from './faults.ts'
import { importerOf } from './importer.ts'
import { about, park, stepped, summaryOf } from './over.ts'
import { type Plan, planBatch } from './plan.ts'
import type { ImportRow } from './rows.ts'
import { stageBatch } from './stage.ts'
import { PlanOutdated } from './write-basics.ts'

/** Who works on which batch. Implemented by the storage: one process has it until its lease ends. */
export interface ImportLeases {
  /**
   * The oldest batch that is not over of a source of which nobody works on one, where something can be done with it.
   * @param worker unique
   */
  claim(worker: string, leaseMs: number): Promise<ImportRow | undefined>
  /** @returns false when another process has taken over */
  renew(id: string, worker: string, leaseMs: number): Promise<boolean>
  /** @param againMs when somebody may claim it again */
  letGo(id: string, worker: string, againMs: number): Promise<void>
  /** @returns false when another process asks this source's feed */
  claimPull(source: string, worker: string, leaseMs: number): Promise<boolean>
  /** The feed was asked with success. */
  pulled(source: string, at: Date): Promise<void>
}

/** Another process has taken over: whatever was being done, it does. */
class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export interface WorkParts extends ApplyParts {
  readonly leases: ImportLeases
  readonly worker: string
  /** Whether a batch that asks nothing of a person is let in by itself. */
  readonly isAuto: () => boolean
  readonly onFailed: (error: unknown, batch: ImportRow) => void
}

/** Longer than any step takes between two renewals; whoever writes a batch holds its row. */
const leaseMs = 10_000
/** What may be a passing trouble is tried so often. */
const triesMax = 3
const againMs = [1_000, 10_000]

/**
 * Takes one step with one batch: read and compare, or write.
 * @returns false when there is nothing to do
 */
export async function workOnce(parts: WorkParts): Promise<boolean> {
  const { leases, worker } = parts
  const batch = await leases.claim(worker, leaseMs)
  if (batch === undefined) return false
  let pauseMs = 0
  try {
    const onward = async () => {
      if (!(await leases.renew(batch.id, worker, leaseMs))) throw new LeaseLost()
    }
    if (batch.state === 'received') await planReceived(parts, batch, onward)
    else await writeReleased(parts, batch, onward)
  } catch (error) {
    if (error instanceof LeaseLost) return true
    pauseMs = await handleTrouble(parts, batch, error)
  }
  await leases.letGo(batch.id, worker, pauseMs)
  return true
}

async function planReceived(
  parts: WorkParts,
  batch: ImportRow,
  onward: () => Promise<void>,
): Promise<void> {
  const grant = await parts.reads.findGrant(batch.grant)
  demandCoveredStill(grant, batch)
  await stageBatch(parts, batch, grant, onward)
  await putPlan(parts, batch, await planBatch(parts, batch, grant, onward))
}

async function writeReleased(
  parts: WorkParts,
  batch: ImportRow,
  onward: () => Promise<void>,
): Promise<void> {
  const grant = await parts.reads.findGrant(batch.grant)
  demandCoveredStill(grant, batch)
  // What was released is a plan: where something else was written since, it is shown again.
  const plan = await planBatch(parts, batch, grant, onward)
  if (plan.digest !== batch.planDigest) throw new PlanOutdated()
  await applyBatch(parts, batch)
}

async function putPlan(parts: WorkParts, batch: ImportRow, plan: Plan): Promise<void> {
  await parts.transactions.write(importerOf(batch.source), async ledger => {
    const row = await ledger.lockImport(batch.id)
    if (row?.state !== 'received') return
    const { conflicting, questions } = plan.counts
    const isClean = conflicting + questions === 0
    // Where somebody always is faster, people look.
    const isLetIn = parts.isAuto() && isClean && row.tries < triesMax
    const next = stepped(row, ledger.at, {
      state: isLetIn ? 'released' : 'planned',
      counts: plan.counts,
      planDigest: plan.digest,
      releasers: isLetIn ? ['policy'] : [],
    })
    await ledger.putImport(next)
    const detail = { ...summaryOf(row), counts: plan.counts }
    await ledger.audit({ action: 'import.planned', target: about(row), detail })
    if (isLetIn) {
      await ledger.audit({
        action: 'import.released',
        target: about(row),
        detail: { by: 'policy' },
      })
      return
    }
    await ledger.putNotice({
      topic: 'import.release',
      about: about(row),
      name: `${row.source} #${row.seq}`,
      to: { role: 'reviewer' },
      dueAt: null,
      endsAt: null,
    })
  })
}

/** @returns how long to leave it alone */
async function handleTrouble(parts: WorkParts, batch: ImportRow, error: unknown): Promise<number> {
  if (error instanceof PlanOutdated) {
    await planAgain(parts, batch)
    return 0
  }
  if (isPassing(error)) {
    parts.onFailed(error, batch)
    return againMs[0] ?? 0
  }
  const isWrong = error instanceof Failure
  if (!isWrong) parts.onFailed(error, batch)
  if (isWrong || batch.tries + 1 >= triesMax) {
    const fault = isWrong ? faultOf(error) : { rule: 'failed', detail: failedDetail }
    await parts.transactions.write(importerOf(batch.source), async ledger => {
      const row = await ledger.lockImport(batch.id)
      if (row !== undefined && row.state === batch.state) await park(ledger, row, fault)
    })
    return 0
  }
  await parts.transactions.write(importerOf(batch.source), async ledger => {
    const row = await ledger.lockImport(batch.id)
    if (row !== undefined) await ledger.putImport(stepped(row, ledger.at, { tries: row.tries + 1 }))
  })
  return againMs[batch.tries] ?? 0
}

/** The store is away or busy: that says nothing of the batch, however long it lasts. */
function isPassing(error: unknown): boolean {
  return error instanceof Failure && ['STORE_AWAY', 'OVERLOADED'].includes(error.code)
}

/** What it was planned against has changed: whoever released it sees what it would do now. */
async function planAgain(parts: WorkParts, batch: ImportRow): Promise<void> {
  await parts.transactions.write(importerOf(batch.source), async ledger => {
    const row = await ledger.lockImport(batch.id)
    if (row?.state !== 'released') return
    const next = stepped(row, ledger.at, {
      state: 'received',
      releasers: [],
      planDigest: null,
      tries: row.tries + 1,
    })
    await ledger.putImport(next)
    await ledger.endNotices(about(row))
    await ledger.audit({ action: 'import.outdated', target: about(row), detail: summaryOf(row) })
  })
}

const failedDetail = say('处理多次失败，原因见日志', 'it failed several times; the log says why')
