import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Caller } from '../model/caller.ts'
import type { ClientRegistry } from '../registry/clients.ts'
import { type CodeParts, issueCode } from '../registry/codes.ts'
import type { SealUscc } from '../registry/credit-codes.ts'
import { type IdentifierParts, makeIdentifiers } from '../registry/identifiers.ts'
import type { Ledger, Transactions } from '../registry/parts.ts'
import { makePrefixes, type PrefixParts } from '../registry/prefixes.ts'
import { demoPrefixes, demoRecords, demoSubjects } from './demo-data.ts'

export interface DemoParts {
  readonly transactions: Transactions
  readonly codes: CodeParts
  readonly identifiers: Omit<IdentifierParts, 'transactions'>
  readonly prefixes: Omit<PrefixParts, 'transactions'>
  readonly clients: ClientRegistry
  readonly sealerFor: (subjectId: string) => Promise<SealUscc>
  /** Where the secrets of the demo's clients are written, for its owner only. */
  readonly folder: string
}

const demo: Caller = { id: 'demo', role: 'operator', subject: null, prefixes: [] }

/**
 * Fills an empty store with two subjects, their prefixes, products and equipment, through the same rules as any
 * request: nothing in the demo is made in a way that a user could not repeat.
 */
export async function loadDemo(parts: DemoParts): Promise<void> {
  const subjects = await issueSubjects(parts)
  await parts.transactions.write(demo, async ledger => {
    const prefixes = makePrefixes({ ...parts.prefixes, transactions: within(ledger) })
    for (const { ownedBy, ...prefix } of demoPrefixes) {
      await prefixes.create({ ...prefix, owner: subjects[ownedBy]?.code ?? null }, demo)
    }
  })
  await registerRecords(parts, subjects[0]?.id ?? null)
  await writeKeys(parts, subjects[0]?.code ?? null)
}

async function issueSubjects({ transactions, codes, sealerFor }: DemoParts) {
  const drafts = await Promise.all(
    demoSubjects.map(async subject => {
      const id = randomBytes(12).toString('hex')
      return { ...subject, id, sealUscc: await sealerFor(id) }
    }),
  )
  return transactions.write(demo, async ledger => {
    const issued = []
    for (const draft of drafts) issued.push(await issueCode(codes, ledger, draft, demo.id))
    return issued
  })
}

/** The enterprise registers its own things: its aliases lead because it owns their prefixes, not because we say so. */
async function registerRecords(parts: DemoParts, subject: string | null): Promise<void> {
  const enterprise: Caller = { id: 'demo-enterprise', role: 'enterprise', subject, prefixes: [] }
  await parts.transactions.write(enterprise, async ledger => {
    const identifiers = makeIdentifiers({ ...parts.identifiers, transactions: within(ledger) })
    for (const { identifier, ...record } of demoRecords()) {
      await identifiers.create(identifier, record, { caller: enterprise })
    }
  })
}

/** Many writes as one transaction: the demo is there whole or not at all, and in well under a second. */
function within(ledger: Ledger): Transactions {
  return { write: (_caller, work) => work(ledger) }
}

async function writeKeys({ clients, folder }: DemoParts, subject: string | null) {
  const unbound = { subject: null, prefixes: [], cidrs: [], until: null }
  const operator = await clients.create(
    { ...unbound, name: 'demo operator', role: 'operator' },
    { caller: demo },
  )
  const enterprise = await clients.create(
    { ...unbound, name: 'demo enterprise', role: 'enterprise', subject },
    { caller: demo },
  )
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'operator.key'), `${operator.key}\n`, { mode: 0o600 })
  await writeFile(join(folder, 'enterprise.key'), `${enterprise.key}\n`, { mode: 0o600 })
}
