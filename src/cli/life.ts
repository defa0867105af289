import { closeSync, openSync } from 'node:fs'
import type { Logger } from '../runtime/log.ts'

/** Ends a process from outside: what `process` is to {@link makeLife}. */
interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown
  exit(code: number): unknown
}

export interface LifeParts {
  readonly log: Pick<Logger, 'error'>
  /** Longest that ending in order may take. */
  readonly closeMsMax: number
  readonly signals?: SignalSource
  /** Whether a terminal controls this process. */
  readonly hasTerminal?: () => boolean
}

/** How a process is told to end or to read its configuration again. */
export interface Life {
  /** Resolves with the first signal to end. */
  readonly ended: Promise<string>
  /** Whether it has been told to end. */
  readonly isEnding: boolean
  /** Ends as a signal does. */
  end(why: string): void
  onReload(reload: () => void): void
}

/** npm hands a terminal's signal on that has reached us already: both are the same. */
const sameSignalMs = 500

/**
 * Follows signals from before the node starts, so that none is lost as process 1 of a container. The first ends the
 * process in order. The watchdog, the one place that calls `process.exit`, ends it with 1 when that takes too long, and
 * with the signal's own code when a second one comes.
 */
export function makeLife({
  log,
  closeMsMax,
  signals = process,
  hasTerminal = canOpenTerminal,
}: LifeParts): Life {
  const hadTerminal = hasTerminal()
  let endedAtMs: number | undefined
  let reload: () => void = () => undefined
  let resolveEnded: (why: string) => void = () => undefined
  const ended = new Promise<string>(resolve => {
    resolveEnded = resolve
  })

  function end(why: string): void {
    if (endedAtMs !== undefined) return
    endedAtMs = performance.now()
    setTimeout(() => {
      log.error({ closeMsMax }, 'did not end in time, ending at once')
      signals.exit(1)
    }, closeMsMax).unref()
    resolveEnded(why)
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    signals.on(signal, () => {
      if (endedAtMs === undefined) end(signal)
      else if (performance.now() - endedAtMs > sameSignalMs) signals.exit(code)
    })
  }
  // Sent by people and supervisors to reload, and by the kernel when the terminal has gone.
  signals.on('SIGHUP', signal => {
    if (hadTerminal && !hasTerminal()) end(signal)
    else reload()
  })

  return {
    ended,
    get isEnding() {
      return endedAtMs !== undefined
    },
    end,
    onReload(call) {
      reload = call
    },
  }
}

function canOpenTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
