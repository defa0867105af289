import { overlapOf, overlapSearch } from '../../mapping/conflicts.ts'
import { isUnder } from '../../mapping/prefix-walk.ts'
import type { Caller } from '../../model/caller.ts'
import { type Failure, invalid } from '../../model/failures.ts'
import type { Holding } from '../../model/holding.ts'
import type { System } from '../../model/identifier.ts'
import type { SiteAddress } from '../../model/prefix.ts'
import type { Subject } from '../../model/subject.ts'
import { say } from '../../model/text.ts'
import { informUntil } from '../applications/notices.ts'
import type { FilingLedger, NewNotice } from '../applications/parts.ts'
import type { Claimant, PrefixRow } from '../parts.ts'
import { newHolding, stepped, withoutEpoch, writePrefix } from './hand-over.ts'

export async function putStep(
  ledger: FilingLedger,
  holding: Holding,
  changes: Partial<Holding>,
): Promise<Holding> {
  const next = { ...stepped(holding, ledger.at), ...changes }
  await ledger.putHolding(next)
  await ledger.audit({
    action: `holding.${next.state}`,
    target: `holding:${next.id}`,
    detail: { system: next.system, prefix: next.prefix, subject: next.subject },
  })
  return next
}

/** It waits for whoever decides; both kinds of people that may are told. */
export async function wait(
  ledger: FilingLedger,
  holding: Holding,
  { name }: Subject,
): Promise<Holding> {
  const asked = await putStep(ledger, { ...holding, serial: 0 }, {})
  for (const role of ['reviewer', 'operator'] as const) {
    await ledger.putNotice({
      topic: 'holding.decide',
      about: about(asked),
      name,
      to: { role },
      dueAt: null,
      endsAt: null,
    })
  }
  return asked
}

/**
 * From now on, or from the instant it was claimed for.
 * @param sites where whoever decides says that it is served from now on, none: here; undefined: nothing was said
 */
export async function putInForce(
  ledger: FilingLedger,
  holding: Holding,
  caller: Caller,
  sites: readonly SiteAddress[] | undefined,
  { nodePrefix }: Place,
): Promise<Holding> {
  const { system, prefix, subject, validFrom } = holding
  const decided = { ...holding, sites: sites ?? holding.sites, decidedBy: caller.id }
  const locked = await ledger.lockPrefix(system, prefix)
  const isPlaceSaid = sites !== undefined || holding.sites.length > 0
  const isElsewhere = locked?.served === 'delegated' && locked.owner !== subject
  if (isElsewhere && !isPlaceSaid) throw placeNeeded()
  if (locked === undefined && decided.sites.length === 0 && isForeign(system, prefix, nodePrefix)) {
    throw siteNeeded(nodePrefix)
  }
  if (validFrom !== null && validFrom > ledger.at) {
    return putStep(ledger, decided, { state: 'planned' })
  }
  return begin(ledger, decided, caller, locked)
}

/** A renewal is served where it was, unless it says otherwise; whoever takes over, where the decision said. */
async function begin(
  ledger: FilingLedger,
  holding: Holding,
  caller: Caller,
  locked: (PrefixRow & { readonly epoch: number }) | undefined,
): Promise<Holding> {
  const { system, prefix, subject, uses, sites } = holding
  const before = locked && withoutEpoch(locked)
  const former = before?.owner ?? null
  const isRenewal = former === subject
  const stays = before !== undefined && isRenewal && sites.length === 0
  const row: PrefixRow = {
    system,
    prefix,
    owner: subject,
    state: before !== undefined && isRenewal ? before.state : 'enabled',
    served: stays ? before.served : sites.length > 0 ? 'delegated' : 'hosted',
    sites: stays ? before.sites : sites,
    uses,
    serial: (before?.serial ?? 0) + 1,
  }
  const step = { row, before, by: caller.id, begins: holding }
  const { begun = holding } = await writePrefix(ledger, step)
  if (former !== null && !isRenewal) {
    await inform(ledger, holding, 'holding.handedOver', { subject: former })
  }
  return begun
}

