import { Gauge, type Registry } from 'prom-client'
import type { ImportLists, SourceRow } from './rows.ts'

/** Of a source: what came, what is done, and for how long nothing has. */
export function measureImports(
  registry: Registry,
  lists: Pick<ImportLists, 'sources' | 'parkedCount'>,
  now: () => number,
): void {
  let looking: Promise<void> | undefined
  /** Whichever is asked first, the store is asked once for all. */
  const collect = () => {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry], aggregator: 'max', collect })
  const serial = gauge(
    'qxm_import_serial',
    'Number of the newest batch of the top-level node, received without a gap and done with',
    ['source', 'reached'],
  )
  const lag = gauge(
    'qxm_import_last_success_seconds',
    'How long ago a batch of the top-level node was done with, or its feed had nothing new',
    ['source'],
  )
  const gap = gauge(
    'qxm_import_gap_seconds',
    'For how long a batch has waited for one before it that did not come; 0: none waits',
    ['source'],
  )
  const parked = gauge(
    'qxm_import_parked',
    'Batches of the top-level node that are parked: wrong ones, and those behind a gap',
    [],
  )

  async function look(): Promise<void> {
    try {
      parked.set(await lists.parkedCount())
      for (const source of await lists.sources()) measure(source)
    } catch {
      // While the store is away the last figures stand: the other metrics are needed most then.
    }
  }

  function measure({ source, seq, doneSeq, doneAt, pulledAt, gapSince }: SourceRow): void {
    const secondsSince = (at: Date) => Math.max(0, (now() - at.getTime()) / 1_000)
    serial.set({ source, reached: 'received' }, seq)
    serial.set({ source, reached: 'done' }, doneSeq)
    const successes = [doneAt, pulledAt].filter(at => at !== null).map(secondsSince)
    if (successes.length > 0) lag.set({ source }, Math.min(...successes))
    gap.set({ source }, gapSince === null ? 0 : secondsSince(gapSince))
  }
}
