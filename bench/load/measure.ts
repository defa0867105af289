import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

/** One server under load: where it is, and what one request asks. */
export interface Target {
  readonly name: string
  readonly pid: number
  readonly url: string
  readonly request: {
    readonly method: 'GET' | 'POST'
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  }
  /** What one answer is worth, such as the identifiers of a batch. */
  readonly answersPerRequest: number
}

export interface Measured {
  readonly answersPerSecond: number
  /** Answers per second of the server's CPU time: what is compared, because it hardly depends on other work beside. */
  readonly answersPerCpuSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errorCount: number
  readonly bytesPerAnswer: number
}

/** Drives a target for some seconds with autocannon, closed loop. Errors and anything but 200 are counted. */
export async function measure(
  target: Target,
  { seconds, connections }: { readonly seconds: number; readonly connections: number },
): Promise<Measured> {
  const { request, answersPerRequest } = target
  const cpuBefore = cpuSeconds(target.pid)
  const result = await autocannon({
    url: target.url + request.path,
    method: request.method,
    headers: { ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    connections,
    duration: seconds,
  })
  const cpu = cpuSeconds(target.pid) - cpuBefore
  const answers = result['2xx'] * answersPerRequest
  return {
    answersPerSecond: answers / result.duration,
    answersPerCpuSecond: answers / cpu,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errorCount: result.errors + result.non2xx,
    bytesPerAnswer: result.throughput.total / Math.max(1, answers),
  }
}

/** CPU time of a process with all its threads, from Linux's `/proc`: user and system, in clock ticks of 1/100 s. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Resident memory of a process, in megabytes. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
