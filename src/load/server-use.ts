import type { ServerUse } from './result.ts'

const answerMsMax = 2_000

/** What the server's metrics say it has used so far; undefined where they are not to be had. */
export async function readServerUse(opsUrl: string): Promise<ServerUse | undefined> {
  try {
    const response = await fetch(`${opsUrl}/metrics`, { signal: AbortSignal.timeout(answerMsMax) })
    const text = await response.text()
    const cpuSeconds = metricIn(text, 'process_cpu_seconds_total')
    const residentBytes = metricIn(text, 'process_resident_memory_bytes')
    if (cpuSeconds === undefined || residentBytes === undefined) return undefined
    return { cpuSeconds, residentBytes }
  } catch {
    return undefined
  }
}

/** Of the text format of Prometheus. Workers tell theirs with a label each. */
function metricIn(text: string, name: string): number | undefined {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'gm'))]
  if (values.length === 0) return undefined
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}
