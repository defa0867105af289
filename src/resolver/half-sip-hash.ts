/**
 * HalfSipHash-2-4 with 32 bits (Aumasson, Bernstein, "SipHash: a fast short-input PRF", and its reference code): what
 * strangers choose as keys of a table is hashed with a secret, so that nobody can make many of them meet.
 * @param low the first four bytes of the secret, little-endian
 * @param high the other four
 * @returns an unsigned 32-bit number
 */
export function halfSipHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  low: number,
  high: number,
): number {
  let v0 = low | 0
  let v1 = high | 0
  let v2 = 0x6c796765 ^ low
  let v3 = 0x74656462 ^ high
  const length = end - start
  const wordsEnd = start + (length & ~3)
  // Words of the text, then the last one with the length, then the end mark: written as one loop, so that the round is
  // there once and is compiled once.
  for (let at = start; ; at += 4) {
    let word = 0
    let rounds = 2
    const isText = at < wordsEnd
    const isLast = !isText && at === wordsEnd
    if (isText) {
      word =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)
    } else if (isLast) {
      word = length << 24
      const rest = end - at
      if (rest > 0) word |= bytes[at] as number
      if (rest > 1) word |= (bytes[at + 1] as number) << 8
      if (rest > 2) word |= (bytes[at + 2] as number) << 16
    } else {
      v2 ^= 0xff
      rounds = 4
    }
    v3 ^= word
    for (; rounds > 0; rounds--) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    v0 ^= word
    if (!isText && !isLast) return (v1 ^ v3) >>> 0
  }
}
