import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { valueCountMax } from '../limits.ts'

const indexBytes = 4
const noIndexes: readonly number[] = Object.freeze([])

/** A count and so many indexes, as they came: one below 1 is for the operation to refuse. */
export function decodeIndexes(reader: ByteReader): readonly number[] {
  const count = reader.count(indexBytes, valueCountMax)
  if (count === 0) return noIndexes
  const indexes: number[] = []
  for (let n = 0; n < count; n += 1) indexes.push(reader.int32())
  return indexes
}

export function encodeIndexes(writer: ByteWriter, indexes: readonly number[]): void {
  writer.int32(indexes.length)
  for (const index of indexes) writer.int32(index)
}
