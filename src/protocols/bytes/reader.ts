import { isUtf8 } from 'node:buffer'
import { MalformedBytes } from './malformed-bytes.ts'

/** What the decoder of U+FFFD-replaced text leaves behind. */
const replacement = '\ufffd'

/**
 * Reads big-endian fields one after another and checks bounds so that codecs need not.
 * Nothing is allocated for an announced length before its bytes are known to be there: `bytes` and
 * `sized` give views of the input (copy what outlives it), `count` is checked against what is left.
 * Every method throws {@link MalformedBytes}.
 */
export class ByteReader {
  readonly #input: Buffer
  readonly #end: number
  #at: number

  constructor(input: Buffer, start = 0, end = input.length) {
    this.#input = input
    this.#at = start
    this.#end = end
  }

  /** Where the next field begins, counted from the start of the input. */
  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  uint8(): number {
    return this.#input.readUInt8(this.#take(1))
  }

  uint16(): number {
    return this.#input.readUInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#input.readInt32BE(this.#take(4))
  }

  uint32(): number {
    return this.#input.readUInt32BE(this.#take(4))
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Buffer {
    const at = this.#take(length)
    return this.#input.subarray(at, at + length)
  }

  /** A view of bytes with their int length in front. */
  sized(bytesMax = Number.POSITIVE_INFINITY): Buffer {
    return this.bytes(this.#length(bytesMax))
  }

  /** UTF-8 text with its int length, in bytes, in front. */
  text(bytesMax = Number.POSITIVE_INFINITY): string {
    const length = this.#length(bytesMax)
    const at = this.#take(length)
    const text = this.#input.toString('utf8', at, at + length)
    // Bad bytes always become U+FFFD, so that only text with one in it needs the second look.
    if (text.includes(replacement) && !isUtf8(this.#input.subarray(at, at + length))) {
      throw new MalformedBytes('text', 'not UTF-8')
    }
    return text
  }

  /**
   * An int count of items of at least `itemBytesMin` bytes, which must have room in what is left.
   */
  count(itemBytesMin: number, countMax: number): number {
    const count = this.int32()
    if (count < 0 || count * itemBytesMin > this.remaining) {
      throw new MalformedBytes('truncated', `${count} items announced`)
    }
    if (count > countMax) throw new MalformedBytes('limit', `${count} items, at most ${countMax}`)
    return count
  }

  /** The structure ends here. */
  end(): void {
    if (this.remaining > 0) throw new MalformedBytes('trailing', `${this.remaining} bytes too many`)
  }

  #length(bytesMax: number): number {
    const length = this.int32()
    if (length < 0 || length > this.remaining) {
      throw new MalformedBytes('truncated', `${length} bytes announced`)
    }
    if (length > bytesMax) {
      throw new MalformedBytes('limit', `${length} bytes, at most ${bytesMax}`)
    }
    return length
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw new MalformedBytes('truncated', 'bytes are missing')
    this.#at = at + length
    return at
  }
}