/** Somebody else holds it by now, and nobody has seen both sides: a person decides again. */
export async function beginPlanned(
  ledger: FilingLedger,
  holding: Holding,
  caller: Caller,
  parts: { readonly subjectById: (id: string) => Subject | undefined },
): Promise<void> {
  const locked = await ledger.lockPrefix(holding.system, holding.prefix)
  const owner = locked?.owner ?? null
  const former = await ledger.lockActiveHolding(holding.system, holding.prefix)
  const isOver = isPast(former?.validTo ?? null, ledger.at)
  if (owner === null || owner === holding.subject || isOver) {
    await begin(ledger, holding, caller, locked)
    return
  }
  const subject = parts.subjectById(holding.subject)
  const again = await putStep(ledger, holding, { state: 'awaiting', decidedBy: null })
  await inform(ledger, again, 'holding.decide', { role: 'reviewer' }, subject?.name)
  await inform(ledger, again, 'holding.decide', { role: 'operator' }, subject?.name)
}

/**
 * Ends a tenure that nobody follows. What was carved out of somebody's prefix goes back to them: else what lies below it
 * would lead nowhere although its wider prefix is held. Otherwise nobody holds it any more: what is hosted here goes on
 * being answered, what was served at the holder's is not.
 */
export async function release(
  ledger: FilingLedger,
  holding: Holding,
  caller: Caller,
): Promise<Holding> {
  const { system, prefix } = holding
  const before = await ledger.lockPrefix(system, prefix)
  if (before === undefined || before.owner !== holding.subject) {
    return putStep(ledger, holding, { state: 'ended', endedAt: ledger.at, endedBy: caller.id })
  }
  const { id: by } = caller
  const former = withoutEpoch(before)
  const heir = (await heldAbove(ledger, holding))?.subject ?? null
  const row: PrefixRow = {
    ...former,
    owner: heir,
    serial: former.serial + 1,
    ...(former.served === 'hosted'
      ? {}
      : heir === null
        ? { state: 'disabled' as const }
        : { served: 'hosted' as const, sites: [] }),
  }
  const story = { system, prefix, uses: row.uses, askedBy: by }
  const { ended = holding } = await writePrefix(ledger, {
    row,
    before: former,
    by,
    ...(heir === null ? {} : { begins: newHolding({ ...story, subject: heir }, ledger.at) }),
  })
  await inform(ledger, holding, 'holding.ended', { subject: holding.subject })
  return ended
}

/** Whoever holds the longest prefix above this one. */
export async function heldAbove(
  ledger: Pick<FilingLedger, 'claimantsAlong'>,
  { system, prefix }: Holding,
): Promise<Claimant | undefined> {
  const claimants = await ledger.claimantsAlong(overlapSearch(system, prefix))
  const above = claimants.filter(
    claimant =>
      claimant.state === 'active' && overlapOf(system, prefix, claimant.prefix) === 'below',
  )
  return above.sort((a, b) => b.prefix.length - a.prefix.length)[0]
}

/** Where the node stands. */
interface Place {
  /** It allots below it. */
  readonly nodePrefix: string
}

/** A handle prefix that another node allots is served somewhere already, and not here. */
function isForeign(system: System, prefix: string, nodePrefix: string): boolean {
  return system === 'handle' && !isUnder('handle', prefix, nodePrefix)
}

export function demandFuture({ validTo }: Holding, at: Date): void {
  if (!isPast(validTo, at)) return
  throw invalid(
    '/validTo',
    'validity.past',
    say('失效时刻已过', 'the instant at which it ends has passed'),
  )
}

export function isPast(instant: Date | null, at: Date): boolean {
  return instant !== null && instant <= at
}

function placeNeeded(): Failure {
  const detail = say(
    '该前缀由原持有者的站点提供服务：请在 sites 中写明今后的站点，[] 为本节点',
    'the former holder’s site serves it: say in "sites" who does from now on, [] for this node',
  )
  return invalid('/sites', 'prefix.sites', detail)
}

function siteNeeded(nodePrefix: string): Failure {
  const detail = say(
    `不在 ${nodePrefix} 之下的 Handle 前缀须写明其站点`,
    `a handle prefix that is not below ${nodePrefix} is served elsewhere: say where`,
  )
  return invalid('/sites', 'prefix.foreign', detail)
}

export function about({ id }: Pick<Holding, 'id'>): string {
  return `holding:${id}`
}

export async function inform(
  ledger: FilingLedger,
  holding: Holding,
  topic: NewNotice['topic'],
  to: NewNotice['to'],
  name = `${holding.system}:${holding.prefix}`,
): Promise<void> {
  const waits = topic === 'holding.decide'
  const endsAt = waits ? null : informUntil(ledger.at)
  await ledger.putNotice({ topic, about: about(holding), name, to, dueAt: null, endsAt })
}
