import type { Key, KeyRows, KeyStore } from '../../crypto/key-store.ts'
import type { RandomBytes } from '../../crypto/master-key.ts'
import { makeSealing, type Sealing } from '../../crypto/sealing.ts'
import type { Fields } from '../../schemas/validate.ts'
import { writeRow } from '../../schemas/write-row.ts'
import { makeUsccSealer, type SealUscc } from '../credit-codes.ts'

/** What seals and opens the personal items of one subject, or of one that applies to be one. */
export interface SubjectKeys {
  seal(personal: Fields, place: RowPlace): Buffer
  /** @throws SealBroken when the blob was changed, or moved to another row */
  open(sealed: Buffer, place: RowPlace): Fields
  readonly sealUscc: SealUscc
}

/** The row a sealed value stands in. */
export interface RowPlace {
  readonly handle: string
  readonly version: number
}

/** Who can be found and named by them: everything else on a licence is public. */
const personalFields: readonly string[] = ['uscc', 'legalRepresentative']

export function splitPersonal(fields: Fields): { open: Fields; personal: Fields } {
  const entries = Object.entries(fields)
  return {
    open: Object.fromEntries(entries.filter(([name]) => !personalFields.includes(name))),
    personal: Object.fromEntries(entries.filter(([name]) => personalFields.includes(name))),
  }
}

/** Both together again, in the order of the standard. */
export function joinPersonal(open: Fields, personal: Fields): Fields {
  return writeRow('basic', 'production', { ...open, ...personal })
}

export interface FirstSubjectKeys {
  readonly keys: SubjectKeys
  /** Puts the key where it is found again: in the transaction that is the first to name the subject. */
  keep(rows: KeyRows): Promise<void>
}

export interface AllSubjectKeys {
  /** A subject's key is made when it is first asked for, so this is called before a transaction and never in one. */
  of(subject: string): Promise<SubjectKeys>
  /** Makes the key of a subject that nobody has named yet; it holds from when the transaction that names it keeps it. */
  makeFirst(subject: string): Promise<FirstSubjectKeys>
}

export function makeSubjectKeys(parts: {
  readonly keyStore: KeyStore
  readonly random: RandomBytes
  readonly profile: 'gm' | 'intl'
  readonly usccIndex: (uscc: string) => string
}): AllSubjectKeys {
  const { keyStore, random, profile, usccIndex } = parts

  function keysWith({ key: dek }: Pick<Key, 'key'>): SubjectKeys {
    const sealing = makeSealing({ dek, profile, random })
    return { ...rowSealing(sealing), sealUscc: makeUsccSealer(sealing, usccIndex) }
  }

  return {
    of: async subject => keysWith(await keyStore.getOrMake('dek', subject, 'sealing')),
    async makeFirst(subject) {
      const { made, row } = await keyStore.makeFirst('dek', subject, 'sealing')
      return { keys: keysWith(made), keep: rows => rows.insertFirst(row) }
    },
  }
}

const field = 'basic.personal'

function rowSealing(sealing: Sealing): Pick<SubjectKeys, 'seal' | 'open'> {
  return {
    seal: (personal, place) =>
      sealing.seal(Buffer.from(JSON.stringify(personal)), { ...place, field }),
    open: (sealed, place) => JSON.parse(sealing.unseal(sealed, { ...place, field }).toString()),
  }
}
