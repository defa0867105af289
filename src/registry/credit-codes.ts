import type { Sealing } from '../crypto/sealing.ts'

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

/**
 * Makes what seals one subject's credit code.
 * @param sealing with the subject's key
 */
export function makeUsccSealer(
  sealing: Pick<Sealing, 'seal'>,
  usccIndex: (uscc: string) => string,
): SealUscc {
  return (uscc, code) => ({
    index: usccIndex(uscc),
    sealed: sealing.seal(Buffer.from(uscc), { handle: code, field, version: 1 }),
  })
}
