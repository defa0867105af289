import { isPathByte } from './read-request.ts'

/** Where the identifiers of a batch stand in the bytes it came in. One is kept and filled again for each batch. */
export interface BatchItems {
  readonly starts: Float64Array
  readonly ends: Float64Array
}

export function makeBatchItems(max: number): BatchItems {
  return { starts: new Float64Array(max), ends: new Float64Array(max) }
}

const opening = Buffer.from('{"identifiers":', 'latin1')
const percent = 0x25
const [quote, comma, bracket, closingBracket, closingBrace, space] = Buffer.from('",[]} ', 'latin1')

/**
 * Finds the identifiers in a body that is written as programs write it: nothing but `{"identifiers":["…","…"]}`, with or
 * without the space that some put behind a colon or a comma, and each of letters that mean the same in a path, where a
 * percent sign is more than itself.
 * @returns how many; 0 for every other body, and for more than there is room for
 */
export function findItems(chunk: Buffer, start: number, end: number, items: BatchItems): number {
  const { starts, ends } = items
  for (let i = 0; i < opening.length; i++) if (chunk[start + i] !== opening[i]) return 0
  let at = start + opening.length
  if (chunk[at] === space) at += 1
  if (chunk[at] !== bracket) return 0
  for (let count = 0; count < starts.length; ) {
    // Behind the bracket, and behind each comma.
    at += 1
    if (count > 0 && chunk[at] === space) at += 1
    if (chunk[at] !== quote) return 0
    at += 1
    starts[count] = at
    while (isPathByte[chunk[at] as number] === 1 && chunk[at] !== percent) at += 1
    if (at === starts[count] || chunk[at] !== quote) return 0
    ends[count] = at
    count += 1
    at += 1
    if (chunk[at] === comma) continue
    const isEnd = chunk[at] === closingBracket && chunk[at + 1] === closingBrace && at + 2 === end
    return isEnd ? count : 0
  }
  return 0
}
