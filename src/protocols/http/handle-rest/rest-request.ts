import type { IncomingMessage } from 'node:http'
import type { Reference } from '../../../model/value.ts'
import { Refusal } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { type Asker, type Fields, parseFields } from './credentials.ts'
import { type Parameters, parametersOfJson, parseParameters } from './parameters.ts'

/** A request of the API, read as far as every route needs it. */
export interface RestRequest {
  readonly raw: IncomingMessage
  readonly method: string
  /** What stands behind `/api/`, not decoded. */
  readonly path: string
  readonly parameters: Parameters
  readonly asker: Asker
  readonly identity: Reference | undefined
  readonly isTrusted: boolean
  readonly body: Buffer
}

/** Whether the body says that it is JSON. */
export function isJson({ headers }: IncomingMessage): boolean {
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
  return mediaType.trim().toLowerCase() === 'application/json'
}

/** @throws Refusal `PROTOCOL_ERROR` */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'the body is no JSON')
  }
}

/** A POST is a GET whose parameters lie in its body. */
export function bodyParameters({ raw, body }: RestRequest): Parameters {
  if (body.length === 0) return new Map()
  return isJson(raw) ? parametersOfJson(parseJson(body)) : parseParameters(body.toString())
}

/** What `Authorization: Handle …` says, field by field; none where it says something else. */
export function headerFields({ raw }: Pick<RestRequest, 'raw'>): Fields {
  const [, text = ''] = /^handle (.*)$/i.exec(raw.headers.authorization ?? '') ?? []
  return parseFields(text)
}

/** The same fields where a session is asked for with a body. */
export function bodyFields({ raw, body }: RestRequest): Fields {
  if (body.length === 0 || !isJson(raw)) return new Map()
  const parameters = parametersOfJson(parseJson(body))
  return new Map([...parameters].map(([name, [value = '']]) => [name, value]))
}
