import { readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { type HttpForm, httpForms } from '../load/http-requests.ts'
import { type Load, type Place, runLoad } from '../load/load.ts'
import { benchReportHtml } from '../load/load-report.ts'
import { type LoadResult, makeResult, type ServerUse } from '../load/result.ts'
import { readServerUse } from '../load/server-use.ts'
import { withUnknown } from '../load/synthetic.ts'
import type { Loaded } from '../load/tally.ts'
import { say } from '../model/text.ts'
import { hostAndPort } from '../runtime/ready.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'

const connectionsMax = 1_000
const depthMax = 256
const secondsMax = 600
const rateMax = 1_000_000
const identifiersMax = 1_000_000

export const bench: Command = {
  name: 'bench',
  summary: say('压测一个节点：HTTP 或 Handle', 'put a node under load, over HTTP or Handle'),
  arguments: [{ name: 'identifier', isOptional: true }],
  options: {
    via: { kind: 'text', value: 'http|tcp|udp', help: say('默认 tcp', 'tcp unless told') },
    as: {
      kind: 'text',
      value: httpForms.join('|'),
      help: say('经 HTTP 时的形式，默认 json', 'what is asked over HTTP, json unless told'),
    },
    server: {
      kind: 'text',
      value: 'ADDRESS:PORT',
      help: say('默认为本机节点', 'the node on this machine unless told'),
    },
    ops: {
      kind: 'text',
      value: 'URL',
      help: say(
        '其运维端口，用于读取 CPU 与内存；默认为本机节点',
        'its ops door, for CPU and memory; of the node on this machine unless told',
      ),
    },
    from: {
      kind: 'text',
      value: 'FILE',
      help: say('再从文件读取标识，每行一个', 'more identifiers from a file, one a line'),
    },
    unknown: {
      kind: 'text',
      value: 'SHARE',
      help: say('未登记标识的比例，0 至 0.99', 'share of identifiers nobody registered, 0 to 0.99'),
    },
    cold: {
      kind: 'flag',
      help: say(
        '经 HTTP 时绕过缓存，每次询问存储',
        'over HTTP past the caches, from the store each time',
      ),
    },
    rate: {
      kind: 'text',
      value: 'N',
      help: say(
        '每秒请求数（开环；等待计入时延）；缺省为闭环',
        'requests a second whatever the answers do (open loop: waiting counts); without it each asks when answered',
      ),
    },
    connections: { kind: 'text', value: 'N', help: say('连接数，默认 16', 'at once, 16') },
    depth: {
      kind: 'text',
      value: 'N',
      help: say('每个连接上同时未答的请求数，默认 1', 'questions under way on each, 1'),
    },
    seconds: { kind: 'text', value: 'N', help: say('时长，默认 5', 'how long, 5') },
    reconnect: {
      kind: 'flag',
      help: say('每个请求新建 TCP 连接（Handle）', 'a new TCP connection for each (Handle)'),
    },
    name: { kind: 'text', value: 'TEXT', help: say('结果的名称', 'what the result is called') },
    out: {
      kind: 'text',
      value: 'FILE',
      help: say('把结果写入 JSON 文件', 'keeps the result as JSON'),
    },
    report: {
      kind: 'text',
      value: 'FILE',
      help: say('写出带图的 HTML 报告', 'writes an HTML report with a chart'),
    },
    ...configOptions,
  },
  async run(call) {
    const { given, isJson, write } = call
    const load = await loadOf(call)
    const ops = given.text('ops') ?? opsOf(call)
    const before = ops === undefined ? undefined : await readServerUse(ops)
    const startedAt = new Date()
    const loaded = await runLoad(load)
    const after = ops === undefined ? undefined : await readServerUse(ops)
    const name = given.text('name') ?? nameOf(load)
    const result = makeResult(name, startedAt, load, loaded, difference(before, after))
    const out = given.text('out')
    if (out !== undefined) await writeFile(out, json(result))
    const report = given.text('report')
    if (report !== undefined) await writeFile(report, benchReportHtml([result], call.language))
    await write(isJson ? json(result) : resultText(result, call))
    if (loaded.answerCount === 0) return exitCodes.unavailable
    return loaded.errorCount > 0 ? exitCodes.failed : exitCodes.ok
  },
}

async function loadOf(call: Call): Promise<Load> {
  const { given, arguments: words } = call
  const via = given.text('via') ?? 'tcp'
  if (via !== 'tcp' && via !== 'udp' && via !== 'http') throw unreadable('via', via)
  const form = given.text('as') ?? 'json'
  if (!httpForms.includes(form as HttpForm)) throw unreadable('as', form)
  const rate = given.text('rate')
  return {
    via,
    ...(via === 'http' && { form: form as HttpForm, isCold: given.has('cold') }),
    place: placeOf(call, via),
    identifiers: withUnknown(await identifiersOf(words, given.text('from')), shareOf(call)),
    connections: numberOf(call, 'connections', 16, connectionsMax),
    depth: numberOf(call, 'depth', 1, depthMax),
    seconds: numberOf(call, 'seconds', 5, secondsMax),
    ...(rate !== undefined && { perSecond: numberOf(call, 'rate', 1, rateMax) }),
    isReconnecting: via === 'tcp' && given.has('reconnect'),
  }
}

async function identifiersOf(
  words: readonly string[],
  file: string | undefined,
): Promise<readonly string[]> {
  const text = file === undefined ? '' : await readFile(file, 'utf8')
  const lines = text.split(/\r?\n/).filter(line => line !== '')
  const identifiers = [...words, ...lines.slice(0, identifiersMax)]
  if (identifiers.length > 0) return identifiers
  throw new UsageError(
    say('需要一个标识，或 --from FILE', 'an identifier is needed, or --from FILE'),
  )
}

function placeOf(call: Call, via: Load['via']): Place {
  const text = call.given.text('server')
  if (text === undefined) {
    const url = via === 'http' ? call.env['QXM_URL'] : undefined
    if (url) return placeAt(url)
    const { config } = configOf(call)
    const [host = '127.0.0.1'] = config.node.host
    const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
    return { host: reachable, port: via === 'http' ? config.http.port : config.handle.port }
  }
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  if (isIP(host) === 0) throw unreadable('server', text)
  return { host, port: Number(port) }
}

/** Without TLS: what is measured is the node, and a load tester's own TLS would be most of it. */
function placeAt(url: string): Place {
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'http:') throw unreadable('server', url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
}

/** Of another server nothing is known but what was said. */
function opsOf(call: Call): string | undefined {
  if (call.given.text('server') !== undefined || call.env['QXM_URL']) return undefined
  const { ops } = configOf(call).config
  return `http://${hostAndPort(ops.host, ops.port)}`
}

function numberOf({ given }: Call, name: string, standard: number, max: number): number {
  const text = given.text(name)
  if (text === undefined) return standard
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max) throw unreadable(name, text)
  return value
}

