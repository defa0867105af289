import { randomBytes } from 'node:crypto'
import { makeBlindIndex } from '../crypto/sealing.ts'
import { type Applications, makeApplications } from '../registry/applications/applications.ts'
import { makeOutcomes } from '../registry/applications/outcomes.ts'
import type { FilingTransactions } from '../registry/applications/parts.ts'
import { makeKeysOf } from '../registry/applications/subject-keys.ts'
import type { CodeParts } from '../registry/codes.ts'
import { creditCodeIndex } from '../registry/credit-codes.ts'
import { type Enterprises, makeEnterprises } from '../registry/enterprises.ts'
import { type Mandates, makeMandates } from '../registry/mandates.ts'
import { makeReview, type Review } from '../registry/review/review.ts'
import {
  type ApplicationLists,
  applicationReads,
  makeApplicationLists,
} from '../storage/postgres/applications.ts'
import type { ClientReader } from '../storage/postgres/clients.ts'
import type { Database } from '../storage/postgres/database.ts'
import { findSubject } from '../storage/postgres/enterprises.ts'
import type { Keys } from './keys.ts'
import type { Reading } from './reading.ts'

/** From asking for a code to its end. */
export interface Filing {
  readonly applications: Applications
  readonly review: Review
  readonly mandates: Mandates
  readonly enterprises: Enterprises
  readonly filingLists: ApplicationLists
}

export interface FilingSources {
  readonly transactions: FilingTransactions
  readonly codes: CodeParts
  readonly clientReader: Pick<ClientReader, 'find'>
  readonly forgetClients: () => void
}

/** The form in which personal items are sealed (GB/T 32907, 32905). */
const profile = 'gm'

export async function openFiling(
  database: Database,
  keys: Pick<Keys, 'store'>,
  { permissions, names, directory }: Pick<Reading, 'permissions' | 'names' | 'directory'>,
  { transactions, codes, clientReader, forgetClients }: FilingSources,
): Promise<Filing> {
  const { key: outcomeKey } = await keys.store.getOrMake('dek', 'outcomes', 'sealing')
  const { key: indexKey } = await keys.store.getOrMake('blindIndex', '', 'hmac-sm3')
  const reads = applicationReads(database)
  const demand = permissions.demand
  const keysOf = makeKeysOf({ keyStore: keys.store, random: randomBytes, profile })
  const usccIndex = creditCodeIndex(makeBlindIndex(indexKey))
  const isReviewer = async (id: string) => {
    const client = await clientReader.find(id)
    return client?.role === 'reviewer' && client.revokedAt === null
  }

  const outcomes = makeOutcomes({ key: outcomeKey, profile, random: randomBytes })
  const desk = { transactions, reads, keysOf, outcomes, demand }

  return {
    applications: makeApplications({ ...desk, usccIndex }),
    review: makeReview({ ...desk, codes, isReviewer, forgetClients }),
    mandates: makeMandates({
      transactions,
      find: reads.findMandate,
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
  }
}
