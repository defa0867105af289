import { readdirSync, readFileSync } from 'node:fs'

/** A server that is put under load. */
export interface Target {
  readonly pid: number
  readonly host: string
  readonly port: number
}

export interface Measured {
  readonly answersPerSecond: number
  /** Answers per second of the server's CPU time: what is compared, because it hardly depends on other work beside. */
  readonly answersPerCpuSecond: number
  /** NaN, as are the others, where the load generator cannot say. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly errorCount: number
  /** Head and body. */
  readonly bytesPerAnswer: number
  readonly residentMegabytes: number
}

/** What a load generator saw, whichever it was. */
export type Seen = Omit<Measured, 'answersPerCpuSecond' | 'residentMegabytes'> & {
  readonly answerCount: number
}

/** Adds what the server used for it. */
export async function measure(pid: number, load: () => Promise<Seen>): Promise<Measured> {
  const before = cpuSeconds(pid)
  const { answerCount, ...seen } = await load()
  return {
    ...seen,
    answersPerCpuSecond: answerCount / (cpuSeconds(pid) - before),
    residentMegabytes: residentMegabytes(pid),
  }
}

/** CPU time of a process with all its threads and children, from the nanoseconds that Linux's scheduler counts. */
export function cpuSeconds(pid: number): number {
  return sumOfTree(pid, each =>
    readdirSync(`/proc/${each}/task`).reduce((sum, thread) => {
      const [nanoseconds] = readFileSync(`/proc/${each}/task/${thread}/schedstat`, 'utf8').split(
        ' ',
      )
      return sum + Number(nanoseconds) / 1e9
    }, 0),
  )
}

/** Resident memory of a process and its children, in megabytes; what they share is counted for each. */
export function residentMegabytes(pid: number): number {
  return sumOfTree(pid, each => {
    const status = readFileSync(`/proc/${each}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
  })
}

function sumOfTree(pid: number, of: (pid: number) => number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return children.reduce((sum, child) => sum + sumOfTree(Number(child), of), of(pid))
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
