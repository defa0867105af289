import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'

/**
 * The signed response of HS_SECKEY. `pbkdf2` is what peers from 2.7 on write; `digest` is a hash of
 * secret, nonce, request digest and secret, or an HMAC under the secret, by its type byte.
 */
export type SecretAnswer =
  | {
      readonly kind: 'pbkdf2'
      readonly salt: Buffer
      readonly iterations: number
      readonly keyBits: number
      readonly mac: Buffer
    }
  | { readonly kind: 'digest'; readonly algorithm: SecretDigest; readonly mac: Buffer }

export type SecretDigest = 'MD5' | 'SHA-1' | 'SHA-256' | 'HMAC-SHA1' | 'HMAC-SHA256'

const pbkdf2Type = 0x22
const digestTypes: ReadonlyMap<number, SecretDigest> = new Map([
  [0x01, 'MD5'],
  [0x02, 'SHA-1'],
  [0x03, 'SHA-256'],
  [0x12, 'HMAC-SHA1'],
  [0x13, 'HMAC-SHA256'],
])
const digestBytes: Readonly<Record<SecretDigest, number>> = {
  MD5: 16,
  'SHA-1': 20,
  'SHA-256': 32,
  'HMAC-SHA1': 20,
  'HMAC-SHA256': 32,
}

/** What a peer may make us compute; all stacks write 10 000. */
export const pbkdf2IterationsMax = 100_000
const pbkdf2SaltBytesMax = 64
const pbkdf2KeyBitsMax = 512
const pbkdf2MacBytes = 20

export function decodeSecretAnswer(signedResponse: Buffer): SecretAnswer {
  const reader = new ByteReader(signedResponse)
  const type = reader.uint8()
  const answer = type === pbkdf2Type ? decodePbkdf2(reader) : decodeDigest(reader, type)
  reader.end()
  return answer
}

export function encodeSecretAnswer(writer: ByteWriter, answer: SecretAnswer): void {
  switch (answer.kind) {
    case 'pbkdf2':
      writer.uint8(pbkdf2Type)
      writer.sized(answer.salt)
      writer.int32(answer.iterations)
      writer.int32(answer.keyBits)
      writer.sized(answer.mac)
      break
    case 'digest':
      for (const [type, algorithm] of digestTypes) {
        if (algorithm === answer.algorithm) writer.uint8(type)
      }
      writer.bytes(answer.mac)
      break
  }
}

function decodePbkdf2(reader: ByteReader): SecretAnswer {
  const salt = reader.sized(pbkdf2SaltBytesMax)
  const iterations = reader.int32()
  const keyBits = reader.int32()
  const mac = reader.sized()
  if (iterations < 1) throw new MalformedBytes('value', 'iterations')
  if (iterations > pbkdf2IterationsMax) throw new MalformedBytes('limit', 'iterations')
  if (keyBits < 8 || keyBits % 8 !== 0) throw new MalformedBytes('value', 'key length')
  if (keyBits > pbkdf2KeyBitsMax) throw new MalformedBytes('limit', 'key length')
  if (mac.length !== pbkdf2MacBytes) throw new MalformedBytes('value', 'MAC length')
  return { kind: 'pbkdf2', salt, iterations, keyBits, mac }
}

function decodeDigest(reader: ByteReader, type: number): SecretAnswer {
  const algorithm = digestTypes.get(type)
  if (algorithm === undefined) throw new MalformedBytes('value', `digest type ${type}`)
  return { kind: 'digest', algorithm, mac: reader.bytes(digestBytes[algorithm]) }
}
