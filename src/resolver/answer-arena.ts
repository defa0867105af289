import assert from 'node:assert/strict'
import { AnswerRoom } from './answer-room.ts'
import { halfSipHash } from './half-sip-hash.ts'

/** Where an entry lies in an arena; good until the arena is written to. 0 is nowhere. */
export type Place = number

export interface ArenaBounds {
  /** All entries with what surrounds them. Bytes; what was never used costs no memory. */
  readonly bytesMax: number
  readonly entriesMax: number
}

export interface ArenaKey {
  /** The bytes of the question as a wire has them, and where in them they are. */
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Which bytes are wanted for it: 0…255. The same question has an entry for each. */
  readonly form: number
}

export interface ArenaValue {
  /** Written one after the other. */
  readonly parts: readonly Uint8Array[]
  /** What the answer is forgotten by: the key of the identifier, in its normal form. */
  readonly forgetBy: string
  /** A number for whoever wrote it: 0…255. */
  readonly note: number
  /** Monotonic milliseconds. */
  readonly madeAtMs: number
  readonly expiresAtMs: number
}

/** The arena of a process, in which every door keeps its answers. */
export interface AnswerMemory {
  readonly arena: AnswerArena
  /** Told of answers found there: the resolver has not seen the questions. */
  readonly onHit: (count: number) => void
}

/**
 * Answers as bytes, in one large buffer, found by the bytes of the question: nothing of it is the garbage collector's,
 * and a hit makes no object. (Measured for a million answers: a full collection took a tenth of what it takes over a map
 * of buffers.)
 *
 * Entries lie in a ring in the order they came. The oldest makes room for the newest, unless it was asked for since it was
 * looked at last: then it is moved to the front once more (the "second chance" of CLOCK). An index of open addressing leads
 * to them. Whether an entry is still true is decided by three numbers in it: its end, the generation (which grows with
 * everything that may change any answer) and the stamp of its identifier (which grows with every change of that). Stamps
 * are counted in a table smaller than the world: two identifiers may share one, and then outdate each other.
 *
 * All of it is synchronous, and one thread's: nobody sees an entry half written.
 */
export class AnswerArena {
  readonly bytes: Buffer
  readonly #memory: ArrayBuffer
  /** Where behind the entries the next room begins. */
  #roomsEnd: number
  readonly #words: Uint32Array
  readonly #times: Float64Array
  /** The unit an entry begins at, plus one; 0 is free. */
  readonly #slots: Uint32Array
  /** The hash of the entry behind a slot, so that a wrong one is passed without being looked at. */
  readonly #tags: Uint32Array
  readonly #mask: number
  readonly #entriesMax: number
  readonly #unitsMax: number
  readonly #stamps = new Uint32Array(stampCount)
  readonly #secret: readonly [number, number]
  #generation = 0
  /** In units: where the next entry goes, where the oldest is, and how much lies from there to here. */
  #head = 0
  #tail = 0
  #used = 0
  #count = 0

