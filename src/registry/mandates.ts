import { randomBytes } from 'node:crypto'
import type { Permissions } from '../access/permissions.ts'
import type { Caller } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import { say, type Text } from '../model/text.ts'
import { parseUsccLeniently } from '../model/uscc.ts'
import { informUntil } from './applications/notices.ts'
import type {
  ApplicationKind,
  FilingLedger,
  FilingTransactions,
  NewNotice,
} from './applications/parts.ts'
import { nameEvidence } from './files/evidence.ts'
import type { WriteRequest } from './identifiers.ts'

/** An enterprise's word that an agent may file for it (AII/002 §9, 他人代申请). */
export interface Mandate {
  readonly id: string
  readonly state: 'proposed' | 'confirmed' | 'ended'
  readonly serial: number
  /** The client that files, and the subject it acts for: all clients of an agency may use its mandates. */
  readonly agent: string
  readonly agentSubject: string | null
  /** Of the enterprise, as the agent wrote it. */
  readonly name: string
  readonly usccIndex: string
  /** The enterprise, once it has a code. */
  readonly subject: string | null
  readonly scope: readonly ApplicationKind[]
  /** The first instant at which it no longer holds. */
  readonly until: Date
  /** The id of the signed document. */
  readonly document: string | null
  readonly confirmedBy: string | null
  /** The client that has spoken for the enterprise. */
  readonly claimant: string | null
  /** Who vouches that it may: a reviewer, or the claimant itself where it acts for the subject already. */
  readonly claimConfirmedBy: string | null
  readonly endedBy: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface MandateInput {
  readonly uscc: string
  readonly name: string
  readonly scope: readonly ApplicationKind[]
  /** RFC 3339. */
  readonly until: string
  readonly document?: string
}

interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next page begins; null at the end. */
  readonly next: string | null
}

interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface MandateParts {
  readonly transactions: FilingTransactions
  readonly find: (id: string) => Promise<Mandate | undefined>
  /** Those that the caller is a party to, in the order of their ids; of a reviewer those that wait for one, too. */
  readonly list: (caller: Caller, page: PageRequest) => Promise<Page<Mandate>>
  readonly usccIndex: (uscc: string) => string
  readonly demand: Permissions['demand']
  /** This process must read its clients again: one of them acts for a subject now. */
  readonly forgetClients: () => void
}

export interface Mandates {
  /** An agent says whom it wants to file for; it may once the enterprise, or a reviewer who saw the paper, confirms. */
  create(input: MandateInput, request: WriteRequest): Promise<MandateView>
  read(id: string, caller: Caller): Promise<MandateView | undefined>
  /** Those that the caller is a party to, and for a reviewer those that wait for one. */
  list(caller: Caller, page: PageRequest): Promise<Page<MandateView>>
  /**
   * A reviewer confirms a document. The enterprise confirms with its credit code, whenever it comes, and claims with it
   * what the agent filed: its client becomes the subject's when a reviewer approves the application or, where that is
   * done, confirms the claim.
   */
  confirm(
    id: string,
    uscc: string | undefined,
    request: WriteRequest,
  ): Promise<MandateView | undefined>
  end(id: string, request: WriteRequest): Promise<MandateView | undefined>
}

/** A mandate with its instants in RFC 3339, and without what only the rules compare. */
export type MandateView = Omit<
  Mandate,
  'usccIndex' | 'subject' | 'agentSubject' | 'until' | 'createdAt' | 'updatedAt'
> & { readonly until: string; readonly createdAt: string; readonly updatedAt: string }

/** A longer one would outlive the people who signed it. */
const yearsMax = 5