function shareOf({ given }: Call): number {
  const text = given.text('unknown') ?? '0'
  const share = Number(text)
  if (!(share >= 0 && share < 1)) throw unreadable('unknown', text)
  return share
}

function unreadable(option: string, text: string): UsageError {
  return new UsageError(
    say(`--${option} 的值“${text}”无效`, `"${text}" is no value for --${option}`),
  )
}

function difference(
  before: ServerUse | undefined,
  after: ServerUse | undefined,
): ServerUse | undefined {
  if (before === undefined || after === undefined) return undefined
  return { ...after, cpuSeconds: after.cpuSeconds - before.cpuSeconds }
}

/** `http json ×16 @5000/s` */
function nameOf({ via, form, isCold, connections, depth, perSecond }: Load): string {
  const pace = perSecond === undefined ? '' : ` @${perSecond}/s`
  const how = `${form === undefined ? '' : ` ${form}`}${isCold === true ? ' cold' : ''}`
  return `${via}${how} ×${connections}${depth === 1 ? '' : `×${depth}`}${pace}`
}

const texts = {
  answersPerSecond: say('每秒应答', 'answers a second'),
  answerCount: say('应答', 'answers'),
  unknownCount: say('其中未知标识', 'of them unknown'),
  errorCount: say('错误', 'errors'),
  lostCount: say('丢失', 'lost'),
  overdueCount: say('到期未发', 'due and not asked'),
  bytesPerAnswer: say('每应答字节', 'bytes an answer'),
  p50Ms: say('p50 毫秒', 'p50 ms'),
  p90Ms: say('p90 毫秒', 'p90 ms'),
  p99Ms: say('p99 毫秒', 'p99 ms'),
  p999Ms: say('p99.9 毫秒', 'p99.9 ms'),
  maxMs: say('最大毫秒', 'longest ms'),
} as const satisfies Partial<Record<keyof Loaded, unknown>>

function resultText({ loaded, server }: LoadResult, { language }: Call): string {
  const names = Object.keys(texts) as (keyof typeof texts)[]
  const rows = names.map(name => [
    texts[name][language],
    name.endsWith('Ms') ? loaded[name].toFixed(2) : String(Math.round(loaded[name])),
  ])
  if (server !== undefined) {
    rows.push(
      [
        { zh: '服务端每应答 CPU 微秒', en: 'server CPU µs an answer' }[language],
        server.cpuMicrosecondsPerAnswer.toFixed(1),
      ],
      [
        { zh: '服务端内存 MB', en: 'server memory MB' }[language],
        (server.residentBytes / 2 ** 20).toFixed(0),
      ],
    )
  }
  return table(rows)
}
