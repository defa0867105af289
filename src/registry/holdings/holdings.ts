import type { Permissions } from '../../access/permissions.ts'
import type { Caller } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import type { Evidence, Holding, HoldingState } from '../../model/holding.ts'
import type { System } from '../../model/identifier.ts'
import type { SiteAddress } from '../../model/prefix.ts'
import type { Subject } from '../../model/subject.ts'
import { say } from '../../model/text.ts'
import type { FilingLedger, FilingTransactions } from '../applications/parts.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { HoldingRows, Ledger } from '../parts.ts'
import {
  type ClaimReading,
  type HoldingInput,
  readClaim,
  readEvidence,
  readPrefix,
} from './claim.ts'
import { type Contest, type ContestParts, contestsOf, demandSeen } from './contests.ts'
import { standOn } from './evidence.ts'
import { newHolding } from './hand-over.ts'
import {
  about,
  beginPlanned,
  demandFuture,
  heldAbove,
  inform,
  isPast,
  putInForce,
  putStep,
  release,
  wait,
} from './tenure.ts'
import { type HoldingView, viewOf } from './view.ts'

export interface ClaimDecision {
  readonly decision: 'approve' | 'refuse'
  readonly comment?: string
  /** Instead of the one the node proposed. */
  readonly prefix?: string
  readonly despite?: readonly string[]
  /** Where it is served from now on; `[]`: here. */
  readonly sites?: readonly SiteAddress[]
  /** What the decider has found beside what was claimed with. */
  readonly evidence?: readonly Evidence[]
}

/** Part of a list, and where the next part begins; null at its end. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

/** Reading outside of transactions. */
export interface HoldingReads extends Pick<HoldingRows, 'claimantsAlong'> {
  find(id: string): Promise<Holding | undefined>
  ofSubject(
    subject: string,
    states: readonly HoldingState[],
    page: PageRequest,
  ): Promise<Page<Holding>>
  waiting(page: PageRequest): Promise<Page<Holding>>
  history(system: System, prefix: string): Promise<readonly Holding[]>
}

/** A holding with everybody who is in its way while it is not in force. */
export interface ContestedHolding {
  readonly holding: HoldingView
  readonly conflicts: readonly Contest[]
}

export interface HoldingParts extends ContestParts, ClaimReading {
  readonly transactions: FilingTransactions
  readonly reads: HoldingReads
  readonly demand: Permissions['demand']
  /** @param code in any spelling. @throws Failure `IDENTIFIER_MALFORMED` */
  readonly subjectByCode: (code: string) => Subject | undefined
  readonly subjectById: (id: string) => Subject | undefined
}

/** What a subject holds in all systems, and how it comes and goes: each function that writes is one transaction. */
export interface Holdings {
  /** An enterprise's claim waits for a decision; an operator's word is one. */
  create(code: string, input: HoldingInput, request: WriteRequest): Promise<HoldingView>
  list(
    code: string,
    states: readonly HoldingState[],
    page: PageRequest,
    caller: Caller,
  ): Promise<Page<HoldingView>>
  /** With everybody who has held the prefix, the latest first. */
  read(
    code: string,
    id: string,
    caller: Caller,
  ): Promise<ContestedHolding & { readonly history: readonly HoldingView[] }>
  /** Every claim that waits, the oldest first. */
  claims(page: PageRequest, caller: Caller): Promise<Page<ContestedHolding>>
  /** Everybody who has held a prefix, the latest first. */
  history(system: System, prefix: string): Promise<readonly HoldingView[]>
  /** Takes a claim back, or gives a prefix up. */
  end(code: string, id: string, request: WriteRequest): Promise<HoldingView>
  decide(id: string, input: ClaimDecision, request: WriteRequest): Promise<HoldingView>
  /** Begins or ends what time has come for, in one transaction; what is no longer due stays as it is. */
  turn(id: string, caller: Caller): Promise<void>
}

/** Of one subject: who asks for more has nobody who reads it. */
const claimsWaitingMax = 100

