import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../test/support/programs.ts'
import type { HttpAsk, HttpLoad } from './http.ts'
import type { Seen, Target } from './measure.ts'

/** Where wrk is on this machine. It asks more than a client of ours can: what is slow then is the server. */
export const wrk = findProgram('wrk')

/** One thread of wrk for some seconds. */
export async function askByWrk(
  program: string,
  { host, port }: Target,
  { asks, isRefused = false, answersPerRequest = 1, ...load }: HttpLoad,
  seconds: number,
): Promise<Seen> {
  const script = join(tmpdir(), `qxm-bench-${process.pid}-${Math.round(performance.now())}.lua`)
  await writeFile(script, scriptFor(asks, load.depth))
  try {
    const { stdout } = await promisify(execFile)(program, [
      ...['-t', '1', '-c', String(load.connections), '-d', `${seconds}s`, '-s', script],
      `http://${host}:${port}/`,
    ])
    const line = stdout.split('\n').find(each => each.startsWith('{'))
    if (line === undefined) throw new Error(`wrk said something else:\n${stdout}`)
    const told: Told = JSON.parse(line)
    const wrongCount = isRefused ? told.requests - told.refused : told.refused
    const answerCount = (told.requests - wrongCount) * answersPerRequest
    return {
      answerCount,
      answersPerSecond: answerCount / (told.microseconds / 1e6),
      // With several questions at once wrk's correction for omissions counts what never was.
      p50Ms: load.depth > 1 ? Number.NaN : told.p50 / 1e3,
      p99Ms: load.depth > 1 ? Number.NaN : told.p99 / 1e3,
      p999Ms: load.depth > 1 ? Number.NaN : told.p999 / 1e3,
      errorCount: told.errors + wrongCount,
      bytesPerAnswer: told.bytes / Math.max(1, answerCount),
    }
  } finally {
    await rm(script)
  }
}

/** What `done` writes; latencies in microseconds. */
interface Told {
  readonly requests: number
  readonly refused: number
  readonly errors: number
  readonly bytes: number
  readonly microseconds: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Requests are made before the first is sent; one that is always the same is left to wrk itself, which is faster. */
function scriptFor(asks: readonly HttpAsk[], depth: number): string {
  const [only] = asks
  const how =
    asks.length === 1 && depth === 1 && only !== undefined ? always(only) : inTurn(asks, depth)
  return `${how}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"refused":%d,"errors":%d,"bytes":%d,"microseconds":%d,'
    .. '"p50":%d,"p99":%d,"p999":%d}\\n', summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
    summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`
}

function always({ method, path, headers, body }: HttpAsk): string {
  return `wrk.method, wrk.path = ${lua(method)}, ${lua(path)}
wrk.headers, wrk.body = ${luaTable(headers)}, ${body === undefined ? 'nil' : lua(body)}`
}

function inTurn(asks: readonly HttpAsk[], depth: number): string {
  const rows = asks.map(
    ({ method, path, headers, body }) =>
      `{${lua(method)}, ${lua(path)}, ${luaTable(headers)}, ${body === undefined ? 'nil' : lua(body)}}`,
  )
  return `local asks = {${rows.join(',\n')}}
local requests = {}
local number = 0
init = function()
  local next = 0
  for i = 1, math.max(1, math.ceil(#asks / ${depth})) do
    local together = {}
    for j = 1, ${depth} do
      local ask = asks[next % #asks + 1]
      next = next + 1
      together[j] = wrk.format(ask[1], ask[2], ask[3], ask[4])
    end
    requests[i] = table.concat(together)
  end
end
request = function()
  number = number % #requests + 1
  return requests[number]
end`
}

function lua(text: string): string {
  return `[==[${text}]==]`
}

function luaTable(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).map(([name, value]) => `[ ${lua(name)} ] = ${lua(value)}`)
  return `{${entries.join(', ')}}`
}