  /** @param random gives an unsigned 32-bit number nobody can guess */
  constructor({ bytesMax, entriesMax }: ArenaBounds, random: () => number) {
    this.#unitsMax = Math.max(1, Math.floor(bytesMax / unitBytes))
    this.#entriesMax = entriesMax
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, entriesMax * slotsPerEntry)))
    this.#roomsEnd = this.#unitsMax * unitBytes
    const memory = new ArrayBuffer(this.#roomsEnd + roomsBytes)
    this.#memory = memory
    this.bytes = Buffer.from(memory)
    this.#words = new Uint32Array(memory)
    this.#times = new Float64Array(memory)
    this.#slots = new Uint32Array(slotCount)
    this.#tags = new Uint32Array(slotCount)
    this.#mask = slotCount - 1
    this.#secret = [random(), random()]
  }

  /** Entries, outdated ones that nobody has asked for since included. */
  get count(): number {
    return this.#count
  }

  /** Finds what was kept and is still true. @returns 0 where there is nothing */
  find(bytes: Uint8Array, start: number, end: number, form: number, nowMs: number): Place {
    const hash = this.#hash(bytes, start, end, form)
    const slot = this.#findSlot(bytes, start, end, form, hash)
    if (slot < 0) return 0
    const unit = (this.#slots[slot] as number) - 1
    const word = unit * unitWords
    const isTrue =
      nowMs < (this.#times[unit * unitTimes + at.expires] as number) &&
      this.#words[word + at.generation] === this.#generation &&
      this.#words[word + at.stamp] === this.#stamps[this.#words[word + at.stampPlace] as number]
    if (!isTrue) {
      this.#drop(slot)
      return 0
    }
    this.#words[word + at.state] = (this.#words[word + at.state] as number) | wasAsked
    return unit * unitBytes + unitBytes
  }

  valueStart(place: Place): number {
    const { word } = here(place)
    return place - unitBytes + headBytes + keyLength(this.#words[word + at.sizes] as number)
  }

  valueLength(place: Place): number {
    return this.#words[here(place).word + at.valueLength] as number
  }

  /** Copies some of the bytes. @param into has room for them from `at` on @returns where they end there @throws RangeError */
  copy(start: number, end: number, into: Buffer, at: number): number {
    const to = at + end - start
    // In a room nothing else would stop it: behind it is another's.
    if (to > into.length) throw new RangeError('there is no room for what is copied')
    if (into.buffer === this.#memory) this.bytes.copyWithin(into.byteOffset + at, start, end)
    else this.bytes.copy(into, at, start, end)
    return to
  }

  /**
   * A room to put answers together in, beside the entries: copying within one memory takes half the time that it takes into
   * another, for which a view of the part has to be made. Where there is no more space beside them it is as good as any.
   */
  makeRoom(byteCount: number): AnswerRoom {
    const start = this.#roomsEnd
    if (start + byteCount > this.bytes.length) return new AnswerRoom(Buffer.alloc(byteCount))
    this.#roomsEnd += byteCount
    return new AnswerRoom(Buffer.from(this.#memory, start, byteCount))
  }

  note(place: Place): number {
    return ((this.#words[here(place).word + at.sizes] as number) >>> 24) & 0xff
  }

  /** Monotonic milliseconds. */
  madeAtMs(place: Place): number {
    return this.#times[here(place).time + at.made] as number
  }

  /**
   * Keeps an answer that is true now, in place of what was there.
   * @returns false for one that is too large to be worth its place
   */
  put({ bytes, start, end, form }: ArenaKey, value: ArenaValue): boolean {
    const length = value.parts.reduce((sum, part) => sum + part.length, 0)
    const units = Math.ceil((headBytes + end - start + length) / unitBytes)
    if (units > this.#unitsMax / largestShare || end - start > keyBytesMax) return false
    const hash = this.#hash(bytes, start, end, form)
    const former = this.#findSlot(bytes, start, end, form, hash)
    if (former >= 0) this.#drop(former)
    const unit = this.#reserve(units)
    this.#write(unit, units, hash, { bytes, start, end, form }, value, length)
    this.#link(unit, hash)
    return true
  }

  /** Outdates the answers of these identifiers, given by their keys. */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      const place = stampPlaceOf(key)
      this.#stamps[place] = (this.#stamps[place] as number) + 1
    }
  }

  /** Outdates every answer: when what changed may be in any of them. */
  forgetAll(): void {
    this.#generation = (this.#generation + 1) >>> 0
  }

  #hash(bytes: Uint8Array, start: number, end: number, form: number): number {
    const [low, high] = this.#secret
    return halfSipHash(bytes, start, end, low, high ^ form)
  }

  /** @returns −1 where there is none */
  #findSlot(bytes: Uint8Array, start: number, end: number, form: number, hash: number): number {
    const sizes = end - start + form * formUnit
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const link = this.#slots[slot] as number
      if (link === 0) return -1
      if (this.#tags[slot] !== hash) continue
      const unit = link - 1
      if (((this.#words[unit * unitWords + at.sizes] as number) & sizesMask) !== sizes) continue
      if (this.#isKey(unit * unitBytes + headBytes, bytes, start, end)) return slot
    }
  }

  #isKey(keyStart: number, bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start, k = keyStart; i < end; i++, k++) {
      if (this.bytes[k] !== bytes[i]) return false
    }
    return true
  }

  #write(
    unit: number,
    units: number,
    hash: number,
    { bytes, start, end, form }: ArenaKey,
    { parts, forgetBy, note, madeAtMs, expiresAtMs }: ArenaValue,
    length: number,
  ): void {
    const word = unit * unitWords
    const stampPlace = stampPlaceOf(forgetBy)
    this.#words[word + at.hash] = hash
    this.#words[word + at.sizes] = end - start + form * formUnit + note * noteUnit
    this.#words[word + at.valueLength] = length
    this.#words[word + at.units] = units
    this.#words[word + at.generation] = this.#generation
    this.#words[word + at.stampPlace] = stampPlace
    this.#words[word + at.stamp] = this.#stamps[stampPlace] as number
    this.#words[word + at.state] = isLive
    this.#times[unit * unitTimes + at.made] = madeAtMs
    this.#times[unit * unitTimes + at.expires] = expiresAtMs
    let to = unit * unitBytes + headBytes
    this.bytes.set(bytes.subarray(start, end), to)
    to += end - start
    for (const part of parts) {
      this.bytes.set(part, to)
      to += part.length
    }
  }

  #link(unit: number, hash: number): void {
    let slot = hash & this.#mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
    this.#slots[slot] = unit + 1
    this.#tags[slot] = hash
    this.#count += 1
  }

  /** Takes an entry from the index; its bytes are free when the oldest end of the ring gets there. */
  #drop(slot: number): void {
    const unit = (this.#slots[slot] as number) - 1
    this.#words[unit * unitWords + at.state] = 0
    this.#count -= 1
    // Knuth 6.4 R: what stands behind the gap, and may stand in it, moves up, so that no search ends too early.
    let gap = slot
    for (let next = (gap + 1) & this.#mask; ; next = (next + 1) & this.#mask) {
      if (this.#slots[next] === 0) break
      const home = (this.#tags[next] as number) & this.#mask
      if (((next - home) & this.#mask) < ((next - gap) & this.#mask)) continue
      this.#slots[gap] = this.#slots[next] as number
      this.#tags[gap] = this.#tags[next] as number
      gap = next
    }
    this.#slots[gap] = 0
  }

  #slotOf(unit: number): number {
    let slot = (this.#words[unit * unitWords + at.hash] as number) & this.#mask
    while (this.#slots[slot] !== unit + 1) {
      assert(this.#slots[slot] !== 0, 'a live entry is in the index')
      slot = (slot + 1) & this.#mask
    }
    return slot
  }

  /** Makes room for one more entry of so many units in one piece, and takes it. */
  #reserve(units: number): number {
    let chances = chancesMax
    while (this.#count >= this.#entriesMax) if (this.#reclaim(chances > 0)) chances -= 1
    while (this.#room() < units) {
      if (this.#isBehindTail()) this.#fillUp()
      else if (this.#reclaim(chances > 0)) chances -= 1
    }
    return this.#take(units)
  }

  /** Whether what is free goes on at the start of the buffer. */
  #isBehindTail(): boolean {
    return this.#used === 0 || this.#head > this.#tail
  }

  /** The free units from the head on, in one piece. */
  #room(): number {
    return (this.#isBehindTail() ? this.#unitsMax : this.#tail) - this.#head
  }

  #take(units: number): number {
    const unit = this.#head
    this.#head = (unit + units) % this.#unitsMax
    this.#used += units
    return unit
  }

  /** What is left at the end of the buffer is too short: it becomes an entry that is not live. */
  #fillUp(): void {
    const units = this.#room()
    const word = this.#take(units) * unitWords
    this.#words[word + at.units] = units
    this.#words[word + at.state] = 0
  }

  /**
   * Frees the oldest entry.
   * @param mayMove whether it gets its second chance
   * @returns whether it was moved to the front instead
   */
  #reclaim(mayMove: boolean): boolean {
    const unit = this.#tail
    const word = unit * unitWords
    const units = this.#words[word + at.units] as number
    const state = this.#words[word + at.state] as number
    this.#tail = (unit + units) % this.#unitsMax
    this.#used -= units
    if (this.#used === 0) this.#head = this.#tail = 0
    if ((state & isLive) === 0) return false
    const slot = this.#slotOf(unit)
    const isWanted = (state & wasAsked) !== 0 && mayMove
    if (!isWanted || this.#room() < units) {
      this.#drop(slot)
      return false
    }
    const moved = this.#take(units)
    this.bytes.copyWithin(moved * unitBytes, unit * unitBytes, (unit + units) * unitBytes)
    this.#words[moved * unitWords + at.state] = isLive
    this.#slots[slot] = moved + 1
    return true
  }
}

/** Entries begin at multiples of this, which keeps their numbers aligned. */
const unitBytes = 16
const unitWords = unitBytes / 4
const unitTimes = unitBytes / 8
const headBytes = 48

/**
 * An entry's head: words, and two times behind them. The first unit has what is needed to walk from entry to entry, and
 * is all that the filling at the end of the buffer has.
 */
const at = {
  hash: 0,
  /** Key length, form and note. */
  sizes: 1,
  state: 2,
  units: 3,
  valueLength: 4,
  generation: 5,
  stampPlace: 6,
  stamp: 7,
  made: 4,
  expires: 5,
} as const

const isLive = 1
const wasAsked = 2

const keyBytesMax = 0xffff
const formUnit = 0x1_0000
const noteUnit = 0x100_0000
const sizesMask = 0xff_ffff

/** Half full at most: a search looks at two slots on average. */
const slotsPerEntry = 1.6
/** One answer takes no more than this part of the buffer: a few giants would drive out everything else. */
const largestShare = 16
/** For the rooms of all doors of a process; what none of them takes costs no memory. */
const roomsBytes = 4 * 2 ** 20
/** How many entries one put moves at most. */
const chancesMax = 4
const stampCount = 65_536

function here(place: Place): { readonly word: number; readonly time: number } {
  const unit = place / unitBytes - 1
  return { word: unit * unitWords, time: unit * unitTimes }
}

function keyLength(sizes: number): number {
  return sizes & 0xffff
}

function stampPlaceOf(key: string): number {
  // FNV-1a, folded: who finds two identifiers that meet here can only make one of them be looked up again.
  let hash = 2_166_136_261
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 16_777_619)
  return ((hash >>> 16) ^ hash) & (stampCount - 1)
}
