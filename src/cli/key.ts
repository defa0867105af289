import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type KeyAlgorithm, type KeyStore, makeKeyStore } from '../crypto/key-store.ts'
import { readMasterKey } from '../crypto/master-key.ts'
import type { Caller } from '../model/caller.ts'
import { say } from '../model/text.ts'
import type { Config } from '../runtime/config.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeKeyRows } from '../storage/postgres/keys.ts'
import { makeTransactions } from '../storage/postgres/transactions.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { configOf, configOptions, userName } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'
import { withStore } from './store.ts'

type CodeKey = Pick<
  Awaited<ReturnType<KeyStore['list']>>[number],
  'version' | 'algorithm' | 'state' | 'kcv'
>

export const keyList: Command = {
  name: 'key list',
  summary: say(
    '列出企信码密钥的版本，须先停止节点',
    'list the versions of the code key; no node may run',
  ),
  options: configOptions,
  async run(call) {
    const { config } = configOf(call)
    const keys = await withKeys(config, store => store.list('code', config.code.prefix))
    await print(call, keys)
    return exitCodes.ok
  },
}

/**
 * Every process holds the code keys from its start on: one that runs would take codes of a new version for forged.
 * So it is added while none runs.
 */
export const keyRotate: Command = {
  name: 'key rotate',
  summary: say(
    '新增一个企信码密钥版本并用于此后签发，须先停止节点',
    'add a version of the code key, which issues from then on; no node may run',
  ),
  options: {
    algorithm: {
      kind: 'text',
      value: 'sm4|aes-256',
      help: say('算法，默认 sm4', 'sm4 by default'),
    },
    ...configOptions,
  },
  async run(call) {
    const { config } = configOf(call)
    const algorithm = algorithmOf(call.given.text('algorithm') ?? 'sm4')
    const added = await withKeys(config, async (store, database) => {
      const key = await store.add('code', config.code.prefix, algorithm)
      await keepEvidence(database, config, key)
      return key
    })
    await print(call, [added])
    return exitCodes.ok
  },
}

function algorithmOf(text: string): Extract<KeyAlgorithm, 'sm4' | 'aes-256'> {
  if (text === 'sm4' || text === 'aes-256') return text
  throw new UsageError(say('--algorithm 须为 sm4 或 aes-256', '--algorithm is sm4 or aes-256'))
}

/** The key store of a store that has been started before. */
function withKeys<Result>(
  config: Config,
  use: (store: KeyStore, database: Database) => Promise<Result>,
): Promise<Result> {
  return withStore(config, async database => {
    const { masterKey } = await readMasterKey({
      path: config.masterKey.file ?? join(config.store.dataDir, 'master.key'),
      make: false,
      random: randomBytes,
    })
    const rows = makeKeyRows(database, () => new Date())
    const store = makeKeyStore({ rows, masterKey, random: randomBytes })
    await store.open()
    return use(store, database)
  })
}

/** Numbered and chained by the next start. */
async function keepEvidence(database: Database, { code }: Config, { version, kcv }: CodeKey) {
  const transactions = makeTransactions({
    database,
    now: () => new Date(),
    follow: async () => undefined,
  })
  const caller: Caller = { id: `os:${userName()}`, role: 'operator', subject: null, prefixes: [] }
  await transactions.write(caller, ledger =>
    ledger.audit({
      action: 'key.rotated',
      target: `key:code:${code.prefix}`,
      detail: { version, kcv },
    }),
  )
}

/** Check values only: a key itself is shown to nobody. */
async function print(call: Call, keys: readonly CodeKey[]): Promise<void> {
  const shown = keys.map(({ version, algorithm, state, kcv }) => ({
    version,
    algorithm,
    state,
    kcv,
  }))
  const header = [
    say('版本', 'version'),
    say('算法', 'algorithm'),
    say('状态', 'state'),
    say('校验值', 'check value'),
  ].map(text => text[call.language])
  const rows = shown.map(({ version, algorithm, state, kcv }) => [
    String(version),
    algorithm,
    state,
    kcv,
  ])
  await call.write(call.isJson ? json(shown) : table(rows, header))
}
