import { createPublicKey, type KeyObject } from 'node:crypto'

const sequenceTag = 0x30
const integerTag = 0x02
const bitStringTag = 0x03
/** 1.2.840.10040.4.1 with its tag and length. */
const dsaOid = Buffer.from('06072a8648ce380401', 'hex')

/** The DSA key of a JWK, which Node reads only as SubjectPublicKeyInfo (RFC 3279 §2.3.2). */
export function dsaPublicKey(numbers: Readonly<Record<'p' | 'q' | 'g' | 'y', string>>): KeyObject {
  const { p, q, g, y } = numbers
  const algorithm = der(sequenceTag, dsaOid, der(sequenceTag, integer(p), integer(q), integer(g)))
  const spki = der(sequenceTag, algorithm, der(bitStringTag, Buffer.alloc(1), integer(y)))
  return createPublicKey({ key: spki, format: 'der', type: 'spki' })
}

function integer(base64url: string): Buffer {
  const number = Buffer.from(base64url, 'base64url')
  const isHigh = (number[0] ?? 0x80) >= 0x80
  return der(integerTag, isHigh ? Buffer.alloc(1) : Buffer.alloc(0), number)
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
