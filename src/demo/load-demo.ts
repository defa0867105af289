import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Caller, Role } from '../model/caller.ts'
import type { Applications } from '../registry/applications/applications.ts'
import type { ClientRegistry } from '../registry/clients.ts'
import type { Enterprises } from '../registry/enterprises.ts'
import { type IdentifierRules, makeIdentifiers } from '../registry/identifiers.ts'
import type { Mandates } from '../registry/mandates.ts'
import type { Ledger, Transactions } from '../registry/parts.ts'
import { makePrefixes, type PrefixParts } from '../registry/prefixes.ts'
import type { Review } from '../registry/review/review.ts'
import {
  type DemoSubject,
  demoChange,
  demoClient,
  demoMandateDays,
  demoPrefixes,
  demoRecords,
  demoSubjects,
  demoSuspension,
} from './demo-data.ts'

export interface DemoParts {
  readonly transactions: Transactions
  readonly applications: Applications
  readonly review: Review
  readonly mandates: Mandates
  readonly enterprises: Pick<Enterprises, 'suspend'>
  readonly identifiers: IdentifierRules
  readonly prefixes: Omit<PrefixParts, 'transactions'>
  readonly clients: ClientRegistry
  readonly subjectIdByCode: (code: string) => string | undefined
  readonly now: () => number
  /** Where the secrets of the demo's clients are written, for its owner only. */
  readonly folder: string
}

const demo: Caller = { id: 'demo', role: 'operator', subject: null, prefixes: [] }

/**
 * Fills an empty store with three subjects (an enterprise with a change that waits for its reviewer, a public institution,
 * and an agent's client whose code is suspended), prefixes, products and equipment, through the same rules as any request:
 * nothing in the demo is made in a way that a user could not repeat.
 */
export async function loadDemo(parts: DemoParts): Promise<void> {
  const callers = await makeCallers(parts)
  const codes = [
    await enroll(parts, callers.enterprise, callers.reviewer, demoSubjects[0]),
    await enroll(parts, callers.institution, callers.reviewer, demoSubjects[1]),
  ]
  await parts.transactions.write(demo, async ledger => {
    const prefixes = makePrefixes({ ...parts.prefixes, transactions: within(ledger) })
    for (const { ownedBy, ...prefix } of demoPrefixes) {
      await prefixes.create({ ...prefix, owner: codes[ownedBy] ?? null }, demo)
    }
  })
  const subject = parts.subjectIdByCode(codes[0] ?? '') ?? null
  await enrollForAnother(parts, callers.agent, callers.reviewer)
  await fileChange(parts, { ...callers.enterprise, subject })
  await registerRecords(parts, subject)
}

const demoRoles = {
  operator: 'operator',
  enterprise: 'enterprise',
  institution: 'enterprise',
  agent: 'agent',
  reviewer: 'reviewer',
} as const satisfies Record<string, Role>
type DemoName = keyof typeof demoRoles

/** One credential of each kind; its key lies in the folder, readable by its owner only. */
async function makeCallers({ clients, folder }: DemoParts): Promise<Record<DemoName, Caller>> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unbound = { subject: null, prefixes: [], cidrs: [], until: null }
  const callers: [string, Caller][] = []
  for (const [name, role] of Object.entries(demoRoles)) {
    const { id, key } = await clients.create(
      { ...unbound, name: `demo ${name}`, role },
      { caller: demo },
    )
    await writeFile(join(folder, `${name}.key`), `${key}\n`, { mode: 0o600 })
    callers.push([name, { id, role, subject: null, prefixes: [] }])
  }
  return Object.fromEntries(callers) as Record<DemoName, Caller>
}

const consent = { purpose: '申请企信码', tables: ['basic'], audience: { role: 'reviewer' } }

/** Applies and is approved; the first two codes of the demo's key are these, everywhere. */
async function enroll(
  { applications, review }: DemoParts,
  filer: Caller,
  reviewer: Caller,
  { basic, grade }: DemoSubject,
): Promise<string> {
  const filing = { basic, consent, declaration: true, submit: true }
  const { id } = await applications.create(filing, { caller: filer })
  const decision = { decision: 'approve', subject: { grade } } as const
  const approved = await review.decide(id, decision, { caller: reviewer })
  assert(approved?.code != null, 'what is approved has a code')
  return approved.code
}

/** Under a mandate whose paper a reviewer has seen; approved, and suspended since. */
async function enrollForAnother(parts: DemoParts, agent: Caller, reviewer: Caller): Promise<void> {
  const { applications, review, mandates, enterprises, now } = parts
  const until = new Date(now() + demoMandateDays * 86_400_000).toISOString()
  const { uscc, producerName } = demoClient
  const { id: mandate } = await mandates.create(
    { uscc: String(uscc), name: String(producerName), scope: ['code', 'change'], until },
    { caller: agent },
  )
  await mandates.confirm(mandate, undefined, { caller: reviewer })
  const filing = { basic: demoClient, mandate, consent, declaration: true, submit: true }
  const { id } = await applications.create(filing, { caller: agent })
  const approved = await review.decide(id, { decision: 'approve' }, { caller: reviewer })
  assert(approved?.code != null, 'what is approved has a code')
  await enterprises.suspend(approved.code, { reason: demoSuspension }, { caller: reviewer })
}

/** The reviewer's queue has something to look at. */
async function fileChange({ applications }: DemoParts, enterprise: Caller): Promise<void> {
  const filing = { basic: demoChange, consent, declaration: true, submit: true }
  await applications.create(filing, { caller: enterprise })
}

/** The enterprise registers its own things: its aliases lead because it owns their prefixes, not because we say so. */
async function registerRecords(parts: DemoParts, subject: string | null): Promise<void> {
  const enterprise: Caller = { id: 'demo-enterprise', role: 'enterprise', subject, prefixes: [] }
  await parts.transactions.write(enterprise, async ledger => {
    const identifiers = makeIdentifiers({
      ...parts.identifiers,
      transactions: within(ledger),
      mayHave: () => true,
    })
    for (const { identifier, ...record } of demoRecords()) {
      await identifiers.create(identifier, record, { caller: enterprise })
    }
  })
}

/** Many writes as one transaction: the demo is there whole or not at all, and in well under a second. */
function within(ledger: Ledger): Transactions {
  return { write: (_caller, work) => work(ledger) }
}
