import { statSync } from 'node:fs'
import type { Clock } from '../runtime/clock.ts'
import type { Closers } from '../runtime/closers.ts'
import { type Config, ConfigError, type ReadConfig } from '../runtime/config.ts'
import { eachKey } from '../runtime/config-keys.ts'
import type { Logger } from '../runtime/log.ts'
import type { ReloadMetrics } from './metrics.ts'

/** Makes ready what a new configuration changes, or throws; what it returns puts it in force and cannot fail. */
type Prepare = (next: Config) => () => void

/** The configuration as it is now. What depends on it while the node runs asks here. */
export interface LiveConfig {
  readonly now: Config
  /** A value made from the configuration, made anew when that changes. */
  follow<Value>(make: (config: Config) => Value): () => Value
  /** Something to be done when the configuration changes. */
  onChange(prepare: Prepare): void
  /**
   * Puts a configuration in force, in all its parts or, when one of them throws, in none.
   * @throws whatever a part has against it
   */
  offer(next: Config): void
}

export function makeLiveConfig(config: Config): LiveConfig {
  const prepares: Prepare[] = []
  let now = config

  return {
    get now() {
      return now
    },
    follow(make) {
      let value = make(now)
      prepares.push(next => {
        const prepared = make(next)
        return () => {
          value = prepared
        }
      })
      return () => value
    },
    onChange: prepare => void prepares.push(prepare),
    offer(next) {
      const commits = prepares.map(prepare => prepare(next))
      now = next
      for (const commit of commits) commit()
    },
  }
}

/** How a node reads its configuration again. */
export interface ConfigSource {
  /** @throws ConfigError */
  readonly read: () => ReadConfig
  /** The file, which may be missing. */
  readonly file: string
}

export interface ReloadParts {
  readonly live: LiveConfig
  readonly source: ConfigSource
  readonly clock: Pick<Clock, 'every'>
  readonly closers: Closers
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly metrics: ReloadMetrics
}

/** Looking at a file costs microseconds, and being told of changes by the system is unreliable over mounts and links. */
const lookEveryMs = 1_000

/**
 * Reads the configuration again when its file, or a certificate's, has changed and lies still.
 * @returns a function that reads it again now
 */
export function followConfig({
  live,
  source,
  clock,
  closers,
  log,
  metrics,
}: ReloadParts): () => void {
  let seen = signatureOf(filesOf(live.now, source))
  let taken = seen

  function reload(): void {
    try {
      const { config } = source.read()
      const { next, changed, waiting } = merge(live.now, config)
      live.offer(next)
      metrics.accepted()
      log.info({ changed }, 'read the configuration again')
      if (waiting.length > 0) log.warn({ waiting }, 'these keys take effect at the next start')
    } catch (error) {
      metrics.refused()
      for (const mistake of mistakesIn(error)) {
        log.error(mistake, 'configuration mistake, the former configuration stays')
      }
    }
  }

  const tick = clock.every(lookEveryMs, () => {
    const signature = signatureOf(filesOf(live.now, source))
    const liesStill = signature === seen
    seen = signature
    if (!liesStill || signature === taken) return
    taken = signature
    reload()
  })
  closers.add('configuration watch', () => tick.cancel())
  return () => {
    taken = signatureOf(filesOf(live.now, source))
    reload()
  }
}

/** The former configuration with the new values of those keys that take effect while a node runs. */
function merge(former: Config, read: Config) {
  const changed: string[] = []
  const waiting: string[] = []
  const next: Record<string, Record<string, unknown>> = {}
  for (const { path, key } of eachKey()) {
    const [section = '', name = ''] = path.split('.')
    const before = valueAt(former, section, name)
    const now = valueAt(read, section, name)
    const isSame = JSON.stringify(before) === JSON.stringify(now)
    const isTaken = key.reloadable === true
    if (!isSame) (isTaken ? changed : waiting).push(path)
    next[section] ??= {}
    next[section][name] = isTaken ? now : before
  }
  // Every key of the table, with values of two checked configurations.
  return { next: next as unknown as Config, changed, waiting }
}

function valueAt(config: Config, section: string, name: string): unknown {
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = config
  return sections[section]?.[name]
}

function mistakesIn(error: unknown): readonly object[] {
  if (!(error instanceof ConfigError)) return [{ err: error }]
  return error.problems.map(({ path, where, message }) => ({ path, where, mistake: message }))
}

function filesOf(config: Config, { file }: ConfigSource): readonly string[] {
  const { cert, key } = config.tls
  const { ca, keys, feedCert, feedKey } = config.import
  return [file, cert, key, ca, keys, feedCert, feedKey].filter(each => each !== undefined)
}

/** Changes with every writing of a file, also with one put in its place or behind a link. */
function signatureOf(files: readonly string[]): string {
  return files
    .map(file => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found === undefined ? '-' : `${found.ino} ${found.size} ${found.mtimeMs}`
    })
    .join()
}
