import { type Language, languageOf } from '../language.ts'
import { answerFormOf, type Form } from '../negotiate.ts'
import { wantsPage } from '../pages/wants-page.ts'

/**
 * What a path behind which an identifier stands asks for: an answer, what a label opens, the same of an enterprise code, or
 * the values of a handle.
 */
export type StrictPath = 'resolve' | 'scan' | 'code' | 'handles'

/** A request that the strict reader takes, as places in the bytes it came in. */
export type StrictRequest = StrictQuestion | StrictBatch

export interface StrictQuestion extends Facts {
  readonly path: StrictPath
  readonly pathStart: number
  /** The identifier as the request line has it. */
  readonly keyStart: number
  readonly keyEnd: number
  /** Where the next request begins. */
  readonly end: number
}

/** `POST /v1/resolve:batch` with all of its body. */
export interface StrictBatch extends Pick<Facts, 'form' | 'language'> {
  readonly path: 'batch'
  readonly bodyStart: number
  /** The end of the body, and where the next request begins. */
  readonly end: number
}

/** What the header lines say. */
interface Facts {
  readonly form: Form
  /** Of a refusal. */
  readonly language: Language
  /** A label's answer is read by a person. */
  readonly isForPeople: boolean
  /** Of a body of JSON; 0: there is none. */
  readonly bodyBytes: number
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
  /**
   * Whether it may become a plain question with the bytes that are still under way: no; with a whole head, of a batch, whose
   * body clients often send by itself; or with less than that.
   */
  begun(rest: Buffer): 'no' | 'body' | 'head'
}

const method = Buffer.from('GET ', 'latin1')
const starts = (
  [
    ['resolve', '/v1/resolve/'],
    ['scan', '/r/'],
    ['code', '/C/'],
    ['handles', '/api/handles/'],
  ] as const
).map(([path, text]) => ({ path, bytes: Buffer.from(`GET ${text}`, 'latin1') }))
const batchStart = Buffer.from('POST /v1/resolve:batch HTTP/1.1\r\n', 'latin1')
const lineEnd = Buffer.from(' HTTP/1.1\r\n', 'latin1')
const blockEnd = Buffer.from('\r\n\r\n', 'latin1')

/** Blocks are short, and longer ones say more than is read here. */
const blockBytesMax = 2_048
/** A thousand identifiers, and no more than one read brings. */
const bodyBytesMax = 65_536

/**
 * What may stand in the path: what RFC 3986 §3.3 allows there. A question mark, a number sign and everything that has to
 * be encoded is for the ordinary server to judge.
 */
export const isPathByte = new Uint8Array(256)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%") {
  isPathByte[character.charCodeAt(0)] = 1
}

/**
 * Header lines that do not change a plain answer, the two that do, and what a batch says of its body. Any other name (an
 * upgrade, a range, a condition, a credential, a cookie, a proxy's word), and any name twice, is for the ordinary server.
 */
const plainHeaders = [
  'host',
  'user-agent',
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-type',
  'content-length',
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

  function readBatch(chunk: Buffer, at: number): StrictBatch | undefined {
    const blockAt = at + batchStart.length
    const block = findBlock(chunk, blockAt)
    if (block === undefined || block.facts.bodyBytes === 0) return undefined
    const { bodyBytes, form, language } = block.facts
    const bodyStart = blockAt + block.bytes.length
    return { path: 'batch', bodyStart, end: bodyStart + bodyBytes, form, language }
  }

  return {
    read(chunk, at) {
      if (isShortAt(chunk, at, batchStart)) {
        const batch = readBatch(chunk, at)
        return batch === undefined || batch.end > chunk.length ? undefined : batch
      }
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
      if (block === undefined || block.facts.bodyBytes > 0) return undefined
      const { path } = start
      const { isForPeople } = block.facts
      if ((path === 'scan' || path === 'code') && isForPeople) return undefined
      if (path === 'code' && !isOfTwo(chunk, keyStart, keyEnd)) return undefined
      const end = blockAt + block.bytes.length
      return { path, pathStart, keyStart, keyEnd, end, ...block.facts }
    },

    begun(rest) {
      if (rest.includes(blockEnd)) {
        const batch = isShortAt(rest, 0, batchStart) ? readBatch(rest, 0) : undefined
        return batch !== undefined && batch.end > rest.length ? 'body' : 'no'
      }
      const isShort = rest.length < urlBytesMax + blockBytesMax
      return isShort && allStarts.some(bytes => startsAlike(rest, bytes)) ? 'head' : 'no'
    },
  }
}

const allStarts = [batchStart, ...starts.map(({ bytes }) => bytes)]

function startsAlike(rest: Buffer, bytes: Buffer): boolean {
  const common = Math.min(rest.length, bytes.length)
  return rest.compare(bytes, 0, common, 0, common) === 0
}

function startAt(chunk: Buffer, at: number): (typeof starts)[number] | undefined {
  for (const start of starts) {
    if (isShortAt(chunk, at, start.bytes)) return start
  }
  return undefined
}

/** Prefix and code, with one slash between them. */
function isOfTwo(chunk: Buffer, start: number, end: number): boolean {
  const between = chunk.indexOf(slash, start)
  const next = chunk.indexOf(slash, between + 1)
  return between > start && between + 1 < end && (next < 0 || next >= end)
}

const slash = '/'.charCodeAt(0)

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
  const bodyBytes = bodyBytesOf(values.get('content-type'), values.get('content-length'))
  if (bodyBytes === undefined) return undefined
  const accept = values.get('accept')
  const form = answerFormOf(accept)
  if (form === 'linkset') return undefined
  const language = languageOf(values.get('accept-language'))
  return { form, language, isForPeople: wantsPage(accept), bodyBytes }
}

/** @returns 0 where nothing is said of a body; undefined: anything but JSON of an ordinary length */
function bodyBytesOf(type: string | undefined, length: string | undefined): number | undefined {
  if (type === undefined && length === undefined) return 0
  const isJson = /^application\/json(?:; ?charset=utf-8)?$/i.test(type ?? '')
  if (!isJson || !/^[1-9]\d{0,4}$/.test(length ?? '')) return undefined
  const bytes = Number(length)
  return bytes <= bodyBytesMax ? bytes : undefined
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
