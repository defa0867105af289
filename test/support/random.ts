/** Chance that can be repeated. */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  one<Item>(items: readonly Item[]): Item
}

/** Mulberry32: the same numbers for the same seed on every machine. */
export function aRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (end: number) => next() % end
  return { below, one: items => items[below(items.length)] as never }
}
