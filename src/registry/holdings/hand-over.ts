import { randomBytes } from 'node:crypto'
import type { Evidence, Holding } from '../../model/holding.ts'
import type { Ledger, PrefixRow } from '../parts.ts'

/** What a holding says of itself when it is made; the rest follows from what happens to it. */
export type HoldingStory = Pick<Holding, 'system' | 'prefix' | 'subject' | 'uses' | 'askedBy'> &
  Partial<
    Pick<
      Holding,
      | 'proposed'
      | 'site'
      | 'contact'
      | 'sites'
      | 'validFrom'
      | 'validTo'
      | 'evidence'
      | 'note'
      | 'decidedBy'
    >
  >

/** A holding that nobody has decided on yet; ids of later ones come after. @param at the instant of the write */
export function newHolding(story: HoldingStory, at: Date): Holding {
  const { evidence = [] } = story
  return {
    proposed: false,
    site: null,
    contact: null,
    sites: [],
    validFrom: null,
    validTo: null,
    note: null,
    decidedBy: null,
    ...story,
    id: at.getTime().toString(16).padStart(12, '0') + randomBytes(8).toString('hex'),
    state: 'awaiting',
    serial: 1,
    evidence,
    confidence: confidenceOf(evidence),
    comment: null,
    beganAt: null,
    endedAt: null,
    endedBy: null,
    createdAt: at,
    updatedAt: at,
  }
}

/** The best of what speaks for a claim. */
export function confidenceOf(evidence: readonly Evidence[]): Holding['confidence'] {
  const kinds = evidence.map(({ kind }) => kind)
  if (kinds.includes('proof')) return 'proven'
  if (kinds.includes('registry')) return 'matched'
  return kinds.includes('document') ? 'documented' : 'stated'
}

/** A prefix as it is written, and who does it. */
export interface PrefixStep {
  readonly row: PrefixRow
  readonly before: PrefixRow | undefined
  /** Client id. */
  readonly by: string
  /**
   * The holding that comes into force, of the row's owner: a claim that was decided on, or one that is new. Absent: the
   * owner's present one goes on, and a new owner gets one without a story.
   */
  readonly begins?: Holding
}

/**
 * Writes a prefix in one epoch step, with the story of who holds it: the former holder's tenure ends in the instant in
 * which the next one's begins, so that there are never two, and never none in between. Every answer that took something
 * from the prefix, from either owner, or from an alias under it is outdated by the epochs this grows.
 */
export async function writePrefix(ledger: Ledger, step: PrefixStep): Promise<Turned> {
  const { row, before, begins } = step
  const formerOwner = before?.owner ?? null
  const isHandedOver = row.owner !== formerOwner
  const isTurn = isHandedOver || begins !== undefined
  const turned = isTurn ? await turnTenure(ledger, step) : await keepInStep(ledger, row)
  await ledger.putPrefix(row, before)
  const subjects = [row.owner, formerOwner].filter(id => id !== null)
  const others = await ledger.prefixesWithAliasesUnder(row.system, row.prefix)
  await ledger.growEpochs(others, subjects)
  await ledger.audit({
    action: before === undefined ? 'prefix.created' : 'prefix.replaced',
    target: `prefix:${row.system}:${row.prefix}`,
    detail: {
      owner: row.owner,
      ...(isHandedOver && before !== undefined ? { formerOwner } : {}),
      state: row.state,
      served: row.served,
      serial: row.serial,
      ...(begins === undefined ? {} : { holding: begins.id }),
    },
  })
  await ledger.announce({
    identifier: row.system === 'handle' ? `0.NA/${row.prefix}` : `${row.system}:${row.prefix}`,
    prefix: row.prefix,
    serial: row.serial,
    op: before === undefined ? 'created' : 'replaced',
    kind: 'prefix',
    keys: [],
    directory: { prefixes: [[row.system, row.prefix], ...others], subjects },
  })
  return turned
}

/** A prefix as it is written: its epoch grows by itself. */
export function withoutEpoch({
  epoch: _,
  ...row
}: PrefixRow & { readonly epoch: number }): PrefixRow {
  return row
}

/** What a step did to holdings. */
interface Turned {
  readonly ended?: Holding
  readonly begun?: Holding
}

/** Ends the tenure that was, and begins the next one's. */
async function turnTenure(
  ledger: Ledger,
  { row, before, by, begins }: PrefixStep,
): Promise<Turned> {
  const { at } = ledger
  const { system, prefix, owner, uses } = row
  const turned: { ended?: Holding; begun?: Holding } = {}
  const former = before && (await ledger.lockActiveHolding(system, prefix))
  if (former !== undefined) {
    turned.ended = { ...stepped(former, at), state: 'ended', endedAt: at, endedBy: by }
    await ledger.putHolding(turned.ended)
  }
  if (owner !== null) {
    const next = begins ?? newHolding({ system, prefix, subject: owner, uses, askedBy: by }, at)
    turned.begun = { ...stepped(next, at), state: 'active', decidedBy: by, beganAt: at }
    await ledger.putHolding(turned.begun)
  }
  return turned
}

/** What a prefix is for, its present holding says too. */
async function keepInStep(ledger: Ledger, { system, prefix, uses }: PrefixRow): Promise<Turned> {
  const holding = await ledger.lockActiveHolding(system, prefix)
  if (holding !== undefined && holding.uses.join() !== uses.join()) {
    await ledger.putHolding({ ...stepped(holding, ledger.at), uses })
  }
  return {}
}

/** The same holding one step later. */
export function stepped(holding: Holding, at: Date): Holding {
  return { ...holding, serial: holding.serial + 1, updatedAt: at }
}
