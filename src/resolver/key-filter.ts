import { halfSipHash } from './half-sip-hash.ts'

/**
 * A set of keys that forgets which ones: a Bloom filter whose bits for one key all lie in one cache line (Putze, Sanders,
 * Singler, "Cache-, hash- and space-efficient Bloom filters", 2007). What was added is always found; what was not is found
 * too with a chance of half a percent while there are no more keys than it was made for, and more from there on.
 * (Measured: a fifth of a microsecond, where a miss costs a client of the store fifteen at least.)
 *
 * Keys come from strangers, so they are hashed with a secret: nobody can choose names that all pass.
 */
export class KeyFilter {
  /** The keys it was made for. */
  readonly keysMax: number
  readonly #words: Uint32Array
  readonly #blockCount: number
  readonly #secret: readonly [number, number, number]
  readonly #text = new Uint8Array(keyBytesMax)
  /** Of the key in `#text`: FNV-1a over its code units. */
  #fold = 0
  #count = 0
  #bitsSet = 0

  /** @param random gives an unsigned 32-bit number nobody can guess */
  constructor(keysMax: number, random: () => number) {
    this.keysMax = keysMax
    this.#blockCount = Math.max(1, Math.ceil((keysMax * bitsPerKey) / blockBits))
    this.#words = new Uint32Array(this.#blockCount * blockWords)
    this.#secret = [random(), random(), random()]
  }

  /** Keys added that were not there before, as far as it can tell. */
  get count(): number {
    return this.#count
  }

  get bitsSet(): number {
    return this.#bitsSet
  }

  get byteCount(): number {
    return this.#words.byteLength
  }

  has(key: string): boolean {
    return this.#visit(key, false)
  }

  add(key: string): void {
    if (!this.#visit(key, true)) this.#count += 1
  }

  /** @returns whether all bits of the key were set already */
  #visit(key: string, isAdding: boolean): boolean {
    const [low, high, other] = this.#secret
    const length = this.#write(key)
    const first = halfSipHash(this.#text, 0, length, low, high)
    // 32 bits alone would let keys meet by chance where there are many; who cannot steer the first gains nothing by this one.
    const second = mix(this.#fold ^ other)
    const words = this.#words
    // The high half of a product of 32 bits each, in numbers that hold 53.
    const block = Math.floor(first * (this.#blockCount / 2 ** 32)) * blockWords
    let places = second
    let wasThere = true
    for (let i = 0; i < bitsEach; i++) {
      // 27 bits make three places; the other three come from both hashes, mixed.
      if (i === bitsEach / 2) places = mix(first ^ second)
      const word = block + ((places >>> 5) & (blockWords - 1))
      const bit = 1 << (places & 31)
      places >>>= 9
      if (((words[word] as number) & bit) !== 0) continue
      if (!isAdding) return false
      words[word] = (words[word] as number) | bit
      this.#bitsSet += 1
      wasThere = false
    }
    return wasThere
  }

  /**
   * The key as bytes, each code unit as UTF-8 would write it alone: different texts stay different. Of longer ones the
   * beginning counts.
   */
  #write(key: string): number {
    const text = this.#text
    const length = Math.min(key.length, keyUnitsMax)
    let at = 0
    let fold = 2_166_136_261
    for (let i = 0; i < length; i++) {
      const unit = key.charCodeAt(i)
      fold = Math.imul(fold ^ unit, 16_777_619)
      if (unit < 0x80) {
        text[at++] = unit
      } else if (unit < 0x800) {
        text[at++] = 0xc0 | (unit >>> 6)
        text[at++] = 0x80 | (unit & 0x3f)
      } else {
        text[at++] = 0xe0 | (unit >>> 12)
        text[at++] = 0x80 | ((unit >>> 6) & 0x3f)
        text[at++] = 0x80 | (unit & 0x3f)
      }
    }
    this.#fold = fold
    return at
  }
}

/** With six bits set for each key: one question in two hundred about what is not there is answered wrongly. */
const bitsPerKey = 12
const bitsEach = 6
/** A cache line. */
const blockBits = 512
const blockWords = blockBits / 32
/** Longer than any identifier that is taken; a longer text is judged by its beginning. */
const keyUnitsMax = 4096
const keyBytesMax = keyUnitsMax * 3

/** The finalizer of MurmurHash3: every bit of the result depends on every bit given. */
function mix(hash: number): number {
  let mixed = hash
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
