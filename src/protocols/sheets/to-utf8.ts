import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'
import { sheetFailure, tooManyBytes } from './sheet-failures.ts'

export type Charset = 'utf-8' | 'gb18030' | 'utf-16le' | 'utf-16be'

/** Looked at at once, to tell what a file is in. */
const blockBytes = 64 * 2 ** 10

/** A text file on its way into UTF-8. */
export interface Utf8Text {
  /** Known with the first character beyond ASCII; until then `utf-8`. */
  charset(): Charset
  /** Without a byte order mark; whole characters only. Ends before a byte that is none of the charset. */
  readonly blocks: AsyncIterable<Buffer>
  /**
   * To be called at the end, by whoever knows the row.
   * @throws Failure `INPUT_INVALID` where the text ended before its bytes did
   */
  requireWhole(row: number): void
}

/**
 * Reads a text in whatever spreadsheets save: UTF-8 or UTF-16 with and without a mark, GB18030 and what is part of it
 * (GBK, GB 2312). A file that begins with a lot of ASCII is judged by the first block that has more.
 * @throws Failure `TOO_LARGE` from the blocks, beyond `bytesMax`
 */
export function toUtf8(body: AsyncIterable<Buffer>, bytesMax: number): Utf8Text {
  let charset: Charset | undefined
  let isDamaged = false

  async function* decode(): AsyncGenerator<Buffer> {
    let decoder: Decoder | undefined
    let isFirst = true
    for await (const block of inBlocks(body, bytesMax)) {
      const mark = isFirst ? markOf(block) : undefined
      const bytes = mark === undefined ? block : block.subarray(mark.bytes)
      charset ??= mark?.charset ?? (isFirst ? guessUtf16(block) : undefined) ?? guess(block)
      isFirst = false
      if (charset === undefined) {
        yield bytes
        continue
      }
      decoder ??= decoders[charset]()
      const { utf8, isWhole } = decoder.write(bytes)
      if (utf8.length > 0) yield utf8
      if (!isWhole) {
        isDamaged = true
        return
      }
    }
    isDamaged = decoder?.hasRest() ?? false
  }

  return {
    charset: () => charset ?? 'utf-8',
    blocks: decode(),
    requireWhole(row) {
      if (!isDamaged) return
      const name = (charset ?? 'utf-8').toUpperCase()
      throw sheetFailure(
        'sheet.charset',
        say(
          `含有不属于 ${name} 编码的字节；请在表格软件中另存为“CSV UTF-8”`,
          `a byte that does not belong to ${name}: save the file as "CSV UTF-8"`,
        ),
        row,
      )
    },
  }
}

/** Larger pieces than a network gives, so that what is judged by a block is judged well. */
async function* inBlocks(body: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let pieceBytes = 0
  let byteCount = 0
  for await (const piece of body) {
    byteCount += piece.length
    if (byteCount > bytesMax) throw tooManyBytes(bytesMax)
    pieces.push(piece)
    pieceBytes += piece.length
    if (pieceBytes < blockBytes) continue
    yield pieces.length === 1 ? piece : Buffer.concat(pieces)
    pieces = []
    pieceBytes = 0
  }
  if (pieceBytes > 0) yield Buffer.concat(pieces)
}

const marks: readonly { readonly charset: Charset; readonly mark: Buffer }[] = [
  { charset: 'utf-8', mark: Buffer.from('efbbbf', 'hex') },
  { charset: 'utf-16le', mark: Buffer.from('fffe', 'hex') },
  { charset: 'utf-16be', mark: Buffer.from('feff', 'hex') },
  // Some programs mark GB18030 too.
  { charset: 'gb18030', mark: Buffer.from('84319533', 'hex') },
]

function markOf(block: Buffer): { charset: Charset; bytes: number } | undefined {
  const found = marks.find(({ mark }) => block.subarray(0, mark.length).equals(mark))
  return found && { charset: found.charset, bytes: found.mark.length }
}

