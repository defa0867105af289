import { isIP } from 'node:net'
import { say } from '../model/text.ts'
import { type Place, runLoad } from '../protocols/handle/load/load.ts'
import type { Loaded } from '../protocols/handle/load/tally.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'

const connectionsMax = 1_000
const depthMax = 256
const secondsMax = 600

export const bench: Command = {
  name: 'bench',
  summary: say('经 Handle 压测一个服务器', 'put a server under load over Handle'),
  arguments: [{ name: 'identifier' }],
  options: {
    via: { kind: 'text', value: 'tcp|udp', help: say('默认 tcp', 'tcp unless told') },
    server: {
      kind: 'text',
      value: 'ADDRESS:PORT',
      help: say('默认为本机节点', 'the node on this machine unless told'),
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
      help: say('每个请求新建 TCP 连接', 'a new TCP connection for each question'),
    },
    ...configOptions,
  },
  async run(call) {
    const { given, arguments: words, isJson, write } = call
    const via = given.text('via') ?? 'tcp'
    if (via !== 'tcp' && via !== 'udp') throw unreadable('via', via)
    const loaded = await runLoad({
      via,
      place: placeOf(call),
      handles: words,
      connections: numberOf(call, 'connections', 16, connectionsMax),
      depth: numberOf(call, 'depth', 1, depthMax),
      seconds: numberOf(call, 'seconds', 5, secondsMax),
      isReconnecting: via === 'tcp' && given.has('reconnect'),
    })
    await write(isJson ? json(loaded) : loadedText(loaded, call))
    if (loaded.answerCount === 0) return exitCodes.unavailable
    return loaded.errorCount > 0 ? exitCodes.failed : exitCodes.ok
  },
}

function placeOf(call: Call): Place {
  const text = call.given.text('server')
  if (text === undefined) {
    const { config } = configOf(call)
    const [host = '127.0.0.1'] = config.node.host
    const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
    return { host: reachable, port: config.handle.port }
  }
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  if (isIP(host) === 0) throw unreadable('server', text)
  return { host, port: Number(port) }
}

function numberOf({ given }: Call, name: string, standard: number, max: number): number {
  const text = given.text(name)
  if (text === undefined) return standard
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max) throw unreadable(name, text)
  return value
}

function unreadable(option: string, text: string): UsageError {
  return new UsageError(
    say(`--${option} 的值“${text}”无效`, `"${text}" is no value for --${option}`),
  )
}

const texts = {
  answersPerSecond: say('每秒应答', 'answers a second'),
  answerCount: say('应答', 'answers'),
  errorCount: say('错误', 'errors'),
  lostCount: say('丢失', 'lost'),
  bytesPerAnswer: say('每应答字节', 'bytes an answer'),
  p50Ms: say('p50 毫秒', 'p50 ms'),
  p90Ms: say('p90 毫秒', 'p90 ms'),
  p99Ms: say('p99 毫秒', 'p99 ms'),
  p999Ms: say('p99.9 毫秒', 'p99.9 ms'),
} as const

function loadedText(loaded: Loaded, { language }: Call): string {
  const names = Object.keys(texts) as (keyof Loaded)[]
  return table(
    names.map(name => [
      texts[name][language],
      name.endsWith('Ms') ? loaded[name].toFixed(2) : String(Math.round(loaded[name])),
    ]),
  )
}
