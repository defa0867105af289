import { randomBytes } from 'node:crypto'
import { accountState } from '../access/accounts.ts'
import { makeBlindIndex, makeSealing } from '../crypto/sealing.ts'
import { isUnder, parsePrefix } from '../mapping/prefix-walk.ts'
import { type Applications, makeApplications } from '../registry/applications/applications.ts'
import { makeOutcomes } from '../registry/applications/outcomes.ts'
import type { FilingTransactions } from '../registry/applications/parts.ts'
import { type AllSubjectKeys, makeSubjectKeys } from '../registry/applications/subject-keys.ts'
import type { CodeParts } from '../registry/codes.ts'
import { creditCodeIndex } from '../registry/credit-codes.ts'
import { makeDemandLook } from '../registry/demand-look.ts'
import { type Enterprises, makeEnterprises } from '../registry/enterprises.ts'
import type { FileCheck } from '../registry/files/check-in-thread.ts'
import { type Files, makeFiles } from '../registry/files/files.ts'
import { type Mandates, makeMandates } from '../registry/mandates.ts'
import type { PrefixRecords } from '../registry/prefix-proofs/parts.ts'
import { makePrefixProofs, type PrefixProofs } from '../registry/prefix-proofs/prefix-proofs.ts'
import { makeReview, type Review } from '../registry/review/review.ts'
import { accountReads } from '../storage/postgres/accounts.ts'
import {
  type ApplicationLists,
  applicationReads,
  makeApplicationLists,
} from '../storage/postgres/applications.ts'
import type { ClientReader } from '../storage/postgres/clients.ts'
import type { Database } from '../storage/postgres/database.ts'
import { findSubject } from '../storage/postgres/enterprises.ts'
import { fileReads } from '../storage/postgres/files.ts'
import { listMandates } from '../storage/postgres/mandates.ts'
import { proofReads } from '../storage/postgres/prefix-proofs.ts'
import type { Keys } from './keys.ts'
import type { Reading } from './reading.ts'

/** From asking for a code to its end. */
export interface Filing {
  readonly applications: Applications
  readonly review: Review
  readonly mandates: Mandates
  readonly enterprises: Enterprises
  readonly filingLists: ApplicationLists
  readonly files: Files
  readonly prefixProofs: PrefixProofs
  /** For what files as people do: imports. */
  readonly subjectKeys: AllSubjectKeys
  readonly usccIndex: (uscc: string) => string
}

export interface FilingSources {
  readonly transactions: FilingTransactions
  readonly codes: CodeParts
  readonly clientReader: Pick<ClientReader, 'find'>
  readonly forgetClients: () => void
  readonly checkFile: FileCheck
  readonly prefixRecords: PrefixRecords
  readonly nodePrefix: string
  readonly now: () => Date
}

/** The form in which personal items are sealed (GB/T 32907, 32905). */
const profile = 'gm'

export async function openFiling(
  database: Database,
  keys: Pick<Keys, 'store'>,
  { permissions, names, directory }: Pick<Reading, 'permissions' | 'names' | 'directory'>,
  sources: FilingSources,
): Promise<Filing> {
  const { transactions, codes, clientReader, forgetClients, nodePrefix, now } = sources
  const { key: outcomeKey } = await keys.store.getOrMake('dek', 'outcomes', 'sealing')
  const { key: indexKey } = await keys.store.getOrMake('blindIndex', '', 'hmac-sm3')
  const reads = applicationReads(database)
  const people = accountReads(database)
  const demand = permissions.demand
  const usccIndex = creditCodeIndex(makeBlindIndex(indexKey))
  const subjectKeys = makeSubjectKeys({
    keyStore: keys.store,
    random: randomBytes,
    profile,
    usccIndex,
  })
  const isReviewer = async (id: string) => {
    const client = await clientReader.find(id)
    if (client !== undefined) return client.role === 'reviewer' && client.revokedAt === null
    const person = await people.findAccount(id)
    return person?.role === 'reviewer' && accountState(person) === 'active'
  }

  const outcomes = makeOutcomes({ key: outcomeKey, profile, random: randomBytes })
  const keysOf = subjectKeys.of
  const desk = {
    transactions,
    reads,
    keysOf,
    makeFirstKeys: subjectKeys.makeFirst,
    outcomes,
    demand,
  }
  const demandLook = makeDemandLook({ transactions, demand, now })
  const proofs = proofReads(database)
  const holderOf = (prefix: string) => {
    const owner = directory.find('handle', prefix)?.owner ?? null
    return owner === null ? null : (directory.subject(owner)?.code ?? null)
  }
  const sealingOf = async (sealedFor: string) => {
    const { key: dek } = await keys.store.getOrMake('dek', sealedFor, 'sealing')
    return makeSealing({ dek, profile, random: randomBytes })
  }

  return {
    applications: makeApplications({ ...desk, usccIndex, demandLook, proofs, holderOf }),
    review: makeReview({ ...desk, codes, isReviewer, forgetClients }),
    mandates: makeMandates({
      transactions,
      find: reads.findMandate,
      list: (caller, page) => listMandates(database, caller, page),
      usccIndex,
      demand,
      forgetClients,
    }),
    enterprises: makeEnterprises({
      transactions,
      reads,
      keysOf,
      subjectByCode: code => directory.subjectByCode(names.parse(code, 'code').text),
      prefixesOf: id => directory.prefixesOf(id),
      findSubject: id => findSubject(database, id),
      permissions,
    }),
    filingLists: makeApplicationLists(database),
    files: makeFiles({
      transactions,
      reads: fileReads(database),
      check: sources.checkFile,
      sealingOf,
      demand,
      demandLook,
      now,
    }),
    prefixProofs: makePrefixProofs({
      transactions,
      reads: proofs,
      records: sources.prefixRecords,
      keysOf,
      findPrefix: prefix => directory.find('handle', prefix),
      parsePrefix: text => parsePrefix('handle', text),
      isNodes: prefix =>
        isUnder('handle', nodePrefix, prefix) ||
        isUnder('handle', codes.prefix, prefix) ||
        isUnder('handle', prefix, codes.prefix),
      nodePrefix,
      demand,
      now,
    }),
    subjectKeys,
    usccIndex,
  }
}
