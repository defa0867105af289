import { randomBytes } from 'node:crypto'
import { say } from '../model/text.ts'
import { valueIndexMax } from '../model/value.ts'
import { MalformedBytes } from '../protocols/bytes/malformed-bytes.ts'
import { ByteReader } from '../protocols/bytes/reader.ts'
import { decodeReferral } from '../protocols/handle/bodies/referral.ts'
import { decodeResolutionAnswer } from '../protocols/handle/bodies/resolution.ts'
import { makeHandleClient } from '../protocols/handle/client/client.ts'
import type { Transport } from '../protocols/handle/client/parts.ts'
import {
  encodeQuestion,
  type HandleQuestion,
  readAnswer,
  type ServerAnswer,
} from '../protocols/handle/client/question-frame.ts'
import { ServerAway } from '../protocols/handle/client/server-away.ts'
import { responseCodes } from '../protocols/handle/response-codes.ts'
import { systemClock } from '../runtime/clock.ts'
import { hostAndPort } from '../runtime/ready.ts'
import { type Call, type Options, UsageError } from './command.ts'
import { configOf, plainUrl, urlOf } from './connect.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { answerMsMax, placeOf, serverOption, unreachable } from './handle-server.ts'
import { openNodeClient } from './node-client.ts'
import { json } from './print.ts'
import { type Value, valuesText } from './print-answer.ts'

export const viaOptions = {
  via: {
    kind: 'text',
    value: 'tcp|udp|http|rest',
    help: say(
      '按 Handle 协议询问：TCP、UDP、HTTP 隧道或 REST',
      'ask as Handle clients do: over TCP, UDP, the HTTP tunnel or REST',
    ),
  },
  ...serverOption,
} as const satisfies Options

/** What a Handle server said. */
interface HandleAnswer {
  readonly responseCode: number
  readonly handle: string
  /** Those of a referral are its sites. */
  readonly values: readonly Value[]
}

/** Asks one server in its own words: what a national SDK would be told, and not what we would make of it. */
export async function resolveVia(call: Call): Promise<ExitCode> {
  const { language, isJson, write, given } = call
  if (given.has('fresh')) {
    throw new UsageError(say('--fresh 不能与 --via 同用', '--fresh does not go with --via'))
  }
  const answer = await askVia(call, questionOf(call))
  const { responseCode, handle, values } = answer
  const name = Object.entries(responseCodes).find(([, code]) => code === responseCode)?.[0]
  await write(
    isJson
      ? json(answer)
      : `${handle}  ${responseCode} ${name ?? ''}\n${valuesText(values, language)}`,
  )
  return exitCodeOf(responseCode)
}

function askVia(call: Call, question: HandleQuestion): Promise<HandleAnswer> {
  const via = call.given.text('via')
  switch (via) {
    case 'tcp':
      return askNative(call, 'TCP', question)
    case 'udp':
      return askNative(call, 'UDP', question)
    case 'http':
      return askTunnel(call, question)
    case 'rest':
      return askRest(call, question)
    default:
      throw new UsageError(
        say('--via 须为 tcp、udp、http 或 rest', '--via is tcp, udp, http or rest'),
      )
  }
}

function questionOf({ given, arguments: [handle = ''] }: Call): HandleQuestion {
  const indexes = given.texts('index').map(Number)
  if (indexes.some(index => !Number.isInteger(index) || index < 1 || index > valueIndexMax)) {
    throw new UsageError(say('--index 须为正整数', '--index is a whole number from 1'))
  }
  return { handle, types: given.texts('type'), indexes, recursionCount: 0 }
}

async function askNative(
  call: Call,
  transport: Transport,
  question: HandleQuestion,
): Promise<HandleAnswer> {
  const { address, port } = placeOf(call)
  const client = makeHandleClient({
    clock: systemClock,
    random: randomBytes,
    metrics: { asked: () => undefined },
    attemptTimeoutMs: answerMsMax,
  })
  try {
    const server = { address, ports: { [transport]: port } }
    const answer = await client.ask(server, question, AbortSignal.timeout(answerMsMax), [transport])
    return readBody(question.handle, answer)
  } catch (error) {
    const isAway = error instanceof ServerAway || error instanceof MalformedBytes
    throw isAway ? unreachable(hostAndPort(address, port), error) : error
  } finally {
    client.close()
  }
}

async function askTunnel(call: Call, question: HandleQuestion): Promise<HandleAnswer> {
  const url = httpUrlOf(call)
  const requestId = randomBytes(4).readUInt32BE()
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-hdl-message' },
      body: new Uint8Array(encodeQuestion(question, requestId, Date.now())),
      signal: AbortSignal.timeout(answerMsMax),
    })
    const frame = Buffer.from(await response.arrayBuffer())
    return readBody(question.handle, readAnswer(frame, question, requestId))
  } catch (error) {
    throw unreachable(url, error)
  }
}

async function askRest(call: Call, question: HandleQuestion): Promise<HandleAnswer> {
  const { handle, types, indexes = [] } = question
  const url = httpUrlOf(call)
  const node = openNodeClient({ kind: 'url', url, key: undefined }, call.language)
  try {
    const { body } = await node.ask('GET', `/api/handles/${encodeURIComponent(handle)}`, {
      query: { type: types, index: indexes.map(String) },
    })
    if (typeof body !== 'object' || body === null || !('responseCode' in body)) {
      throw unreachable(url, new Error('not a Handle REST API'))
    }
    return { handle, values: [], ...(body as Pick<HandleAnswer, 'responseCode'>) }
  } finally {
    node.close()
  }
}

function readBody(handle: string, { responseCode, body }: ServerAnswer): HandleAnswer {
  const reader = new ByteReader(body)
  switch (responseCode) {
    case responseCodes.SUCCESS:
      return { responseCode, ...decodeResolutionAnswer(reader) }
    case responseCodes.SERVICE_REFERRAL:
    case responseCodes.PREFIX_REFERRAL:
      return { responseCode, handle, values: decodeReferral(reader).values ?? [] }
    default:
      return { responseCode, handle, values: [] }
  }
}

function httpUrlOf(call: Call): string {
  if (call.given.has('server')) {
    const { address, port } = placeOf(call)
    return `http://${hostAndPort(address, port)}`
  }
  return urlOf(call) ?? plainUrl(configOf(call).config)
}

function exitCodeOf(responseCode: number): ExitCode {
  switch (responseCode) {
    case responseCodes.SUCCESS:
    case responseCodes.SERVICE_REFERRAL:
    case responseCodes.PREFIX_REFERRAL:
      return exitCodes.ok
    case responseCodes.HANDLE_NOT_FOUND:
    case responseCodes.VALUES_NOT_FOUND:
    case responseCodes.SERVER_NOT_RESP:
      return exitCodes.notFound
    case responseCodes.INVALID_HANDLE:
    case responseCodes.PROTOCOL_ERROR:
      return exitCodes.usage
    case responseCodes.SERVER_TOO_BUSY:
      return exitCodes.unavailable
    default:
      return responseCode >= 400 && responseCode < 500 ? exitCodes.refused : exitCodes.failed
  }
}
