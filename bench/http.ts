import { join } from 'node:path'
import { type Chapter, type ChapterParts, times } from './load/chapter.ts'
import { type Child, startChild } from './load/child.ts'
import { type Contestant, compare } from './load/compare.ts'
import { get, type HttpAsk, type HttpLoad, measureHttp } from './load/http.ts'
import { residentMegabytes, type Target } from './load/measure.ts'
import { metricOf } from './load/metrics-of.ts'
import { demoIdentifiers, targetOf } from './load/server-node.ts'
import { startNginx } from './load/servers.ts'
import { wrk } from './load/wrk.ts'

const connections = 16
const depth = 10
const batchSize = 100
/** Well below what any of them answers at most, also on a busy machine: latencies are to be seen. */
const perSecond = 10_000
/** Asked in turn: so many made-up ones that no short memory of absences helps. */
const unknownCount = 20_000

const one = '/v1/resolve/88.118.8/ABC-1'
const asProtobuf = { accept: 'application/x-protobuf' }
const batch: HttpAsk = {
  method: 'POST',
  path: '/v1/resolve:batch',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ identifiers: demoIdentifiers(batchSize) }),
}
const protobufBatch: HttpAsk = { ...batch, headers: { ...batch.headers, ...asProtobuf } }
const known = demoIdentifiers(100).map(identifier => get(`/v1/resolve/${identifier}`))
const unknown = Array.from({ length: unknownCount }, (_, at) =>
  get(`/v1/resolve/88.118.8/NONE-${at}`),
)

/** Cached answers over HTTP, beside bare servers that send the same body. */
export async function httpChapter({ nodes, rounds }: ChapterParts): Promise<Chapter> {
  const node = await nodes.start()
  const idleMegabytes = residentMegabytes(node.pid)
  const ordinary = await nodes.start({ QXM_FAST_HTTP: '0' })
  const body = await bodyOf(node, {})
  const protobufBody = await bodyOf(node, asProtobuf)
  const bare = await startChild(join(import.meta.dirname, 'load', 'bare-http.js'), [
    body.toString('base64'),
  ])
  const nginx = await startNginx(body.toString())
  const [ours, slow] = [targetOf(node, 'http'), targetOf(ordinary, 'http')]
  const reference = { pid: bare.pid, host: '127.0.0.1', port: Number(bare.ready['port']) }
  const peers = (depth: number) => [
    by('bare node:http', reference, [get('/')], { depth }),
    ...(nginx ? [by('nginx, return', nginx, [get('/')], { depth })] : []),
  ]
  try {
    const single = await compare(
      `HTTP, cached, one question at a time on ${connections} connections`,
      [
        ...peers(1),
        by('JSON', ours, [get(one)]),
        by('protobuf', ours, [get(one, asProtobuf)]),
        by('strict reader off', slow, [get(one)]),
        by('Handle REST', ours, [get('/api/handles/88.118.8/ABC-1')]),
        by('label', ours, [get('/r/88.118.8/ABC-1')]),
        by('GTIN, an alias', ours, [get('/v1/resolve/06901234000016')]),
        by('GS1 link', ours, [
          get('/v1/resolve/https%3A%2F%2Fid.example.cn%2F01%2F06901234000016'),
        ]),
        by('batch', ours, [batch], { answersPerRequest: batchSize }),
        by('batch, protobuf', ours, [protobufBatch], { answersPerRequest: batchSize }),
      ],
      rounds,
    )
    const piped = await compare(
      `HTTP, cached, ${depth} questions at once on each of ${connections} connections`,
      [
        ...peers(depth),
        by('JSON', ours, [get(one)], { depth }),
        by('strict reader off', slow, [get(one)], { depth }),
      ],
      rounds,
    )
    const steady = await compare(
      `HTTP, cached, ${perSecond} questions a second whatever the answers do`,
      [
        by('bare node:http', reference, [get('/')], { perSecond }),
        by('JSON', ours, [get(one)], { perSecond }),
        by('strict reader off', slow, [get(one)], { perSecond }),
      ],
      rounds,
    )
    const before = await askedOfKnownKeys(node)
    const absent = await compare(
      `HTTP, ${unknownCount} unknown identifiers in turn beside ${known.length} known ones`,
      [by('known', ours, known), by('unknown', ours, unknown, { isRefused: true })],
      rounds,
    )
    const after = await askedOfKnownKeys(node)
    const [passed, spared] = [after.passed - before.passed, after.spared - before.spared]
    const protobufBytes = (of: 'JSON' | 'protobuf') => single.median(of, 'bytesPerAnswer')
    return {
      groups: [single.group, piped.group, steady.group, absent.group],
      figures: [
        times('HTTP JSON, beside node:http', single.ratio('JSON', 'bare node:http'), 1.4),
        times(
          `HTTP JSON, ${depth} at once, beside node:http`,
          piped.ratio('JSON', 'bare node:http'),
          5,
        ),
        times(
          'HTTP JSON, strict reader off, beside node:http',
          single.ratio('strict reader off', 'bare node:http'),
          0.85,
        ),
        times('HTTP protobuf, beside JSON', single.ratio('protobuf', 'JSON'), 1),
        {
          name: 'HTTP protobuf, bytes of the body beside JSON',
          value: protobufBody.length / body.length,
          unit: '×',
          goal: { atMost: 0.6 },
        },
        {
          name: 'HTTP protobuf, bytes of head and body beside JSON',
          value: protobufBytes('protobuf') / protobufBytes('JSON'),
          unit: '×',
          goal: { atMost: 0.6 },
        },
        times(
          `HTTP batch of ${batchSize}, identifiers beside single ones`,
          single.ratio('batch', 'JSON'),
          10,
        ),
        times(
          `HTTP batch of ${batchSize} in protobuf, identifiers beside single ones`,
          single.ratio('batch, protobuf', 'protobuf'),
          10,
        ),
        times('HTTP unknown, beside known', absent.ratio('unknown', 'known'), 0.9),
        {
          name: 'unknown identifiers that reach the store',
          value: (100 * passed) / (passed + spared),
          unit: '%',
          goal: { atMost: 1 },
        },
        { name: 'memory of an idle demo node', value: idleMegabytes, unit: 'MB' },
      ],
      leftOut: [
        ...(wrk ? [] : ['wrk, in whose place our own slower client asked: apt-get install -y wrk']),
        ...(nginx ? [] : ['nginx: apt-get install -y nginx']),
      ],
    }
  } finally {
    await Promise.all([node.stop(), ordinary.stop(), bare.stop(), nginx?.stop()])
  }
}

function by(
  name: string,
  target: Target,
  asks: readonly HttpAsk[],
  more: Partial<HttpLoad> = {},
): Contestant {
  const load = { asks, connections, depth: 1, ...more }
  return { name, measure: seconds => measureHttp(target, load, seconds) }
}

async function bodyOf({ ready }: Child, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`${ready['http']}${one}`, { headers })
  return Buffer.from(await response.arrayBuffer())
}

/** How many questions the store was spared, and how many went on to it. */
async function askedOfKnownKeys(node: Child) {
  const asked = (verdict: string) =>
    metricOf(node, 'qxm_known_keys_asked_total', ['verdict', verdict])
  return {
    spared: await asked('spared'),
    passed: (await asked('passed')) + (await asked('aside')),
  }
}
