import assert from 'node:assert/strict'
import { type System, systems } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import { firstEnd, isStep, prefixLengthMax, shortestEnd, stepsOf } from './prefix-walk.ts'

/** A slot is a hash, 0 where it is free, the row's text, and the row: 24 bytes. */
const slotWords = 3
const slotsMin = 64
/** At most three slots of five are taken: a probe seldom meets another row's slot. */
const loadMax = 3 / 5
/** In small steps, because a table that has just been enlarged is the dearest a row. */
const growth = 5 / 4
/** As many as an array keeps without a box of its own for each number; the lowest say the system. */
const hashBits = 30
const systemBits = 3

/**
 * Finds the longest prefix of a text among very many, in time proportional to the text's length and without making any
 * text: one pass hashes the text and notes the hash wherever a prefix may end; then the ends are looked up, the longest
 * first, in one open-addressed table. A hash only points at a row; the row's own text decides.
 *
 * Among a million rows what costs is memory that is not in the processor's caches: a look-up touches a slot and the
 * text of one row. Rows are replaced and never removed.
 */
export class PrefixIndex<Row extends Pick<Prefix, 'system' | 'prefix'>> {
  readonly #seeds: Int32Array
  #slots: Slots<Row> = emptySlots(slotsMin)
  #size = 0
  /** By system and length: whether any prefix has it, so that other ends are not looked up. */
  readonly #lengths = new Uint8Array(systems.length * (prefixLengthMax + 1))
  /** By system. */
  readonly #longest = new Int32Array(systems.length)
  /** The ends found by the latest pass and the hashes there, shortest first. */
  readonly #ends = new Int32Array(prefixLengthMax + 1)
  readonly #hashes = new Int32Array(prefixLengthMax + 1)

  /** @param seed an integer that askers do not know, so that nobody can prepare prefixes that meet in one slot */
  constructor(seed: number) {
    this.#seeds = Int32Array.from(systems, (_, at) => mix(seed + Math.imul(at + 1, 0x9e3779b1)))
  }

  get size(): number {
    return this.#size
  }

