import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { say, type Text } from '../model/text.ts'
import type { Language } from './language.ts'

/** How to reach a node: a URL, or the socket in its data folder. */
export type NodeAddress =
  | { readonly kind: 'url'; readonly url: string; readonly key: string | undefined }
  | {
      readonly kind: 'socket'
      /** Short enough for a socket's address. */
      readonly path: string
      /** The name of the OS user, for the audit trail. */
      readonly user: string
    }

export interface NodeRequest {
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface NodeReply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown
}

/** A running node, over HTTP. */
export interface NodeClient {
  /**
   * Any answer, problems included.
   * @throws Unreachable
   */
  ask(method: string, path: string, more?: NodeRequest): Promise<NodeReply>
  /**
   * The body of a good answer.
   * @throws ProblemError for every other answer, Unreachable
   */
  call<Body>(method: string, path: string, more?: NodeRequest): Promise<Body>
  /**
   * The bytes of a good answer, whatever they are.
   * @throws ProblemError for every other answer, Unreachable
   */
  download(method: string, path: string, more?: NodeRequest): Promise<Buffer>
  /**
   * A good answer as it comes, however long; nothing is read ahead of what is taken. Iterating ends with
   * {@link Unreachable} when the answer breaks off.
   * @throws ProblemError for every other answer, Unreachable
   */
  stream(method: string, path: string, more?: StreamRequest): Promise<NodeStream>
  close(): void
}

/** A request that may be as long as its answer. */
export type StreamRequest = Omit<NodeRequest, 'body'> & {
  readonly file?: { readonly type: string; readonly bytes: AsyncIterable<Buffer> }
}

export interface NodeStream {
  readonly headers: IncomingMessage['headers']
  readonly bytes: AsyncIterable<Buffer>
}

/** A problem document (RFC 9457) as a node answers it. */
export interface ProblemDocument {
  readonly status: number
  readonly title?: string
  readonly detail?: string
  readonly code?: string
  readonly errors?: readonly {
    readonly pointer: string
    readonly rule: string
    readonly detail: string
  }[]
  readonly [fact: string]: unknown
}

/** The node answered, and it was no. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: ProblemDocument

  constructor(problem: ProblemDocument) {
    super(problem.detail ?? problem.title ?? `HTTP ${problem.status}`)
    this.problem = problem
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  readonly text: Text

  constructor(text: Text, cause?: unknown) {
    super(text.en, { cause })
    this.text = text
  }
}

/** Longer than any answer of the node takes, the bounds of its own stores included. */
const answerMsMax = 30_000
/** Of a stream on which nothing moves; the node sends signs of life on those that wait. */
const idleMsMax = 60_000
/** A command asks one thing after another. */
const socketsMax = 4
/** Pages of a thousand records and batches stay far below. */
const answerBytesMax = 256 * 2 ** 20