export function makeHoldings(parts: HoldingParts): Holdings {
  const { transactions, reads, demand } = parts

  function known(code: string): Subject {
    const subject = parts.subjectByCode(code)
    if (subject === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
    return subject
  }

  /** One holding, as it is now, in the hands of somebody who may take a step with it. */
  async function change(
    id: string,
    action: 'holding.end' | 'holding.decide',
    { caller, ifSerial, idempotency }: WriteRequest,
    work: (ledger: FilingLedger, holding: Holding) => Promise<Holding>,
  ): Promise<HoldingView> {
    const found = await reads.find(id)
    if (found === undefined) throw new Failure('IDENTIFIER_UNKNOWN', unknownHolding)
    demand(caller, action, { subject: found.subject })
    return transactions.write(
      caller,
      async ledger => {
        await ledger.lockSystem(found.system)
        const holding = (await ledger.lockHolding(id)) ?? found
        if (ifSerial !== undefined && ifSerial !== holding.serial) {
          throw new Failure('VERSION_STALE', undefined, { facts: { serial: holding.serial } })
        }
        return viewOf(await work(ledger, holding), parts)
      },
      idempotency,
    )
  }

  async function contested(holding: Holding): Promise<ContestedHolding> {
    const isOpen = holding.state === 'awaiting' || holding.state === 'planned'
    return {
      holding: viewOf(holding, parts),
      conflicts: isOpen ? await contestsOf(reads, holding, parts) : [],
    }
  }

  async function historyOf(system: System, prefix: string): Promise<readonly HoldingView[]> {
    return (await reads.history(system, prefix)).map(former => viewOf(former, parts))
  }

  return {
    async create(code, input, { caller, idempotency }) {
      const subject = known(code)
      demand(caller, 'holding.create', { subject: subject.id })
      demandActive(subject)
      const claim = readClaim(input, caller, parts)
      const { system, prefix } = claim
      return transactions.write(
        caller,
        async ledger => {
          await ledger.lockSystem(system)
          await demandNotAsked(ledger, subject.id, system, prefix)
          const holding = newHolding(
            {
              ...claim,
              prefix: prefix ?? (await nextFree(ledger, parts)),
              proposed: prefix === undefined,
              subject: subject.id,
              askedBy: caller.id,
            },
            ledger.at,
          )
          demandFuture(holding, ledger.at)
          await standOn(ledger, caller, holding, holding.evidence)
          if (caller.role !== 'operator') return viewOf(await wait(ledger, holding, subject), parts)
          demandSeen(await contestsOf(ledger, holding, parts), input.despite)
          return viewOf(await putInForce(ledger, holding, caller, input.sites, parts), parts)
        },
        idempotency,
      )
    },

    async list(code, states, page, caller) {
      const { id: subject } = known(code)
      demand(caller, 'holding.list', { subject })
      const { items, next } = await reads.ofSubject(subject, states, page)
      return { items: items.map(holding => viewOf(holding, parts)), next }
    },

    async read(code, id, caller) {
      const { id: subject } = known(code)
      demand(caller, 'holding.list', { subject })
      const holding = await reads.find(id)
      if (holding === undefined || holding.subject !== subject) {
        throw new Failure('IDENTIFIER_UNKNOWN', unknownHolding)
      }
      return {
        ...(await contested(holding)),
        history: await historyOf(holding.system, holding.prefix),
      }
    },

    async claims(page, caller) {
      demand(caller, 'claim.list', {})
      const { items, next } = await reads.waiting(page)
      const claims: ContestedHolding[] = []
      // One after the other: a list that somebody reads is in no hurry, and resolving shares the store.
      for (const claim of items) claims.push(await contested(claim))
      return { items: claims, next }
    },

    history: historyOf,

    end(code, id, request) {
      const { id: subject } = known(code)
      const { caller } = request
      return change(id, 'holding.end', request, async (ledger, holding) => {
        if (holding.subject !== subject) throw new Failure('IDENTIFIER_UNKNOWN', unknownHolding)
        switch (holding.state) {
          case 'awaiting':
          case 'planned':
            await ledger.endNotices(about(holding))
            return putStep(ledger, holding, { state: 'withdrawn', endedBy: caller.id })
          case 'active':
            await demandNotBelowOwn(ledger, holding)
            return release(ledger, holding, caller)
          case 'ended':
          case 'refused':
          case 'withdrawn':
            throw notIn(holding.state)
        }
      })
    },

    async decide(id, input, request) {
      const { caller } = request
      const evidence = readEvidence(input.evidence ?? [], caller)
      return change(id, 'holding.decide', request, async (ledger, claim) => {
        if (claim.state !== 'awaiting') throw notIn(claim.state)
        const comment = input.comment ?? null
        await ledger.endNotices(about(claim))
        if (input.decision === 'refuse') {
          const refused = { state: 'refused', comment, decidedBy: caller.id } as const
          await inform(ledger, claim, 'holding.refused', { subject: claim.subject })
          return putStep(ledger, claim, refused)
        }
        const subject = parts.subjectById(claim.subject)
        if (subject !== undefined) demandActive(subject)
        const prefix = await decidedPrefix(ledger, claim, input.prefix, parts)
        const holding: Holding = {
          ...newHolding(
            { ...claim, prefix, evidence: [...claim.evidence, ...evidence] },
            ledger.at,
          ),
          id: claim.id,
          serial: claim.serial,
          createdAt: claim.createdAt,
          comment,
        }
        demandFuture(holding, ledger.at)
        await standOn(ledger, caller, holding, evidence)
        demandSeen(await contestsOf(ledger, holding, parts), input.despite)
        await inform(ledger, holding, 'holding.approved', { subject: claim.subject })
        return putInForce(ledger, holding, caller, input.sites, parts)
      })
    },

    async turn(id, caller) {
      const found = await reads.find(id)
      if (found === undefined) return
      await transactions.write(caller, async ledger => {
        await ledger.lockSystem(found.system)
        const holding = await ledger.lockHolding(id)
        if (holding?.state === 'active' && isPast(holding.validTo, ledger.at)) {
          await release(ledger, holding, caller)
        }
        if (holding?.state === 'planned' && isPast(holding.validFrom, ledger.at)) {
          await beginPlanned(ledger, holding, caller, parts)
        }
      })
    },
  }
}

function demandActive({ status }: Subject): void {
  if (status === 'active') return
  const detail = say(`企信码处于 ${status} 状态`, `the code is ${status}; that forbids this`)
  throw new Failure('STATE_CONFLICT', detail, { facts: { status } })
}

/** A part of one's own prefix is one's own, whatever is said of it. */
async function demandNotBelowOwn(ledger: Ledger, holding: Holding): Promise<void> {
  const own = await heldAbove(ledger, holding)
  if (own?.subject !== holding.subject) return
  throw new Failure(
    'STATE_CONFLICT',
    say(
      `它在同一主体的前缀 ${own.prefix} 之下，不能单独放弃`,
      `it lies below ${own.prefix} of the same subject, and is not given up by itself`,
    ),
  )
}

async function demandNotAsked(
  ledger: Ledger,
  subject: string,
  system: System,
  prefix: string | undefined,
): Promise<void> {
  const { count, isAsked } = await ledger.claimsWaiting(subject, system, prefix)
  if (isAsked) {
    throw new Failure(
      'ALREADY_EXISTS',
      say('对该前缀的申请已在等待决定', 'a claim of this prefix waits already'),
    )
  }
  if (count < claimsWaitingMax) return
  throw new Failure(
    'STATE_CONFLICT',
    say(
      `已有 ${claimsWaitingMax} 项申请等待决定`,
      `${claimsWaitingMax} claims wait already; withdraw some, or wait`,
    ),
  )
}

/** The number after the highest that was ever given or asked for: none is given twice. */
async function nextFree(ledger: Ledger, { nodePrefix }: HoldingParts): Promise<string> {
  return `${nodePrefix}.${(await ledger.highestNumberBelow(nodePrefix)) + 1}`
}

/** What was asked for by name is decided by that name; of what the node proposed, another may be given. */
async function decidedPrefix(
  ledger: Ledger,
  claim: Holding,
  instead: string | undefined,
  parts: HoldingParts,
): Promise<string> {
  if (instead !== undefined) {
    const prefix = readPrefix(claim.system, instead, parts)
    if (claim.proposed || prefix === claim.prefix) return prefix
    throw invalid(
      '/prefix',
      'prefix.claimed',
      say(
        '申请写明了前缀，不能改为另一个',
        'the claim names its prefix: it is not decided into another',
      ),
    )
  }
  const isFree = (await ledger.lockPrefix(claim.system, claim.prefix)) === undefined
  return isFree || !claim.proposed ? claim.prefix : nextFree(ledger, parts)
}

function notIn(state: HoldingState): Failure {
  const detail = say(`该持有处于 ${state} 状态`, `the holding is ${state}; that forbids this`)
  return new Failure('STATE_CONFLICT', detail, { facts: { state } })
}

const unknownHolding = say('没有此持有或申请', 'there is no such holding or claim')
