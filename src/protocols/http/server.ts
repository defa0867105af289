import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { HttpLimits } from './parts.ts'
import { type ProblemCode, problemMediaType, problemOf, WireFailure } from './problem.ts'

/** How often sockets are looked at for the two time limits of a request: the most by which one may be late. */
const timeoutCheckMs = 1_000

/** Header lines of a request; browsers send 20, proxies add a few. */
const headerLinesMax = 100

/**
 * A server with every limit of the wire set, that does not listen yet.
 * @param tls what `tls.createServer` takes; undefined for plain HTTP
 */
export function makeServer(
  listener: RequestListener,
  limits: HttpLimits,
  publicUrl: () => string,
  tls?: TlsOptions,
): Server | TlsServer {
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createServer(options, listener)
      : createTlsServer({ minVersion: 'TLSv1.2', ...tls, ...options }, listener)
  server.maxHeadersCount = headerLinesMax
  server.maxConnections = limits.socketsMax
  server.maxRequestsPerSocket = limits.socketRequestsMax
  server.setTimeout(limits.idleTimeoutMs)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!isAllowed(error, socket)) refuse(error, socket, publicUrl())
  })
  return server
}

/** Sockets on which a body may take its time. */
const longBodies = new WeakSet<object>()

/**
 * Lets the body of the request under way take as long as it comes: a file of gigabytes does not fit into the limit of
 * ordinary bodies. Silence still ends it, as it ends every socket.
 */
export function allowLongBody(socket: Socket): void {
  longBodies.add(socket)
}

/** Whether the error of a connection is only that its body takes its time. */
export function isAllowed(error: NodeJS.ErrnoException, socket: object): boolean {
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && longBodies.has(socket)
}

/** What never became a request is answered with the same kind of document as everything else, and the socket closed. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, publicUrl: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const failure = new WireFailure(codeOf(error))
  const problem = problemOf(failure, { language: 'zh', publicUrl })
  const body = JSON.stringify(problem)
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${reasonPhrases[problem.status] ?? 'Bad Request'}`,
      `Content-Type: ${problemMediaType}`,
      'Content-Language: zh',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
  // A peer that does not read keeps no socket.
  socket.setTimeout(closeTimeoutMs, () => socket.destroy())
}

const closeTimeoutMs = 1_000

function codeOf({
  code,
}: NodeJS.ErrnoException): ProblemCode & ConstructorParameters<typeof WireFailure>[0] {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT'
  return 'REQUEST_MALFORMED'
}

const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}
