import type { FieldError } from '../../model/failures.ts'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'
import type { Cell, Cells, Sheet, SheetBounds, SheetRow } from '../../registry/jobs/parts.ts'
import { jsonDepthMax, jsonTrouble } from './json-trouble.ts'
import { chunkRowsMax, rowBytesMax } from './sheet-bounds.ts'
import { rowRefusal, tooManyRows } from './sheet-failures.ts'
import { unsafeText } from './text-cells.ts'
import { toUtf8 } from './to-utf8.ts'

/** Reads lines of JSON, an object each. A line that is none is a refused row; empty ones are passed over. */
export async function openNdjson(body: AsyncIterable<Buffer>, bounds: SheetBounds): Promise<Sheet> {
  const text = toUtf8(body, bounds.bytesMax)

  async function* rows(): AsyncGenerator<readonly SheetRow[]> {
    let chunk: SheetRow[] = []
    let row = 0
    for await (const line of linesIn(text.blocks)) {
      row += 1
      if (row > bounds.rowsMax) throw tooManyRows(bounds.rowsMax)
      if (line?.length === 0) continue
      chunk.push(readLine(row, line))
      if (chunk.length < chunkRowsMax) continue
      yield chunk
      chunk = []
    }
    text.requireWhole(Math.max(1, row))
    if (chunk.length > 0) yield chunk
  }

  return {
    format: 'ndjson',
    columns: [],
    get charset() {
      return text.charset()
    },
    rows: rows(),
  }
}

const lineFeed = 0x0a

/** Lines without their ends; undefined for one that is too long. */
async function* linesIn(blocks: AsyncIterable<Buffer>): AsyncGenerator<string | undefined> {
  let pieces: Buffer[] = []
  let pieceBytes = 0
  const keep = (piece: Buffer) => {
    pieceBytes += piece.length
    // Of a line that is too long, only its end is of interest.
    if (pieceBytes <= rowBytesMax) pieces.push(piece)
    else pieces = []
  }
  const take = () => {
    const line = pieceBytes > rowBytesMax ? undefined : Buffer.concat(pieces).toString().trim()
    pieces = []
    pieceBytes = 0
    return line
  }
  for await (const block of blocks) {
    let from = 0
    for (let end = block.indexOf(lineFeed); end !== -1; end = block.indexOf(lineFeed, from)) {
      if (pieceBytes === 0 && end - from <= rowBytesMax) {
        yield block.toString('utf8', from, end).trim()
      } else {
        keep(block.subarray(from, end))
        yield take()
      }
      from = end + 1
    }
    if (from < block.length) keep(block.subarray(from))
  }
  if (pieceBytes > 0) yield take()
}

const nothing: Cells = Object.freeze(Object.create(null))

function readLine(row: number, line: string | undefined): SheetRow {
  const read = line === undefined ? tooLong : parseLine(line)
  return 'rule' in read ? { row, cells: nothing, refusal: read } : { row, cells: read.cells }
}

function parseLine(line: string): { readonly cells: Cells } | FieldError {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return noJson
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return noObject
  return (
    troubleIn(line, value) ?? {
      cells: Object.assign<Record<string, Cell>, object>(Object.create(null), value),
    }
  )
}

/** What is written exactly as we write it holds no member twice, and most lines are. */
function troubleIn(line: string, value: object): FieldError | undefined {
  const isSuspicious = /\\u|__proto__/.test(line)
  if (!isSuspicious && !isDeeper(value, jsonDepthMax) && isAsWritten(line, value)) return undefined
  const rule = jsonTrouble(line)
  if (rule !== undefined) return rowRefusal(`json.${rule}`, troubles[rule])
  return isSuspicious && hasUnsafeText(value) ? unsafe : undefined
}

function isAsWritten(line: string, value: object): boolean {
  return JSON.stringify(value) === line
}

/** Looks no deeper than the bound itself. */
function isDeeper(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depthMax === 0) return true
  for (const name in value) {
    if (isDeeper((value as Record<string, unknown>)[name], depthMax - 1)) return true
  }
  return false
}

/** The depth was bounded before. */
function hasUnsafeText(value: unknown): boolean {
  if (typeof value === 'string') return hasLoneSurrogateOrNul(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(
    ([name, each]) => hasLoneSurrogateOrNul(name) || hasUnsafeText(each),
  )
}

const tooLong = rowRefusal(
  'sheet.rowBytes',
  say(`一行不得超过 ${rowBytesMax} 字节`, `a line has at most ${rowBytesMax} bytes`),
)
const noJson = rowRefusal('json.syntax', say('不是有效的 JSON', 'this is no valid JSON'))
const noObject = rowRefusal(
  'json.object',
  say('每行须为一个 JSON 对象', 'a line is one JSON object'),
)
const unsafe = rowRefusal('json.text', unsafeText)
const troubles = {
  depth: say('JSON 嵌套过深', 'the JSON is nested too deep'),
  repeated: say('同一对象中成员名重复', 'an object has a member twice'),
  member: say('成员名不得为 __proto__', 'no member may be called __proto__'),
} as const
