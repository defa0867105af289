import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SealBroken, type Sealing } from '../../crypto/sealing.ts'

/** Sealing or hashing so much takes a few milliseconds: between pieces, others get their answers. */
const pieceBytes = 256 * 1024
const lengthBytes = 4

/** Both digests of a file, in its turns. */
export async function digestsOf(bytes: Buffer): Promise<{ sha256: Buffer; sm3: Buffer }> {
  const sha256 = createHash('sha256')
  const sm3 = createHash('sm3')
  for (const piece of piecesOf(bytes)) {
    sha256.update(piece)
    sm3.update(piece)
    await nextTurn()
  }
  return { sha256: sha256.digest(), sm3: sm3.digest() }
}

/** A file as it is stored: its pieces sealed one by one, each with its length in front, bound to their order and number. */
export async function sealPieces(sealing: Sealing, bytes: Buffer, id: string): Promise<Buffer> {
  const pieces = [...piecesOf(bytes)]
  const parts: Buffer[] = []
  for (const [position, piece] of pieces.entries()) {
    const sealed = sealing.seal(piece, placeOf(id, position, pieces.length))
    const length = Buffer.alloc(lengthBytes)
    length.writeUInt32BE(sealed.length)
    parts.push(length, sealed)
    await nextTurn()
  }
  return Buffer.concat(parts)
}

/** @throws SealBroken when a piece was changed, moved, added or taken away */
export async function openPieces(sealing: Sealing, stored: Buffer, id: string): Promise<Buffer> {
  const pieces = storedPieces(stored)
  const parts: Buffer[] = []
  for (const [position, piece] of pieces.entries()) {
    parts.push(sealing.unseal(piece, placeOf(id, position, pieces.length)))
    await nextTurn()
  }
  return Buffer.concat(parts)
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

function storedPieces(stored: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < stored.length; ) {
    const start = at + lengthBytes
    const end = start <= stored.length ? start + stored.readUInt32BE(at) : Number.POSITIVE_INFINITY
    if (end > stored.length) throw new SealBroken('the stored file breaks off')
    pieces.push(stored.subarray(start, end))
    at = end
  }
  return pieces
}

function placeOf(id: string, position: number, count: number) {
  return { handle: `file:${id}`, field: `files.content.${count}`, version: position + 1 }
}
