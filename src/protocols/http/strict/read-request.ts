import { type Language, languageOf } from '../language.ts'
import { answerFormOf, type Form } from '../negotiate.ts'
import { wantsPage } from '../pages/wants-page.ts'

/** What a path behind which an identifier stands asks for: an answer, what a label opens, or the values of a handle. */
export type StrictPath = 'resolve' | 'scan' | 'handles'

/** A request that the strict reader takes, as places in the bytes it came in. */
export interface StrictRequest extends Facts {
  readonly path: StrictPath
  readonly pathStart: number
  /** The identifier as the request line has it. */
  readonly keyStart: number
  readonly keyEnd: number
  /** Where the next request begins. */
  readonly end: number
}

/** What the header lines say. */
interface Facts {
  readonly form: Form
  /** Of a refusal. */
  readonly language: Language
  /** A label's answer is read by a person. */
  readonly isForPeople: boolean
}

/** What a connection's last header block was found to be: clients send the same one again and again. */
interface KnownBlock {
  /** From behind the request line to the empty line, both line ends included. */
  readonly bytes: Buffer
  readonly facts: Facts
}

export interface Reader {
  /** @returns undefined for whatever is not exactly a plain question, or not whole */
  read(chunk: Buffer, at: number): StrictRequest | undefined
  /** Whether it may become a plain question with the bytes that are still under way. */
  isBegun(rest: Buffer): boolean
}

const method = Buffer.from('GET ', 'latin1')
const starts = (
  [
    ['resolve', '/v1/resolve/'],
    ['scan', '/r/'],
    ['handles', '/api/handles/'],
  ] as const
).map(([path, text]) => ({ path, bytes: Buffer.from(`GET ${text}`, 'latin1') }))
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
  let known: KnownBlock | undefined

  function findBlock(chunk: Buffer, at: number): KnownBlock | undefined {
    if (known !== undefined && isAt(chunk, at, known.bytes)) return known
    const blockLast = chunk.subarray(at, at + blockBytesMax).indexOf(blockEnd)
    if (blockLast < 0) return undefined
    const facts = factsOfBlock(chunk.toString('latin1', at, at + blockLast))
    if (facts === undefined) return undefined
    const bytes = Buffer.from(chunk.subarray(at, at + blockLast + blockEnd.length))
    known = { bytes, facts }
    return known
  }

  return {
    read(chunk, at) {
      const start = startAt(chunk, at)
      if (start === undefined) return undefined
      const pathStart = at + method.length
      const keyStart = at + start.bytes.length
      let keyEnd = keyStart
      while (isPathByte[chunk[keyEnd] as number] === 1) keyEnd += 1
      if (keyEnd === keyStart || keyEnd - pathStart > urlBytesMax) return undefined
      if (!isShortAt(chunk, keyEnd, lineEnd)) return undefined
      const blockAt = keyEnd + lineEnd.length
      const block = findBlock(chunk, blockAt)
      if (block === undefined) return undefined
      const { form, language, isForPeople } = block.facts
      const { path } = start
      if (path === 'scan' && isForPeople) return undefined
      const end = blockAt + block.bytes.length
      return { path, pathStart, keyStart, keyEnd, end, form, language, isForPeople }
    },

    isBegun: rest =>
      rest.length < urlBytesMax + blockBytesMax &&
      starts.some(({ bytes }) => {
        const common = Math.min(rest.length, bytes.length)
        return rest.compare(bytes, 0, common, 0, common) === 0
      }) &&
      !rest.includes(blockEnd),
  }
}

function startAt(chunk: Buffer, at: number): (typeof starts)[number] | undefined {
  for (const start of starts) {
    if (isShortAt(chunk, at, start.bytes)) return start
  }
  return undefined
}

/** @param text the header lines, without the last one's end. @returns undefined: not a plain block */
function factsOfBlock(text: string): Facts | undefined {
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
  const accept = values.get('accept')
  const form = answerFormOf(accept)
  if (form === 'linkset') return undefined
  const language = languageOf(values.get('accept-language'))
  return { form, language, isForPeople: wantsPage(accept) }
}

/** For what is long enough that a call costs less than looking at each byte. */
function isAt(chunk: Buffer, at: number, bytes: Buffer): boolean {
  const end = at + bytes.length
  return end <= chunk.length && bytes.compare(chunk, at, end) === 0
}

function isShortAt(chunk: Buffer, at: number, bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) {
    if (chunk[at + i] !== bytes[i]) return false
  }
  return true
}