export function makeMandates(parts: MandateParts): Mandates {
  const { transactions, demand, usccIndex } = parts

  async function change(
    id: string,
    action: 'mandate.confirm' | 'mandate.end',
    { caller, ifSerial, idempotency }: WriteRequest,
    work: (ledger: FilingLedger, mandate: Mandate) => Promise<Mandate>,
  ): Promise<MandateView | undefined> {
    const found = await parts.find(id)
    if (found === undefined) return undefined
    return transactions.write(
      caller,
      async ledger => {
        const mandate = (await ledger.lockMandate(id)) ?? found
        demand(caller, action, partiesOf(mandate))
        if (ifSerial !== undefined && ifSerial !== mandate.serial) {
          throw new Failure('VERSION_STALE', undefined, { facts: { serial: mandate.serial } })
        }
        const next = {
          ...(await work(ledger, mandate)),
          serial: mandate.serial + 1,
          updatedAt: ledger.at,
        }
        await ledger.putMandate(next, mandate)
        await auditMandate(ledger, next, action)
        return viewOf(next)
      },
      idempotency,
    )
  }

  return {
    create(input, { caller, idempotency }) {
      demand(caller, 'mandate.create', {})
      const { uscc } = parseUsccLeniently(input.uscc)
      const index = usccIndex(uscc.text)
      return transactions.write(
        caller,
        async ledger => {
          const mandate: Mandate = {
            id: randomBytes(12).toString('hex'),
            state: 'proposed',
            serial: 1,
            agent: caller.id,
            agentSubject: caller.subject,
            name: input.name,
            usccIndex: index,
            subject: (await ledger.findSubjectByUscc(index))?.id ?? null,
            scope: [...new Set(input.scope)],
            until: readUntil(input.until, ledger.at),
            document: input.document ?? null,
            confirmedBy: null,
            claimant: null,
            claimConfirmedBy: null,
            endedBy: null,
            createdAt: ledger.at,
            updatedAt: ledger.at,
          }
          await ledger.putMandate(mandate, undefined)
          await nameDocument(ledger, mandate, caller)
          await auditMandate(ledger, mandate, 'mandate.create')
          if (mandate.subject !== null) {
            await tell(ledger, mandate, 'mandate.confirm', { subject: mandate.subject })
          }
          return viewOf(mandate)
        },
        idempotency,
      )
    },

    async read(id, caller) {
      const mandate = await parts.find(id)
      if (mandate === undefined) return undefined
      demand(caller, 'mandate.read', partiesOf(mandate))
      return viewOf(mandate)
    },

    async list(caller, page) {
      demand(caller, 'mandate.list', {})
      const { items, next } = await parts.list(caller, page)
      return { items: items.map(viewOf), next }
    },

    async confirm(id, uscc, request) {
      const { caller } = request
      const shown = uscc === undefined ? undefined : usccIndex(parseUsccLeniently(uscc).uscc.text)
      const view = await change(id, 'mandate.confirm', request, async (ledger, mandate) => {
        const next = confirmed(mandate, caller, shown)
        await bindClaimant(ledger, mandate, next)
        await ledger.endNotices(about(next))
        if (isClaimPending(next)) await tell(ledger, next, 'mandate.claim', { role: 'reviewer' })
        else await tell(ledger, next, 'mandate.confirmed', { client: next.agent })
        return next
      })
      if (view?.claimConfirmedBy != null) parts.forgetClients()
      return view
    },

    end(id, request) {
      return change(id, 'mandate.end', request, async (ledger, mandate) => {
        if (mandate.state === 'ended') throw notIn(mandate.state)
        const next: Mandate = { ...mandate, state: 'ended', endedBy: request.caller.id }
        await ledger.endNotices(about(next))
        await tell(ledger, next, 'mandate.ended', { client: next.agent })
        return next
      })
    },
  }
}

/** The signed paper is one that the agent has brought, and stays with the mandate. */
async function nameDocument(ledger: FilingLedger, mandate: Mandate, caller: Caller): Promise<void> {
  const { document } = mandate
  if (document === null) return
  const named = { about: about(mandate), files: [document], before: [] }
  await nameEvidence(ledger, caller, named, () => '/document')
  await ledger.keepFiles(about(mandate))
}

/** Whoever claims a subject that has a code already is nobody to it until a reviewer has looked. */
function isClaimPending({ subject, claimant, claimConfirmedBy }: Mandate): boolean {
  return subject !== null && claimant !== null && claimConfirmedBy === null
}

function partiesOf(mandate: Mandate): Mandate {
  return isClaimPending(mandate) ? { ...mandate, claimant: null } : mandate
}

/**
 * What a confirmation makes of a mandate. A credit code is printed on every invoice: to show it says which enterprise is
 * meant, and proves nothing.
 * @param shown index of the credit code that the caller gave
 */
function confirmed(mandate: Mandate, caller: Caller, shown: string | undefined): Mandate {
  const { id } = caller
  const stated = { ...mandate, state: 'confirmed', confirmedBy: mandate.confirmedBy ?? id } as const
  if (mandate.state === 'ended') throw notIn(mandate.state)
  const isProposed = mandate.state === 'proposed'
  if (caller.role === 'reviewer') {
    if (isProposed) return stated
    if (isClaimPending(mandate)) return { ...stated, claimConfirmedBy: id }
    throw notIn(mandate.state)
  }
  if (caller.subject !== null || (isProposed && mandate.subject !== null)) {
    if (caller.subject !== mandate.subject) throw refusedParty()
    if (isProposed) return { ...stated, claimant: id, claimConfirmedBy: id }
    throw notIn(mandate.state)
  }
  if (shown !== mandate.usccIndex) throw codeNotShown()
  const isTaken =
    mandate.claimConfirmedBy !== null || (mandate.subject === null && mandate.claimant !== null)
  if (isTaken) throw notIn(mandate.state)
  return { ...stated, claimant: id }
}

