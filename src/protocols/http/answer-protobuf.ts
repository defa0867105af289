import { join } from 'node:path'
import protobuf from 'protobufjs'
import { type PublicJwk, permissionsDefault, type Site, type Value } from '../../model/value.ts'
import type { Answer } from '../../resolver/parts.ts'
import type { Problem } from './problem.ts'

/** One step of a trace in one language. */
export interface ToldStep {
  readonly step: string
  readonly text: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface AnswerProtobuf {
  /** `qxm.v1.Answer`. */
  encode(answer: Answer): Buffer
  /** The same with what `trace=1` adds. */
  encodeTraced(answer: Answer, asked: string, trace: readonly ToldStep[]): Buffer
  /** `qxm.v1.Batch`: encoded answers are taken over as bytes. */
  encodeBatch(entries: readonly ProtobufEntry[]): Buffer
}

export type ProtobufEntry =
  | { readonly asked: string; readonly bytes: Buffer }
  | { readonly asked: string; readonly problem: Problem }

/**
 * Loads `qxm/v1/resolve.proto`, once.
 * @param protoFolder the folder `proto` of the installation
 */
export function openAnswerProtobuf(protoFolder: string): AnswerProtobuf {
  const root = new protobuf.Root()
  root.loadSync(join(protoFolder, 'qxm/v1/resolve.proto'))
  const answerType = root.lookupType('qxm.v1.Answer')
  const problemType = root.lookupType('qxm.v1.Problem')

  return {
    encode: answer => finish(answerType.encode(answerToMessage(answer))),

    encodeTraced(answer, asked, trace) {
      const steps = trace.map(({ step, text, facts }) => ({
        step,
        text,
        factsJson: JSON.stringify(facts),
      }))
      return finish(answerType.encode({ ...answerToMessage(answer), asked, trace: steps }))
    },

    encodeBatch(entries) {
      const writer = protobuf.Writer.create()
      for (const entry of entries) {
        writer.uint32(batchAnswersTag).fork().uint32(entryAskedTag).string(entry.asked)
        if ('bytes' in entry) writer.uint32(entryAnswerTag).bytes(entry.bytes)
        else {
          const problem = finish(problemType.encode(problemToMessage(entry.problem)))
          writer.uint32(entryProblemTag).bytes(problem)
        }
        writer.ldelim()
      }
      return finish(writer)
    },
  }
}

/** Field number and wire type "length-delimited", as `Batch` and `BatchEntry` number their fields. */
const [batchAnswersTag, entryAskedTag, entryAnswerTag, entryProblemTag] = [
  (1 << 3) | 2,
  (1 << 3) | 2,
  (2 << 3) | 2,
  (3 << 3) | 2,
]

function finish(writer: protobuf.Writer): Buffer {
  const { buffer, byteOffset, byteLength } = writer.finish()
  return Buffer.from(buffer, byteOffset, byteLength)
}

function answerToMessage(answer: Answer): Record<string, unknown> {
  const { code, status, successor, values, referral } = answer
  return {
    identifier: answer.identifier,
    system: answer.system,
    kind: answer.kind,
    ...(code === null ? {} : { code }),
    ...(status === undefined ? {} : { status }),
    ...(successor == null ? {} : { successor }),
    values: values.map(valueToMessage),
    prefixes: answer.prefixes,
    morePrefixes: answer.morePrefixes ?? false,
    sameAs: answer.sameAs,
    ...(referral === null ? {} : { referral }),
    withheld: answer.withheld ?? [],
    serial: answer.serial,
    asOf: answer.asOf,
    ttlSeconds: answer.ttlSeconds,
    stale: answer.stale ?? false,
  }
}

function valueToMessage({ index, type, data, ttl, timestamp, permissions, references }: Value) {
  return {
    index,
    type,
    ...dataToMessage(data),
    ...(typeof ttl === 'number' ? { ttlSeconds: ttl } : { ttlUntil: ttl }),
    timestamp,
    ...(permissions === permissionsDefault ? {} : { permissions }),
    references,
  }
}

function dataToMessage(data: Value['data']): Record<string, unknown> {
  switch (data.format) {
    case 'string':
      return { text: data.value }
    case 'base64':
      return { bytes: Buffer.from(data.value, 'base64') }
    case 'admin':
      return { admin: data.value }
    case 'vlist':
      return { list: { items: data.value } }
    case 'site':
      return { site: siteToMessage(data.value) }
    case 'key':
      return { key: keyToMessage(data.value) }
  }
}

function siteToMessage(site: Site): Record<string, unknown> {
  const { servers, ...rest } = site
  return {
    ...rest,
    servers: servers.map(({ publicKey, ...server }) => ({
      ...server,
      ...(publicKey === undefined ? {} : { publicKey: keyToMessage(publicKey.value) }),
    })),
  }
}

function keyToMessage(jwk: PublicJwk): Record<string, unknown> {
  return { jwk }
}

function problemToMessage(problem: Problem): Record<string, unknown> {
  const { type, title, status, code, detail, errors = [] } = problem
  const { reason, successor, suggestion } = problem
  return {
    type,
    title,
    status,
    code,
    detail,
    errors,
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof successor === 'string' ? { successor } : {}),
    ...(typeof suggestion === 'string' ? { suggestion } : {}),
  }
}
