import assert from 'node:assert/strict'

/** What was to be written is larger than the writer's bound: the caller answers with less. */
export class WriterFull extends Error {
  override readonly name = 'WriterFull'
}

const bytesFirst = 1024

/**
 * Writes big-endian fields into one buffer that doubles up to `bytesMax` and is used again after
 * `reset`. Numbers outside their field are our own mistakes (`assert`).
 */
export class ByteWriter {
  readonly #bytesMax: number
  #output: Buffer
  #at = 0

  /** @param bytesMax more than this throws {@link WriterFull} */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#output = Buffer.allocUnsafe(Math.min(bytesFirst, bytesMax))
  }

  /** Bytes written so far. */
  get offset(): number {
    return this.#at
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.#at = 0
  }

  /** A view of what was written, good until the next write or `reset`. */
  view(start = 0): Buffer {
    return this.#output.subarray(start, this.#at)
  }

  /** A copy of what was written. */
  taken(start = 0): Buffer {
    return Buffer.from(this.view(start))
  }

  uint8(value: number): void {
    assert(isWithin(value, 0, 0xff), 'uint8')
    const at = this.#make(1)
    this.#output.writeUInt8(value, at)
  }

  uint16(value: number): void {
    assert(isWithin(value, 0, 0xffff), 'uint16')
    const at = this.#make(2)
    this.#output.writeUInt16BE(value, at)
  }

  int32(value: number): void {
    assert(isWithin(value, -0x80000000, 0x7fffffff), 'int32')
    const at = this.#make(4)
    this.#output.writeInt32BE(value, at)
  }

  uint32(value: number): void {
    assert(isWithin(value, 0, 0xffffffff), 'uint32')
    const at = this.#make(4)
    this.#output.writeUInt32BE(value, at)
  }

  bytes(value: Uint8Array): void {
    const at = this.#make(value.length)
    this.#output.set(value, at)
  }

  /** Bytes with their int length in front. */
  sized(value: Uint8Array): void {
    this.int32(value.length)
    this.bytes(value)
  }

  /** Text as UTF-8 (or the bytes its base64 stands for) with their int length in front. */
  text(value: string, encoding: 'utf8' | 'base64' = 'utf8'): void {
    const at = this.beginSized()
    const bytesMost = Buffer.byteLength(value, encoding)
    const start = this.#make(bytesMost)
    // Base64 with stray characters stands for fewer bytes than its length says.
    this.#at = start + this.#output.write(value, start, bytesMost, encoding)
    this.endSized(at)
  }

  /** Leaves room for an int length; `endSized` fills it in with what was written since. */
  beginSized(): number {
    const at = this.#at
    this.int32(0)
    return at
  }

  endSized(at: number): void {
    this.#output.writeInt32BE(this.#at - at - 4, at)
  }

  /** Makes room, perhaps in a new buffer: `#output` is looked at only afterwards. */
  #make(length: number): number {
    const at = this.#at
    const needed = at + length
    if (needed > this.#output.length) this.#grow(needed)
    this.#at = needed
    return at
  }

  #grow(needed: number): void {
    if (needed > this.#bytesMax) throw new WriterFull(`more than ${this.#bytesMax} bytes`)
    const grown = Buffer.allocUnsafe(
      Math.min(this.#bytesMax, Math.max(needed, this.#output.length * 2)),
    )
    this.#output.copy(grown, 0, 0, this.#at)
    this.#output = grown
  }
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
