import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '../../test/support/programs.ts'
import { cpuSeconds, type Measured, type Target } from './measure.ts'

/** Where wrk is on this machine. It asks more than autocannon can: what is slow then is the server. */
export function findWrk(): string | undefined {
  return findProgram('wrk')
}

/** What wrk runs to have so many requests of a connection under way at once. */
export function pipelineScript(depth: number): string {
  return `
local whole
init = function()
  local requests = {}
  for i = 1, ${depth} do requests[i] = wrk.format() end
  whole = table.concat(requests)
end
request = function() return whole end
`
}

/** What wrk runs to ask for one path after the other; the requests are made before the first is sent. */
export function inTurnScript(paths: readonly string[]): string {
  return `
local paths = {${paths.map(path => `'${path}'`).join(', ')}}
local requests = {}
local number = 0
init = function()
  for i, path in ipairs(paths) do requests[i] = wrk.format('GET', path) end
end
request = function()
  number = number % #requests + 1
  return requests[number]
end
`
}

export interface WrkLoad {
  readonly seconds: number
  readonly connections: number
  /** A file that wrk runs, such as {@link pipelineScript}. */
  readonly script?: string
  /** What is asked for is refused, and a refusal is an answer. */
  readonly isRefused?: boolean
}

/** As `measure`, with wrk and one thread; for targets that are asked with GET. */
export async function measureWithWrk(
  wrk: string,
  { pid, url, request, answersPerRequest }: Target,
  { seconds, connections, script, isRefused = false }: WrkLoad,
): Promise<Measured> {
  const headers = Object.entries(request.headers ?? {})
  const cpuBefore = cpuSeconds(pid)
  const { stdout } = await promisify(execFile)(wrk, [
    ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--latency'],
    ...(script === undefined ? [] : ['-s', script]),
    ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    url + request.path,
  ])
  const cpu = cpuSeconds(pid) - cpuBefore
  const told = readReport(stdout)
  const wrongCount = isRefused ? told.requestCount - told.refusedCount : told.refusedCount
  const answers = (told.requestCount - wrongCount) * answersPerRequest
  return {
    answersPerSecond: answers / told.seconds,
    answersPerCpuSecond: answers / cpu,
    p50Ms: told.p50Ms,
    p99Ms: told.p99Ms,
    errorCount: told.errorCount + wrongCount,
    bytesPerAnswer: told.byteCount / Math.max(1, answers),
  }
}

/** What wrk 4 prints for people. Lines that say something went wrong are there only when it did. */
function readReport(text: string) {
  const whole = /(\d+) requests in ([\d.]+)(\w+), ([\d.]+)(\w+) read/.exec(text)
  if (whole === null) throw new Error(`wrk said something else:\n${text}`)
  const [, count, time, timeUnit = '', size, sizeUnit = ''] = whole
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
  return {
    requestCount: Number(count),
    seconds: (Number(time) * unitOf(milliseconds, timeUnit)) / 1000,
    byteCount: Number(size) * unitOf(bytes, sizeUnit),
    p50Ms: percentileMs(text, 50),
    p99Ms: percentileMs(text, 99),
    refusedCount: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
    errorCount: (errors?.slice(1) ?? []).reduce((sum, each) => sum + Number(each), 0),
  }
}

function percentileMs(text: string, percent: number): number {
  const [, number, unit = ''] = new RegExp(`\\s${percent}%\\s+([\\d.]+)(\\w+)`).exec(text) ?? []
  return Number(number) * unitOf(milliseconds, unit)
}

const milliseconds = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }
const bytes = { B: 1, KB: 1_024, MB: 1_024 ** 2, GB: 1_024 ** 3 }

function unitOf(units: Readonly<Record<string, number>>, name: string): number {
  return units[name] ?? Number.NaN
}
