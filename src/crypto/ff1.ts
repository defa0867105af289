import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { FF1 as nobleFf1 } from '@noble/ciphers/ff1.js'

/**
 * Format-preserving encryption of digit strings (FF1, NIST SP 800-38G): a text of n digits of a
 * radix becomes another text of n digits of the same radix.
 */
export interface Ff1 {
  encrypt(digits: readonly number[]): number[]
  decrypt(digits: readonly number[]): number[]
}

/** Key bytes each algorithm takes. */
export const ff1KeyBytes = { sm4: 16, 'aes-128': 16, 'aes-256': 32 } as const
export type Ff1Algorithm = keyof typeof ff1KeyBytes

export interface Ff1Parts {
  readonly algorithm: Ff1Algorithm
  readonly key: Uint8Array
  /** 2 … 65535. */
  readonly radix: number
  readonly tweak: Uint8Array
}

/** FF1 with AES is the library's; with SM4, which it does not know, our own form. */
export function makeFf1({ algorithm, key, radix, tweak }: Ff1Parts): Ff1 {
  if (algorithm === 'sm4') {
    return makeFf1Over({ encryptBlock: makeBlockCipher(algorithm, key), radix, tweak })
  }
  assert.equal(key.length, ff1KeyBytes[algorithm], `${algorithm} key length`)
  const ff1 = nobleFf1(radix, key, tweak)
  return {
    encrypt: digits => ff1.encrypt([...digits]),
    decrypt: digits => ff1.decrypt([...digits]),
  }
}

/** Encrypts one block of 16 bytes. */
export type EncryptBlock = (block: Uint8Array) => Buffer

/** The bare block cipher. ECB keeps no state between blocks, so one cipher object serves all. */
export function makeBlockCipher(algorithm: Ff1Algorithm, key: Uint8Array): EncryptBlock {
  assert.equal(key.length, ff1KeyBytes[algorithm], `${algorithm} key length`)
  const cipher = createCipheriv(`${algorithm}-ecb`, key, null).setAutoPadding(false)
  return block => cipher.update(block)
}

interface Ff1OverParts {
  readonly encryptBlock: EncryptBlock
  readonly radix: number
  readonly tweak: Uint8Array
}

const blockBytes = 16
const rounds = 10

/** FF1 over any 128-bit block cipher (NIST SP 800-38G, algorithms 7 and 8). */
export function makeFf1Over({ encryptBlock, radix, tweak }: Ff1OverParts): Ff1 {
  assert.ok(Number.isInteger(radix) && radix >= 2 && radix <= 0xffff, 'FF1 radix')
  const base = BigInt(radix)

  function run(digits: readonly number[], direction: 'encrypt' | 'decrypt'): number[] {
    checkDigits(digits)
    const left = digits.length >> 1
    const right = digits.length - left
    const moduli = [base ** BigInt(left), base ** BigInt(right)] as const
    // Both halves fit into the bytes of the longer one; b of the standard, computed exactly.
    const halfBytes = Math.ceil((moduli[1] - 1n).toString(2).length / 8)
    const streamBytes = 4 * Math.ceil(halfBytes / 4) + 4
    const message = roundMessage(left, digits.length, halfBytes)

    let a = toNumber(digits.slice(0, left))
    let b = toNumber(digits.slice(left))
    for (let step = 0; step < rounds; step++) {
      const round = direction === 'encrypt' ? step : rounds - 1 - step
      const modulus = moduli[round % 2 === 0 ? 0 : 1]
      writeRound(message, round, direction === 'encrypt' ? b : a, halfBytes)
      const y = BigInt(`0x${stream(cbcMac(message), streamBytes).toString('hex')}`)
      if (direction === 'encrypt') [a, b] = [b, (a + y) % modulus]
      else [a, b] = [positiveModulo(b - y, modulus), a]
    }
    // After an even number of rounds the halves have their first lengths again.
    return [...toDigits(a, left), ...toDigits(b, right)]
  }

  function checkDigits(digits: readonly number[]): void {
    assert.ok(digits.length >= 2 && base ** BigInt(digits.length) >= 100n, 'FF1 domain too small')
    assert.ok(
      digits.every(digit => Number.isInteger(digit) && digit >= 0 && digit < radix),
      'digit',
    )
  }

  /** P ‖ T ‖ padding ‖ room for the round number and one half. */
  function roundMessage(left: number, length: number, halfBytes: number): Buffer {
    const unpadded = blockBytes + tweak.length + 1 + halfBytes
    const message = Buffer.alloc(Math.ceil(unpadded / blockBytes) * blockBytes)
    message.set([1, 2, 1, 0, radix >> 8, radix & 0xff, rounds, left & 0xff])
    message.writeUInt32BE(length, 8)
    message.writeUInt32BE(tweak.length, 12)
    message.set(tweak, blockBytes)
    return message
  }

  function writeRound(message: Buffer, round: number, half: bigint, halfBytes: number): void {
    const at = message.length - halfBytes
    message[at - 1] = round
    message.write(half.toString(16).padStart(halfBytes * 2, '0'), at, 'hex')
  }

  function cbcMac(message: Buffer): Buffer {
    let state = Buffer.alloc(blockBytes)
    for (let at = 0; at < message.length; at += blockBytes) {
      for (let i = 0; i < blockBytes; i++) state[i]! ^= message[at + i]!
      state = Buffer.from(encryptBlock(state))
    }
    return state
  }

  /** R ‖ E(R ⊕ 1) ‖ E(R ⊕ 2) … cut to the bytes needed. */
  function stream(first: Buffer, bytes: number): Buffer {
    const blocks = [first]
    for (let counter = 1; blocks.length * blockBytes < bytes; counter++) {
      const block = Buffer.from(first)
      block.writeUInt32BE((block.readUInt32BE(12) ^ counter) >>> 0, 12)
      blocks.push(encryptBlock(block))
    }
    return Buffer.concat(blocks).subarray(0, bytes)
  }

  function toNumber(digits: readonly number[]): bigint {
    return digits.reduce((sum, digit) => sum * base + BigInt(digit), 0n)
  }

  function toDigits(number: bigint, length: number): number[] {
    const digits = new Array<number>(length)
    let rest = number
    for (let i = length - 1; i >= 0; i--) {
      digits[i] = Number(rest % base)
      rest /= base
    }
    return digits
  }

  return {
    encrypt: digits => run(digits, 'encrypt'),
    decrypt: digits => run(digits, 'decrypt'),
  }
}

function positiveModulo(number: bigint, modulus: bigint): bigint {
  return ((number % modulus) + modulus) % modulus
}