/** A claim that a reviewer has confirmed makes the claimant's client the subject's. */
async function bindClaimant(ledger: FilingLedger, before: Mandate, next: Mandate): Promise<void> {
  const { subject, claimant, claimConfirmedBy } = next
  if (subject === null || claimant === null || claimConfirmedBy === before.claimConfirmedBy) return
  if (await ledger.bindClient(claimant, subject)) return
  throw new Failure('STATE_CONFLICT', actsForAnother)
}

function codeNotShown(): Failure {
  const detail = say('须出示该企业的统一社会信用代码', 'show the credit code of the enterprise')
  return invalid('/uscc', 'mandate.uscc', detail)
}

function refusedParty(): Failure {
  const detail = say(
    '该企业已有企信码，须由其自己的凭证确认',
    'the enterprise has a code: a credential of its own confirms for it',
  )
  return new Failure('NOT_PERMITTED', detail, {
    errors: [{ pointer: '', rule: 'mandate.party', detail }],
  })
}

const actsForAnother = say(
  '该凭证已代表其他主体',
  'the credential acts for another subject already',
)

/** What an agent wants to file. */
export interface MandatedFiling {
  readonly caller: Caller
  readonly kind: ApplicationKind
  readonly subject: string
  /** Of the credit code filed, as soon as one is. */
  readonly usccIndex: string | undefined
  readonly at: Date
}

/** @throws Failure `NOT_PERMITTED` saying what is wrong with the mandate for this filing */
export function demandMandate(
  mandate: Mandate | undefined,
  { caller, kind, subject, usccIndex, at }: MandatedFiling,
): void {
  if (mandate === undefined) throw refused('mandate.missing', missing)
  const isAgent =
    mandate.agent === caller.id ||
    (caller.subject !== null && [mandate.agentSubject, mandate.subject].includes(caller.subject))
  if (!isAgent) throw refused('mandate.agent', ofAnother)
  if (mandate.state !== 'confirmed') throw refused('mandate.state', notConfirmed)
  if (at >= mandate.until) throw refused('mandate.expired', expired)
  if (!mandate.scope.includes(kind)) throw refused('mandate.scope', outOfScope)
  const isAboutIt =
    kind === 'change'
      ? mandate.subject === subject
      : (usccIndex ?? mandate.usccIndex) === mandate.usccIndex
  if (!isAboutIt) throw refused('mandate.uscc', forAnother)
}

function refused(rule: string, detail: Text): Failure {
  return new Failure('NOT_PERMITTED', detail, { errors: [{ pointer: '/mandate', rule, detail }] })
}

const missing = say('代为申请须有委托', 'filing for others needs a mandate')
const ofAnother = say('该委托给予了其他代理人', 'the mandate was given to another agent')
const notConfirmed = say('委托未经确认或已终止', 'the mandate is not confirmed, or has ended')
const expired = say('委托已到期', 'the mandate has expired')
const outOfScope = say('委托范围不含此事项', 'the mandate does not cover this')
const forAnother = say('委托属于其他企业', 'the mandate is of another enterprise')

function readUntil(text: string, at: Date): Date {
  const until = new Date(text)
  const latest = new Date(at)
  latest.setUTCFullYear(latest.getUTCFullYear() + yearsMax)
  if (until > at && until <= latest) return until
  throw invalid(
    '/until',
    'mandate.until',
    say(`须为将来的时刻，且不超过 ${yearsMax} 年`, `an instant to come, within ${yearsMax} years`),
  )
}

function notIn(state: Mandate['state']): Failure {
  const detail = say(`委托处于 ${state} 状态`, `the mandate is ${state}`)
  return new Failure('STATE_CONFLICT', detail, { facts: { state } })
}

function about({ id }: Mandate): string {
  return `mandate:${id}`
}

async function tell(
  ledger: FilingLedger,
  mandate: Mandate,
  topic: NewNotice['topic'],
  to: NewNotice['to'],
): Promise<void> {
  const waits = topic === 'mandate.confirm' || topic === 'mandate.claim'
  await ledger.putNotice({
    topic,
    about: about(mandate),
    name: mandate.name,
    to,
    dueAt: waits ? mandate.until : null,
    endsAt: waits ? mandate.until : informUntil(ledger.at),
  })
}

async function auditMandate(ledger: FilingLedger, mandate: Mandate, action: string): Promise<void> {
  const { state, scope, serial, claimant } = mandate
  await ledger.audit({ action, target: about(mandate), detail: { state, scope, serial, claimant } })
}

function viewOf(mandate: Mandate): MandateView {
  const { usccIndex: _, subject: __, agentSubject: ___, ...shown } = mandate
  return {
    ...shown,
    until: mandate.until.toISOString(),
    createdAt: mandate.createdAt.toISOString(),
    updatedAt: mandate.updatedAt.toISOString(),
  }
}
