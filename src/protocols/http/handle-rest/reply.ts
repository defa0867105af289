import type { ServerResponse } from 'node:http'
import { responseCodes } from '../../handle/response-codes.ts'

/** An answer of the API before it is written. */
export interface RestReply {
  readonly status: number
  /** Absent: no body at all. */
  readonly json?: object
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

export interface ReplyForm {
  readonly pretty: boolean
  /** A function's name: the answer is a script that calls it. */
  readonly callback: string | undefined
  readonly isHead: boolean
}

export function writeReply(
  response: ServerResponse,
  { status, json, headers = {} }: RestReply,
  { pretty, callback, isHead }: ReplyForm,
): void {
  const text = json === undefined ? '' : JSON.stringify(json, undefined, pretty ? 2 : undefined)
  const isScript = callback !== undefined && json !== undefined
  const body = Buffer.from(isScript ? `${callback}(${scriptSafe(text)});` : text)
  response.writeHead(status, {
    ...(json === undefined
      ? {}
      : { 'Content-Type': isScript ? scriptType : 'application/json;charset=UTF-8' }),
    ...(status === 204 ? {} : { 'Content-Length': String(body.length) }),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(headers as Record<string, string | string[]>),
  })
  response.end(isHead || status === 204 ? undefined : body)
}

const scriptType = 'application/javascript;charset=UTF-8'

/** Line separators end a line in scripts and not in JSON. */
function scriptSafe(json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/** Whatever is no part of a name becomes `_`, so that a callback is a name and never a program. */
export function callbackName(text: string): string {
  return text.replace(/[^_$A-Za-z0-9\u00a0-\uffff]/g, '_').replace(/^[0-9]/, '_')
}

/** What was asked for is done to this handle. */
export function done(handle: string, status: number): RestReply {
  return { status, json: { responseCode: responseCodes.SUCCESS, handle } }
}

/** A verb we know on a path that has it not is 405, one that nobody knows 501. */
export function notAllowed(method: string, allow: string): RestReply {
  const known = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'].includes(
    method,
  )
  const json = {
    responseCode: responseCodes.PROTOCOL_ERROR,
    message: `${method} is not for this path`,
  }
  return { status: known ? 405 : 501, json, headers: { Allow: allow } }
}