/** Line ends and separators have a zero byte in UTF-16, and in no other text. */
function guessUtf16(block: Buffer): Charset | undefined {
  if (!block.includes(0)) return undefined
  let evenZeros = 0
  let oddZeros = 0
  for (let at = 0; at < block.length; at += 2) {
    if (block[at] === 0) evenZeros += 1
    if (block[at + 1] === 0) oddZeros += 1
  }
  return oddZeros >= evenZeros ? 'utf-16le' : 'utf-16be'
}

/** @returns undefined for ASCII, which is the same in both */
function guess(block: Buffer): Charset | undefined {
  if (isAscii(block)) return undefined
  return isUtf8(block.subarray(0, wholeCharacters(block))) ? 'utf-8' : 'gb18030'
}

interface Decoder {
  /** @returns the text up to the first bad byte */
  write(block: Buffer): { readonly utf8: Buffer; readonly isWhole: boolean }
  /** Whether the bytes ended within a character. */
  hasRest(): boolean
}

const decoders: Readonly<Record<Charset, () => Decoder>> = {
  'utf-8': utf8Decoder,
  gb18030: gb18030Decoder,
  'utf-16le': () => utf16Decoder(false),
  'utf-16be': () => utf16Decoder(true),
}

function utf8Decoder(): Decoder {
  let rest = Buffer.alloc(0)
  return {
    write(block) {
      const bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
      const end = wholeCharacters(bytes)
      const whole = bytes.subarray(0, end)
      rest = Buffer.from(bytes.subarray(end))
      if (isUtf8(whole)) return { utf8: whole, isWhole: true }
      return { utf8: whole.subarray(0, firstBadByte(whole)), isWhole: false }
    },
    hasRest: () => rest.length > 0,
  }
}

/** How many bytes are left when a character that goes on behind the end is taken away. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) break
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** The decoder puts U+FFFD where a byte is bad, and the character may also be there itself. */
function firstBadByte(bytes: Buffer): number {
  const text = bytes.toString()
  const replacement = Buffer.from('\ufffd')
  let byte = 0
  let from = 0
  for (;;) {
    const at = text.indexOf('\ufffd', from)
    if (at === -1) return bytes.length
    byte += Buffer.byteLength(text.slice(from, at))
    if (!bytes.subarray(byte, byte + replacement.length).equals(replacement)) return byte
    byte += replacement.length
    from = at + 1
  }
}

function gb18030Decoder(): Decoder {
  const decoder = iconv.getDecoder('gb18030')
  return {
    write(block) {
      const text = decoder.write(block)
      // What GB18030 has no character for; the replacement itself stands in no file that was not damaged before.
      const bad = text.indexOf('\ufffd')
      return { utf8: Buffer.from(bad === -1 ? text : text.slice(0, bad)), isWhole: bad === -1 }
    },
    hasRest: () => (decoder.end() ?? '') !== '',
  }
}

function utf16Decoder(isBigEndian: boolean): Decoder {
  let rest = Buffer.alloc(0)
  return {
    write(block) {
      const bytes = rest.length === 0 ? Buffer.from(block) : Buffer.concat([rest, block])
      const evenBytes = bytes.length - (bytes.length % 2)
      const pairs = bytes.subarray(0, evenBytes)
      if (isBigEndian) pairs.swap16()
      // The first half of a pair waits for the second one.
      const last = pairs.length === 0 ? 0 : pairs.readUInt16LE(pairs.length - 2)
      const end = last >= 0xd800 && last <= 0xdbff ? evenBytes - 2 : evenBytes
      const text = pairs.toString('utf16le', 0, end)
      const kept = pairs.subarray(end)
      if (isBigEndian) kept.swap16()
      rest = Buffer.concat([kept, bytes.subarray(evenBytes)])
      if (!hasLoneSurrogateOrNul(text)) return { utf8: Buffer.from(text), isWhole: true }
      return { utf8: Buffer.from(text.slice(0, text.search(/[\0\p{Cs}]/u))), isWhole: false }
    },
    hasRest: () => rest.length > 0,
  }
}
