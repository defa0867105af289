import { answerFormOf, type Form } from '../negotiate.ts'

/** A request that the strict reader takes, as places in the bytes it came in. */
export interface StrictRequest {
  /** The identifier as the request line has it. */
  readonly keyStart: number
  readonly keyEnd: number
  /** Where the next request begins. */
  readonly end: number
  readonly form: Form
}

/** What a connection's last header block was found to be: clients send the same one again and again. */
interface KnownBlock {
  /** From behind the request line to the empty line, both line ends included. */
  readonly bytes: Buffer
  readonly form: Form
}

export interface Reader {
  /** @returns undefined for whatever is not exactly a plain question, or not whole */
  read(chunk: Buffer, at: number): StrictRequest | undefined
  /** Whether it may become a plain question with the bytes that are still under way. */
  isBegun(rest: Buffer): boolean
}

const start = Buffer.from('GET /v1/resolve/', 'latin1')
const lineEnd = Buffer.from(' HTTP/1.1\r\n', 'latin1')
const blockEnd = Buffer.from('\r\n\r\n', 'latin1')

/** Blocks are short, and longer ones say more than is read here. */
const blockBytesMax = 2_048

/**
 * What may stand in the path: what RFC 3986 §3.3 allows there. A question mark, a number sign and everything that has to
 * be encoded is for the ordinary server to judge.
 */
const isPathByte = new Uint8Array(256)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%") {
  isPathByte[character.charCodeAt(0)] = 1
}

/**
 * Header lines that do not change a plain answer, and the two that do and are understood here. Any other name (a body, an
 * upgrade, a range, a condition, a credential, a cookie, a proxy's word), and any name twice, is for the ordinary server.
 */
const plainHeaders = [
  'host',
  'user-agent',
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
]

/** Reads the requests of one connection. */
export function makeReader(urlBytesMax: number): Reader {
  const pathBytesMax = Math.max(0, urlBytesMax - start.length)
  let known: KnownBlock | undefined

  function formAt(chunk: Buffer, at: number): { form: Form; end: number } | undefined {
    if (known !== undefined && isAt(chunk, at, known.bytes)) {
      return { form: known.form, end: at + known.bytes.length }
    }
    const blockLast = chunk.subarray(at, at + blockBytesMax).indexOf(blockEnd)
    if (blockLast < 0) return undefined
    const end = at + blockLast + blockEnd.length
    const form = formOfBlock(chunk.toString('latin1', at, at + blockLast))
    if (form === undefined) return undefined
    known = { bytes: Buffer.from(chunk.subarray(at, end)), form }
    return { form, end }
  }

  return {
    read(chunk, at) {
      if (!isAt(chunk, at, start)) return undefined
      const keyStart = at + start.length
      let keyEnd = keyStart
      while (isPathByte[chunk[keyEnd] as number] === 1) keyEnd += 1
      if (keyEnd === keyStart || keyEnd - keyStart > pathBytesMax) return undefined
      if (!isAt(chunk, keyEnd, lineEnd)) return undefined
      const block = formAt(chunk, keyEnd + lineEnd.length)
      return block && { keyStart, keyEnd, end: block.end, form: block.form }
    },

    isBegun(rest) {
      const common = Math.min(rest.length, start.length)
      return (
        rest.length < urlBytesMax + blockBytesMax &&
        rest.compare(start, 0, common, 0, common) === 0 &&
        !rest.includes(blockEnd)
      )
    },
  }
}

/** @param text the header lines, without the last one's end. @returns the form asked for; undefined: not a plain block */
function formOfBlock(text: string): Form | undefined {
  const values = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const match = /^([A-Za-z-]{1,40}): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/.exec(line)
    const name = match?.[1]?.toLowerCase() ?? ''
    if (!plainHeaders.includes(name) || values.has(name)) return undefined
    values.set(name, match?.[2] ?? '')
  }
  // RFC 9112 §3.2: a request without Host, or with what cannot be one, is refused, which others do.
  if (!/^[\w.:[\]-]+$/.test(values.get('host') ?? '')) return undefined
  const connection = values.get('connection')
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  const form = answerFormOf(values.get('accept'))
  return form === 'linkset' ? undefined : form
}

function isAt(chunk: Buffer, at: number, bytes: Buffer): boolean {
  const end = at + bytes.length
  return end <= chunk.length && bytes.compare(chunk, at, end) === 0
}
