import type { Identifier } from '../../model/identifier.ts'

/** Some hot handles of a node; two whose slots are the same drive each other out. */
const slotCount = 4_096
/** Longer ones are rare, and are read each time. */
const handleBytesMax = 64

/**
 * Reads handles, and those that were asked for lately from their bytes alone: no text is made, which is a sixth of what
 * a cached answer costs.
 * @param parse the same text is always the same identifier; undefined: none
 */
export function makeRecentHandles(
  parse: (text: string) => Identifier | undefined,
): (input: Buffer, start: number, end: number) => Identifier | undefined {
  const identifiers = new Array<Identifier | undefined>(slotCount).fill(undefined)
  const lengths = new Uint8Array(slotCount)
  /** The bytes that each identifier was read from, slot by slot. */
  const kept = new Uint8Array(slotCount * handleBytesMax)

  function isKept(slot: number, input: Buffer, start: number, length: number): boolean {
    if (lengths[slot] !== length) return false
    const keptAt = slot * handleBytesMax
    for (let i = 0; i < length; i++) if (kept[keptAt + i] !== input[start + i]) return false
    return true
  }

  return function findIdentifier(input, start, end) {
    const length = end - start
    if (length > handleBytesMax) return parse(input.toString('utf8', start, end))
    const slot = hashOf(input, start, end) & (slotCount - 1)
    if (isKept(slot, input, start, length)) return identifiers[slot]
    const identifier = parse(input.toString('utf8', start, end))
    for (let i = 0; i < length; i++) kept[slot * handleBytesMax + i] = input[start + i] as number
    lengths[slot] = length
    identifiers[slot] = identifier
    return identifier
  }
}

/** FNV-1a, folded because the low bits are taken. Who finds handles of one slot gains that they are read each time. */
function hashOf(input: Buffer, start: number, end: number): number {
  let hash = 2_166_136_261
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (input[i] as number), 16_777_619)
  return (hash >>> 16) ^ hash
}
