import { crc32, createInflate } from 'node:zlib'
import type { FileRule } from './file-rules.ts'
import { isShowable } from './picture-bounds.ts'

/** Chunks of a PNG; scanners write pixels in chunks of 8 kB and more. */
const chunksMax = 20_000

const signatureBytes = 8
/** Length, type and checksum around a chunk's data. */
const frameBytes = 12
/** Unpacked pixels beyond what the header announces; encoders are known to leave a few bytes. */
const slackBytes = 1_024

interface Header {
  readonly width: number
  readonly height: number
  readonly bitsPerPixel: number
  readonly isInterlaced: boolean
}

/**
 * Walks a PNG from its first byte to its last (PNG, third edition, §5, §11.2): every chunk whole and with its checksum,
 * one header, pixels that unpack to what the header announces, nothing behind the end.
 * @param bytes that begin with the signature
 * @returns the rule it breaks
 */
export async function checkPng(bytes: Buffer): Promise<FileRule | undefined> {
  let header: Header | undefined
  const pixels: Buffer[] = []
  let chunkCount = 0
  let at = signatureBytes
  while (at < bytes.length) {
    if (++chunkCount > chunksMax) return 'file.tooComplex'
    const chunk = chunkAt(bytes, at)
    if (chunk === undefined) return 'file.damaged'
    at += frameBytes + chunk.data.length
    if ((chunk.type === 'IHDR') !== (chunkCount === 1)) return 'file.damaged'
    switch (chunk.type) {
      case 'IHDR':
        header = readHeader(chunk.data)
        if (header === undefined) return 'file.damaged'
        if (!isShowable(header.width, header.height)) return 'file.pixels'
        break
      case 'IDAT':
        pixels.push(chunk.data)
        break
      case 'IEND':
        if (at < bytes.length) return 'file.trailing'
        return header === undefined ? 'file.damaged' : checkPixels(pixels, header)
      case 'PLTE':
        break
      default:
        // §5.4: a chunk that begins with a capital letter is needed to show the picture.
        if (/^[A-Z]/.test(chunk.type)) return 'file.damaged'
    }
  }
  return 'file.damaged'
}

function chunkAt(bytes: Buffer, at: number): { type: string; data: Buffer } | undefined {
  if (at + frameBytes > bytes.length) return undefined
  const end = at + 8 + bytes.readUInt32BE(at)
  if (end + 4 > bytes.length) return undefined
  const type = bytes.toString('latin1', at + 4, at + 8)
  const isRight = crc32(bytes.subarray(at + 4, end)) === bytes.readUInt32BE(end)
  if (!isRight || !/^[A-Za-z]{4}$/.test(type)) return undefined
  return { type, data: bytes.subarray(at + 8, end) }
}

/** Samples a pixel and the depths allowed, by colour type (§11.2.1). */
const colourTypes: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
}

function readHeader(data: Buffer): Header | undefined {
  if (data.length !== 13) return undefined
  const [depth = 0, colourType = 0, compression, filter, interlace = 0] = data.subarray(8)
  const colour = colourTypes[colourType]
  if (colour?.depths.includes(depth) !== true) return undefined
  if (compression !== 0 || filter !== 0 || interlace > 1) return undefined
  return {
    width: data.readUInt32BE(0),
    height: data.readUInt32BE(4),
    bitsPerPixel: colour.samples * depth,
    isInterlaced: interlace === 1,
  }
}

/** Unpacked in pieces that are counted and dropped, so that a bomb stops at its announced size. */
async function checkPixels(
  pixels: readonly Buffer[],
  header: Header,
): Promise<FileRule | undefined> {
  const expected = unpackedBytes(header)
  const inflate = createInflate()
  let count = 0
  try {
    inflate.end(Buffer.concat(pixels))
    for await (const piece of inflate) {
      count += (piece as Buffer).length
      if (count > expected + slackBytes) return 'file.tooComplex'
    }
  } catch {
    // The pixels break off, or are none.
    return 'file.damaged'
  }
  return count < expected ? 'file.damaged' : undefined
}

/** Adam7 (§8.1): where each pass begins, and its steps. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

function unpackedBytes({ width, height, bitsPerPixel, isInterlaced }: Header): number {
  if (!isInterlaced) return passBytes(width, height, bitsPerPixel)
  return passes.reduce((sum, [x, y, stepX, stepY]) => {
    const columns = Math.ceil((width - x) / stepX)
    const rows = Math.ceil((height - y) / stepY)
    return sum + (columns > 0 && rows > 0 ? passBytes(columns, rows, bitsPerPixel) : 0)
  }, 0)
}

/** Each row has a byte for its filter in front. */
function passBytes(width: number, height: number, bitsPerPixel: number): number {
  return height * (1 + Math.ceil((width * bitsPerPixel) / 8))
}
