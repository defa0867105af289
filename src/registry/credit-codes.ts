import type { KeyStore } from '../crypto/key-store.ts'
import type { RandomBytes } from '../crypto/master-key.ts'
import { makeBlindIndex, makeSealing } from '../crypto/sealing.ts'

/** A subject's credit code as the store keeps it: found again by who knows it, read only with the subject's key. */
export type SealUscc = (
  uscc: string,
  code: string,
) => { readonly index: string; readonly sealed: Buffer }

const field = 'basic.uscc'

/** The keyed digest under which a credit code is found again. */
export function creditCodeIndex(
  blindIndex: (field: string, value: string) => string,
): (uscc: string) => string {
  return uscc => blindIndex(field, uscc)
}

/** Makes what seals one subject's credit code; the subject's key is made when it is first needed. */
export function makeUsccSealer(parts: {
  readonly keyStore: KeyStore
  readonly random: RandomBytes
  readonly profile: 'gm' | 'intl'
}): (subjectId: string) => Promise<SealUscc> {
  const { keyStore, random, profile } = parts
  return async subjectId => {
    const { key: dek } = await keyStore.getOrMake('dek', subjectId, 'sealing')
    const { key: indexKey } = await keyStore.getOrMake('blindIndex', '', 'hmac-sm3')
    const sealing = makeSealing({ dek, profile, random })
    const indexOf = creditCodeIndex(makeBlindIndex(indexKey))
    return (uscc, code) => ({
      index: indexOf(uscc),
      sealed: sealing.seal(Buffer.from(uscc), { handle: code, field, version: 1 }),
    })
  }
}
