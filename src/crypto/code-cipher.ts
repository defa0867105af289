import assert from 'node:assert/strict'
import {
  checkSymbolOf,
  codeAlphabet,
  codeBodyLength,
  codeRadix,
  codeSeqDigits,
  codeSeqMax,
  codeSymbolValue,
  codeVersionMax,
} from '../model/code.ts'
import { foldAscii } from '../model/identifier.ts'
import { type Ff1, makeBlockCipher, makeFf1 } from './ff1.ts'

export type CodeAlgorithm = 'sm4' | 'aes-256'

export interface CodeKey {
  /** 1 … 30, the first symbol of its codes; never given to another key under the same prefix. */
  readonly version: number
  readonly algorithm: CodeAlgorithm
  readonly key: Buffer
  /** `active` issues and reads, `retired` reads, `destroyed` is as if it had never been. */
  readonly state: 'active' | 'retired' | 'destroyed'
  /** False once the key may have leaked: then it no longer proves anything and the store decides. */
  readonly filter: boolean
}

export interface CodeCipherParts {
  /** The handle prefix the codes are issued under, such as `88.118.1`. */
  readonly prefix: string
  readonly keys: readonly CodeKey[]
}

export type CodeVerdict = 'genuine' | 'forged' | 'unknownVersion'

export interface CodeCipher {
  /** The code of a sequence number, 14 symbols. The version's key must be active. */
  encode(seq: number, version: number): string
  /** @param code 14 symbols with the right check symbol, as `model/code.ts` reads them */
  verdict(code: string): CodeVerdict
  /** The sequence number of a genuine code, else undefined. */
  seqOf(code: string): number | undefined
}

const zeroDigits = codeBodyLength - codeSeqDigits

/** Turns sequence numbers into codes that nobody without the key can make, and tells them apart. */
export function makeCodeCipher({ prefix, keys }: CodeCipherParts): CodeCipher {
  const versions = new Map<number, CodeKey & { readonly ff1: Ff1 }>()
  for (const key of keys) {
    assert.ok(key.version >= 1 && key.version <= codeVersionMax, `code key version ${key.version}`)
    assert.ok(!versions.has(key.version), `two code keys of version ${key.version}`)
    if (key.state !== 'destroyed') versions.set(key.version, { ...key, ff1: ff1Of(prefix, key) })
  }

  function plainBody(code: string): number[] | undefined {
    const version = versions.get(codeSymbolValue(code[0]!))
    return version?.ff1.decrypt([...code.slice(1, 1 + codeBodyLength)].map(codeSymbolValue))
  }

  return {
    encode(seq, version) {
      assert.ok(Number.isInteger(seq) && seq >= 0 && seq <= codeSeqMax, `code sequence ${seq}`)
      const key = versions.get(version)
      assert.equal(key?.state, 'active', `code key version ${version} does not issue`)
      const body = key!.ff1.encrypt([...digitsOf(seq), ...new Array<number>(zeroDigits).fill(0)])
      const symbols = [version, ...body].map(value => codeAlphabet[value]).join('')
      return symbols + checkSymbolOf(symbols)
    },

    verdict(code) {
      const key = versions.get(codeSymbolValue(code[0]!))
      if (key === undefined) return 'unknownVersion'
      return !key.filter || endsInZeros(plainBody(code)!) ? 'genuine' : 'forged'
    },

    seqOf(code) {
      const body = plainBody(code)
      if (body === undefined || !endsInZeros(body)) return undefined
      return body.slice(0, codeSeqDigits).reduce((sum, digit) => sum * codeRadix + digit, 0)
    },
  }
}

/**
 * The key check value: tells whether a stored key was unwrapped rightly without showing it.
 * @returns the first 3 bytes of the encrypted zero block, hex
 */
export function kcv(algorithm: CodeAlgorithm, key: Buffer): string {
  return makeBlockCipher(algorithm, key)(Buffer.alloc(16)).toString('hex', 0, 3)
}

function ff1Of(prefix: string, { version, algorithm, key }: CodeKey): Ff1 {
  // The tweak binds a code to its prefix and version: elsewhere it decrypts to noise.
  const tweak = Buffer.from(`qxm1|${foldAscii(prefix)}|${codeAlphabet[version]}`)
  return makeFf1({ algorithm, key, radix: codeRadix, tweak })
}

function digitsOf(seq: number): number[] {
  const digits = new Array<number>(codeSeqDigits)
  let rest = seq
  for (let i = codeSeqDigits - 1; i >= 0; i--) {
    digits[i] = rest % codeRadix
    rest = Math.floor(rest / codeRadix)
  }
  return digits
}

function endsInZeros(body: readonly number[]): boolean {
  return body.slice(codeSeqDigits).every(digit => digit === 0)
}
