import { type CodeKeys, makeCodeKeys } from '../crypto/code-keys.ts'
import type { KeyStore } from '../crypto/key-store.ts'
import { makeSigningKeys, type SigningKeys } from '../crypto/signing-keys.ts'
import { Failure } from '../model/failures.ts'
import type { AllKeyRows } from '../storage/postgres/keys.ts'
import type { BuildParts } from './parts.ts'

/** The keys that change while the node runs: each member is what the rows said when they were last read. */
export interface LiveKeys {
  readonly codes: CodeKeys
  readonly status: SigningKeys
  readonly token: SigningKeys
  /** Reads the rows again, if they changed. Whoever changed them calls it; siblings find out by themselves. */
  refresh(): Promise<void>
  /** Called after the code keys have changed. */
  onCodesChanged(listener: () => void): void
}

/** A sibling's rotation is seen within twice this, and the question is one index scan. */
const lookEveryMs = 400

/** Verifiers keep the published keys for an hour; another minute for their clocks. */
const statusLeadMs = 3_660_000

/** Only we verify access tokens: long enough for every sibling to have looked. */
const tokenLeadMs = 5_000

const livePurposes = ['code', 'status', 'token'] as const

/** @param isAlone no other process has this store */
export async function openLiveKeys(
  { config, clock, closers, log }: Pick<BuildParts, 'config' | 'clock' | 'closers' | 'log'>,
  rows: AllKeyRows,
  store: KeyStore,
  isAlone: boolean,
): Promise<LiveKeys> {
  const listeners: (() => void)[] = []
  let looking: Promise<void> = Promise.resolve()
  let standing = await readStanding()
  let keys = await readKeys()

  /** What the keys are, as a text that changes when they do. */
  async function readStanding(): Promise<string> {
    const found = await rows.states(livePurposes)
    return found
      .map(({ purpose, scope, version, state, leaked }) =>
        [purpose, scope, version, state, leaked].join(' '),
      )
      .sort()
      .join()
  }

  async function readKeys() {
    const [codes, status, token] = await Promise.all([
      store.list('code', config.code.prefix),
      store.list('status', ''),
      store.list('token', ''),
    ])
    return {
      codes: makeCodeKeys(config.code.prefix, codes),
      status: makeSigningKeys(status, statusLeadMs),
      token: makeSigningKeys(token, tokenLeadMs),
    }
  }

  async function look(): Promise<void> {
    const found = await readStanding()
    if (found === standing) return
    keys = await readKeys()
    standing = found
    log.info('the keys have changed')
    for (const listener of listeners) listener()
  }

  /** After the looks under way, which may have begun too early. */
  function refresh(): Promise<void> {
    const next = looking.then(look)
    looking = next.catch(() => undefined)
    return next
  }

  async function tick(): Promise<void> {
    try {
      await refresh()
    } catch (error) {
      // Whoever follows changes says so when the store is away.
      if (error instanceof Failure && error.code === 'STORE_AWAY') return
      log.warn({ err: error }, 'cannot read the keys again')
    }
  }

  if (!isAlone) {
    let isLooking = false
    const timer = clock.every(lookEveryMs, () => {
      if (isLooking) return
      isLooking = true
      void tick().finally(() => {
        isLooking = false
      })
    })
    closers.add('key tick', async () => {
      timer.cancel()
      await looking
    })
  }
  return {
    get codes() {
      return keys.codes
    },
    get status() {
      return keys.status
    },
    get token() {
      return keys.token
    },
    refresh,
    onCodesChanged: listener => void listeners.push(listener),
  }
}