export function openNodeClient(address: NodeAddress, language: Language): NodeClient {
  const base = address.kind === 'url' ? new URL(address.url) : new URL('http://localhost')
  const isTls = base.protocol === 'https:'
  const agentOptions = { keepAlive: true, maxSockets: socketsMax }
  const agent = isTls ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  const who = address.kind === 'url' ? credential(address.key) : { 'X-Qxm-User': address.user }

  /** @param write puts the body into the request and ends it */
  function exchange(
    method: string,
    path: string,
    { query = {}, headers = {} }: NodeRequest,
    more: { readonly headers: OutgoingHttpHeaders; readonly signal?: AbortSignal },
    write: (request: ClientRequest) => void,
  ): Promise<IncomingMessage> {
    const options = {
      ...more,
      method,
      path: `${path}${queryText(query)}`,
      agent,
      headers: {
        Accept: 'application/json',
        'Accept-Language': language,
        ...who,
        ...more.headers,
        ...headers,
      },
      ...(address.kind === 'socket' ? { socketPath: address.path } : {}),
    }
    return new Promise((resolve, reject) => {
      const request = isTls
        ? httpsRequest(base, options, resolve)
        : httpRequest(base, options, resolve)
      // Also after the answer: a node that has said no does not wait for the rest of a file.
      request.on('error', reject)
      write(request)
    })
  }

  async function send(method: string, path: string, more: NodeRequest = {}) {
    const bytes = more.body === undefined ? undefined : Buffer.from(JSON.stringify(more.body))
    const headers: OutgoingHttpHeaders =
      bytes === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': bytes.length }
    const signal = AbortSignal.timeout(answerMsMax)
    try {
      const response = await exchange(method, path, more, { headers, signal }, request =>
        request.end(bytes),
      )
      return { response, bytes: await readBytes(response) }
    } catch (cause) {
      throw unreachable(address, cause)
    }
  }

  async function ask(method: string, path: string, more?: NodeRequest): Promise<NodeReply> {
    const { response, bytes } = await send(method, path, more)
    const { statusCode: status = 0, headers } = response
    return { status, headers, body: parseBody(response, bytes.toString()) }
  }

  return {
    ask,

    async call<Body>(method: string, path: string, more?: NodeRequest): Promise<Body> {
      const { status, body } = await ask(method, path, more)
      if (status < 400) return body as Body
      throw new ProblemError(problemOf(status, body))
    },

    async download(method, path, more) {
      const { response, bytes } = await send(method, path, more)
      const { statusCode: status = 0 } = response
      if (status < 400) return bytes
      throw new ProblemError(problemOf(status, parseBody(response, bytes.toString())))
    },

    async stream(method, path, { file, ...more } = {}) {
      const headers: OutgoingHttpHeaders = file === undefined ? {} : { 'Content-Type': file.type }
      let fileError: unknown
      try {
        const response = await exchange(method, path, more, { headers }, request => {
          request.setTimeout(idleMsMax, () => request.destroy(timedOut()))
          if (file === undefined) request.end()
          else
            pipeline(Readable.from(file.bytes, { objectMode: false }), request).catch(error => {
              fileError = error
            })
        })
        const { statusCode: status = 0, headers: answered } = response
        if (status < 400) return { headers: answered, bytes: readOn(address, response) }
        const body = parseBody(response, (await readBytes(response)).toString())
        throw new ProblemError(problemOf(status, body))
      } catch (cause) {
        if (cause instanceof ProblemError) throw cause
        // A file that cannot be read is not the node's doing.
        if (isOfFiles(fileError)) throw fileError
        throw unreachable(address, cause)
      }
    },

    close: () => agent.destroy(),
  }
}

function timedOut(): Error {
  return Object.assign(new Error('nothing moves'), { name: 'TimeoutError' })
}

async function* readOn(address: NodeAddress, response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk
  } catch (cause) {
    throw unreachable(address, cause)
  }
}

function isOfFiles(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'path' in error
}

function credential(key: string | undefined): Readonly<Record<string, string>> {
  return key === undefined ? {} : { Authorization: `Bearer ${key}` }
}

function queryText(query: NonNullable<NodeRequest['query']>): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value ?? []].flat()) pairs.append(name, each)
  }
  // A plus is a plus to the node.
  const text = pairs.toString().replaceAll('+', '%20')
  return text === '' ? '' : `?${text}`
}

async function readBytes(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let byteCount = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    byteCount += chunk.length
    if (byteCount > answerBytesMax) {
      response.destroy()
      throw new Error('the answer is too large')
    }
  }
  return Buffer.concat(chunks)
}

function parseBody({ headers }: IncomingMessage, text: string): unknown {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/.test(headers['content-type'] ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function problemOf(status: number, body: unknown): ProblemDocument {
  const isDocument = typeof body === 'object' && body !== null
  return isDocument ? { ...body, status } : { status, title: `HTTP ${status}` }
}

function unreachable(address: NodeAddress, cause: unknown): Unreachable {
  const where = address.kind === 'url' ? address.url : address.path
  const why = reasonOf(cause)
  return new Unreachable(
    say(
      `${where} 上的节点没有应答（${why}）：请启动节点，或用 --url 指明地址`,
      `no node answers at ${where} (${why}): start it, or say where it is with --url`,
    ),
    cause,
  )
}

/** Of several addresses that were tried, node gives one error around the others; `fetch` hides its own. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0])
  if (cause instanceof TypeError && cause.cause !== undefined) return reasonOf(cause.cause)
  if (!(cause instanceof Error)) return String(cause)
  if (cause.name === 'TimeoutError') return 'timeout'
  return 'code' in cause ? String(cause.code) : cause.message
}