  /** @returns the row that it replaces */
  put(row: Row): Row | undefined {
    const { system, prefix } = row
    assert(prefix.length <= prefixLengthMax, 'a prefix is no longer than identifiers are')
    const hash = this.#hashOf(system, prefix)
    const known = this.#slotOf(hash, prefix, prefix.length)
    if (known !== undefined) {
      const former = this.#slots[known + 2] as Row
      this.#slots[known + 2] = row
      return former
    }
    this.#size += 1
    if (this.#size > loadMax * (this.#slots.length / slotWords)) this.#grow()
    insert(this.#slots, hash, row)
    const number = numberOf(system)
    this.#lengths[number * (prefixLengthMax + 1) + prefix.length] = 1
    this.#longest[number] = Math.max(this.#longest[number] ?? 0, prefix.length)
    return undefined
  }

  find(system: System, prefix: string): Row | undefined {
    const slot = this.#slotOf(this.#hashOf(system, prefix), prefix, prefix.length)
    return slot === undefined ? undefined : (this.#slots[slot + 2] as Row)
  }

  /** The row of the longest prefix that is responsible for the authority, as `walk` passes them. */
  match(system: System, authority: string): Row | undefined {
    const number = numberOf(system)
    for (let at = this.#scan(system, number, authority) - 1; at >= 0; at--) {
      const hash = finish(this.#hashes[at] as number, number)
      const slot = this.#slotOf(hash, authority, this.#ends[at] as number)
      if (slot !== undefined) return this.#slots[slot + 2] as Row
    }
    return undefined
  }

  /** All rows, in no order that means anything. */
  *rows(): Generator<Row, void, undefined> {
    for (let at = 0; at < this.#slots.length; at += slotWords) {
      if (this.#slots[at] !== 0) yield this.#slots[at + 2] as Row
    }
  }

  /** Notes where known prefixes of the authority may end: where one of that length exists. @returns how many */
  #scan(system: System, number: number, authority: string): number {
    const { first, second } = stepsOf(system)
    const shortest = shortestEnd(system, authority)
    const whole = firstEnd(system, authority)
    const end = Math.min(whole, (this.#longest[number] as number) + 1)
    const lengths = this.#lengths
    const lengthsAt = number * (prefixLengthMax + 1)
    let hash = this.#seeds[number] as number
    let count = 0
    for (let at = 0; at < end; at++) {
      const unit = authority.charCodeAt(at)
      if (lengths[lengthsAt + at] === 1 && at >= shortest && isStep(first, second, unit)) {
        this.#ends[count] = at
        this.#hashes[count++] = hash
      }
      hash = step(hash, unit)
    }
    if (end === whole && lengths[lengthsAt + whole] === 1) {
      this.#ends[count] = whole
      this.#hashes[count++] = hash
    }
    return count
  }

  #hashOf(system: System, prefix: string): number {
    const number = numberOf(system)
    let hash = this.#seeds[number] as number
    for (let at = 0; at < prefix.length; at++) hash = step(hash, prefix.charCodeAt(at))
    return finish(hash, number)
  }

  #slotOf(hash: number, text: string, end: number): number | undefined {
    const slots = this.#slots
    for (let at = homeOf(slots, hash); ; ) {
      const known = slots[at]
      if (known === 0) return undefined
      if (known === hash && isPrefix(slots[at + 1] as string, text, end)) return at
      at += slotWords
      if (at === slots.length) at = 0
    }
  }

  #grow(): void {
    const slotCount = this.#slots.length / slotWords
    const larger = emptySlots<Row>(Math.ceil(slotCount * growth))
    for (let at = 0; at < this.#slots.length; at += slotWords) {
      const hash = this.#slots[at] as number
      if (hash !== 0) insert(larger, hash, this.#slots[at + 2] as Row)
    }
    this.#slots = larger
  }
}

type Slots<Row> = (number | string | Row)[]

function emptySlots<Row>(count: number): Slots<Row> {
  return new Array<number | string | Row>(slotWords * count).fill(0)
}

function insert<Row extends { readonly prefix: string }>(
  slots: Slots<Row>,
  hash: number,
  row: Row,
): void {
  let at = homeOf(slots, hash)
  while (slots[at] !== 0) at = at + slotWords === slots.length ? 0 : at + slotWords
  slots[at] = hash
  slots[at + 1] = row.prefix
  slots[at + 2] = row
}

/** Where a row with this hash is looked for first: its share of the table. */
function homeOf({ length }: { readonly length: number }, hash: number): number {
  return slotWords * Math.floor(hash * (length / slotWords / 2 ** hashBits))
}

/** Unit by unit: `===` and `startsWith` leave compiled code, and cost more than so few units. */
function isPrefix(prefix: string, text: string, end: number): boolean {
  if (prefix.length !== end) return false
  for (let at = 0; at < end; at++) {
    if (prefix.charCodeAt(at) !== text.charCodeAt(at)) return false
  }
  return true
}

/** FNV-1a, one unit; its bits are weak and are mixed before they choose a slot. */
function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

/** The end of MurmurHash3: every bit of the input touches every bit of the output. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** What a slot keeps: never 0, and different for the same text in different systems. */
function finish(hash: number, number: number): number {
  const high = mix(hash) >>> (32 - hashBits + systemBits)
  return (high << systemBits) | number
}

/** From 1 to 7. A code is registered under a handle prefix; every other system has prefixes of its own. */
function numberOf(system: System): number {
  switch (system) {
    case 'code':
    case 'handle':
      return 1
    case 'gs1':
      return 2
    case 'oid':
      return 3
    case 'ecode':
      return 4
    case 'vaa':
      return 5
    case 'did':
      return 6
    case 'url':
      return 7
  }
}
