/**
 * `node dist/bench/micro/codec.js [file]`: what it costs to turn an answer of five values into the bytes of each wire, and
 * questions back from theirs, beside `JSON.stringify` of the same answer. A cached answer pays none of it.
 */
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { makeBenchRun } from '../../src/load/bench-run.ts'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../src/protocols/bytes/writer.ts'
import {
  decodeResolutionAnswer,
  encodeResolutionAnswer,
} from '../../src/protocols/handle/bodies/resolution.ts'
import { encodeQuestion } from '../../src/protocols/handle/client/question-frame.ts'
import { decodeEnvelope, envelopeBytes } from '../../src/protocols/handle/envelope.ts'
import { messageBytesMax } from '../../src/protocols/handle/limits.ts'
import { decodeMessage } from '../../src/protocols/handle/message.ts'
import { encodeAnswerJson } from '../../src/protocols/http/answer-json.ts'
import { openAnswerProtobuf } from '../../src/protocols/http/answer-protobuf.ts'
import type { Answer } from '../../src/resolver/parts.ts'
import { aValue } from '../../test/support/builders.ts'
import { median } from '../load/measure.ts'
import { report } from '../load/print.ts'

const file = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'bench-codec-result.json')
const rounds = 5
const timesEach = 20_000

const handle = '88.118.8/ABC-1'
const values = [1, 2, 3, 4, 5].map(index => {
  const value = `https://example.com/products/1/${index}`
  return aValue({ index, type: 'URL', data: { format: 'string', value } })
})
const answer: Answer = {
  identifier: handle,
  system: 'handle',
  kind: 'product',
  code: '88.118.1/1XJRACLXEEWEA9',
  values,
  prefixes: [{ system: 'gs1', prefix: '6901234', for: ['product'] }],
  sameAs: [{ system: 'gs1', identifier: '01/06901234000016' }],
  referral: null,
  serial: 17,
  asOf: '2026-11-23T06:00:00Z',
  ttlSeconds: 300,
}

const protoFolder = join(import.meta.dirname, '..', '..', '..', 'proto')
const { encode: encodeProtobuf } = openAnswerProtobuf(protoFolder)
const root = new protobuf.Root()
const answerType = root
  .loadSync(join(protoFolder, 'qxm/v1/resolve.proto'))
  .lookupType('qxm.v1.Answer')
const [json, message] = [encodeAnswerJson(answer), encodeProtobuf(answer)]
const handleBody = encodeHandleBody()
const question = encodeQuestion({ handle, types: [], recursionCount: 0 }, 1, 0)

const codecs: Readonly<Record<string, () => unknown>> = {
  'JSON, encode': () => encodeAnswerJson(answer),
  'JSON, decode': () => JSON.parse(json.toString()),
  'protobuf, encode': () => encodeProtobuf(answer),
  'protobuf, decode': () => answerType.decode(message),
  'Handle answer, encode': encodeHandleBody,
  'Handle answer, decode': () => decodeResolutionAnswer(new ByteReader(handleBody)),
  'Handle question, encode': () => encodeQuestion({ handle, types: [], recursionCount: 0 }, 1, 0),
  'Handle question, decode': () => {
    const envelope = decodeEnvelope(new ByteReader(question))
    return decodeMessage(question, envelope, envelopeBytes)
  },
}

function encodeHandleBody(): Buffer {
  const writer = new ByteWriter(messageBytesMax)
  encodeResolutionAnswer(writer, { handle, values })
  return writer.taken()
}

const startedAt = new Date()
const runs = new Map(Object.keys(codecs).map(name => [name, [] as Run[]]))
for (let round = -1; round < rounds; round++) {
  for (const [name, codec] of Object.entries(codecs)) {
    const run = measure(codec)
    // The first round only warms up.
    if (round >= 0) runs.get(name)?.push(run)
  }
}
const reference = runs.get('JSON, encode') ?? []
const rows = [...runs].map(([name, measured]) => ({
  name,
  ratio: median(measured.map(({ eff }, round) => eff / (reference[round]?.eff ?? Number.NaN))),
  answersPerCpuSecond: median(measured.map(({ eff }) => eff)),
  answersPerSecond: median(measured.map(({ rate }) => rate)),
}))

await report(
  makeBenchRun(startedAt, {
    facts: {
      rounds,
      timesEach,
      bytes: { json: json.length, protobuf: message.length, handleBody: handleBody.length },
    },
    groups: [{ title: 'codecs, an answer of five values', rows }],
    figures: [],
    leftOut: [],
  }),
  file,
)

interface Run {
  readonly eff: number
  readonly rate: number
}

function measure(codec: () => unknown): Run {
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  let made: unknown
  for (let time = 0; time < timesEach; time++) made = codec()
  // Looked at, so that making it cannot be left out.
  if (made === undefined) throw new Error('a codec made nothing')
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - startedMs) / 1000
  return { eff: timesEach / ((user + system) / 1e6), rate: timesEach / seconds }
}
