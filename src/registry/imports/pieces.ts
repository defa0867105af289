import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { SealBroken, type Sealing } from '../../crypto/sealing.ts'
import { type Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { atRow } from './faults.ts'
import type { ReceivedFile } from './parts.ts'

/** The files of batches in pieces, each committed when its call resolves. Implemented by the storage. */
export interface PieceRows {
  put(id: string, file: string, piece: number, bytes: Buffer): Promise<void>
  find(id: string, file: string, piece: number): Promise<Buffer | undefined>
  drop(id: string): Promise<void>
}

export interface PieceParts {
  readonly pieces: PieceRows
  /** With a key of its own: table 1 names people. */
  readonly sealing: Sealing
}

/** Packed and sealed in a few milliseconds: between pieces, others get their answers. */
const pieceBytes = 256 * 1024
/** A record at its largest, with room for its spelling. */
const lineBytesMax = 1024 * 1024

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** Keeps the files of a batch, so that any process can go on with them. */
export async function keepFiles(
  { pieces, sealing }: PieceParts,
  id: string,
  files: readonly ReceivedFile[],
): Promise<void> {
  for (const { name, read } of files) {
    let number = 0
    for await (const piece of piecesOf(read())) {
      const packed = await deflate(piece, { level: 1 })
      await pieces.put(id, name, number, sealing.seal(packed, placeOf(id, name, number)))
      number++
    }
    // An empty one says that the file ended: what was lost in the store is noticed.
    await pieces.put(id, name, number, sealing.seal(Buffer.alloc(0), placeOf(id, name, number)))
  }
}

/** One line of a file, by its number from 1. */
export interface Line {
  readonly row: number
  readonly text: string
}

/**
 * The lines of a kept file in chunks; blank ones are none, but count.
 * @throws Failure `INPUT_INVALID` for a line that is too long or no UTF-8, with its number as the fact `row`
 */
export async function* readLines(
  parts: PieceParts,
  id: string,
  file: string,
): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest: Buffer = Buffer.alloc(0)
  let row = 0
  for (let number = 0; ; number++) {
    const piece = await readPiece(parts, id, file, number)
    const isLast = piece.length === 0
    const bytes = Buffer.concat([rest, piece])
    const end = isLast ? bytes.length : bytes.lastIndexOf(newline) + 1
    rest = bytes.subarray(end)
    if (rest.length > lineBytesMax) throw tooLong(row + 1)
    const lines: Line[] = []
    for (let at = 0; at < end; ) {
      const found = bytes.indexOf(newline, at)
      const stop = found === -1 || found >= end ? end : found
      row++
      if (stop - at > lineBytesMax) throw tooLong(row)
      const text = decode(decoder, bytes.subarray(at, stop), row)
      if (/\S/.test(text)) lines.push({ row, text })
      at = stop + 1
    }
    if (lines.length > 0) yield lines
    if (isLast) return
  }
}

const newline = 0x0a

async function readPiece(
  { pieces, sealing }: PieceParts,
  id: string,
  file: string,
  number: number,
): Promise<Buffer> {
  const sealed = await pieces.find(id, file, number)
  if (sealed === undefined)
    throw new SealBroken(`piece ${number} of ${file} of import ${id} is lost`)
  const packed = sealing.unseal(sealed, placeOf(id, file, number))
  return packed.length === 0 ? packed : inflate(packed)
}

async function* piecesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + pieceBytes - heldBytes)
      held.push(part)
      heldBytes += part.length
      at += part.length
      if (heldBytes === pieceBytes) {
        yield Buffer.concat(held)
        held = []
        heldBytes = 0
      }
    }
  }
  if (heldBytes > 0) yield Buffer.concat(held)
}

function placeOf(id: string, file: string, number: number) {
  return { handle: `import:${id}`, field: file, version: number }
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer, row: number): string {
  try {
    return decoder.decode(bytes)
  } catch {
    const detail = say('此行不是 UTF-8', 'the line is not UTF-8')
    throw atRow(invalid('', 'row.utf8', detail), row)
  }
}

function tooLong(row: number): Failure {
  const detail = say(
    `一行不得超过 ${lineBytesMax} 字节`,
    `a line has at most ${lineBytesMax} bytes`,
  )
  return atRow(invalid('', 'row.length', detail), row)
}
