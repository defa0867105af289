import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  makeKeyStore,
  type RotatedPurpose,
  rotatedPurposes,
  type ShownPurpose,
} from '../crypto/key-store.ts'
import { readMasterKey } from '../crypto/master-key.ts'
import type { Caller } from '../model/caller.ts'
import { say } from '../model/text.ts'
import { type KeyDesk, type KeyView, makeKeyDesk } from '../registry/keys.ts'
import type { Config } from '../runtime/config.ts'
import type { Database } from '../storage/postgres/database.ts'
import { makeKeyRows } from '../storage/postgres/keys.ts'
import { makeTransactions } from '../storage/postgres/transactions.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { configOf, hasNode, nodeOptions, userName, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'
import { withStore } from './store.ts'

/** A key as a node shows it. */
interface ShownKey extends Pick<KeyView, 'version' | 'algorithm' | 'state' | 'leaked' | 'kcv'> {
  readonly purpose: ShownPurpose
  /** Of a code key, the prefix whose codes it makes. */
  readonly prefix: string | null
  readonly createdAt: string
}

const purposeArgument = { name: 'code|status|token' } as const
const versionArgument = { name: 'version' } as const

export const keyList: Command = {
  name: 'key list',
  summary: say('列出密钥的版本与校验值', 'list the versions of the keys, by their check values'),
  options: nodeOptions,
  async run(call) {
    const keys = (await hasNode(call))
      ? await withNode(call, node => node.call<{ items: ShownKey[] }>('GET', '/v1/keys'))
      : {
          items: await withDesk(call, async (desk, caller) => (await desk.list(caller)).map(shown)),
        }
    await print(call, keys.items)
    return exitCodes.ok
  },
}

export const keyRotate: Command = {
  name: 'key rotate',
  summary: say(
    '新增一个密钥版本，此后由它签发或签名',
    'add a version of a key, which issues or signs from then on',
  ),
  arguments: [{ ...purposeArgument, isOptional: true }],
  options: {
    algorithm: {
      kind: 'text',
      value: 'sm4|aes-256',
      help: say('企信码密钥的算法，默认 sm4', 'of a code key, sm4 by default'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const purpose = purposeOf(call.arguments[0] ?? 'code')
    const algorithm = algorithmOf(call.given.text('algorithm'))
    await change(call, `${purpose}:rotate`, algorithm === undefined ? {} : { algorithm }, desk =>
      desk.rotate(purpose, algorithm, { caller: localCaller() }),
    )
    return exitCodes.ok
  },
}

export const keyRetire: Command = {
  name: 'key retire',
  summary: say(
    '停用一个密钥版本：此后只用于读取或验证',
    'retire a version of a key: from then on it only reads',
  ),
  arguments: [purposeArgument, versionArgument],
  options: {
    leaked: {
      kind: 'flag',
      help: say(
        '密钥可能已泄露：不再信任由它产生的任何内容',
        'others may have it: nothing that it made is trusted any more',
      ),
    },
    ...nodeOptions,
  },
  async run(call) {
    const { purpose, version } = keyOf(call)
    const leaked = call.given.has('leaked')
    await change(call, `${purpose}/${version}:retire`, { leaked }, desk =>
      desk.retire(purpose, version, leaked, { caller: localCaller() }),
    )
    return exitCodes.ok
  },
}

export const keyDestroy: Command = {
  name: 'key destroy',
  summary: say(
    '销毁一个已停用的密钥版本，不可恢复：由它签发的企信码不再存在',
    'destroy a retired version of a key, for good: codes made with it answer no more',
  ),
  arguments: [purposeArgument, versionArgument],
  options: {
    confirm: {
      kind: 'text',
      value: 'CHECK_VALUE',
      help: say('该版本的校验值，以防误毁', 'its check value, so that no other key is meant'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const { purpose, version } = keyOf(call)
    const confirm = call.given.text('confirm')
    if (confirm === undefined) {
      throw new UsageError(
        say(
          '需要 --confirm 和该版本的校验值（见 qxm key list）',
          '--confirm is needed, with the check value of the version (qxm key list shows it)',
        ),
      )
    }
    await change(call, `${purpose}/${version}:destroy`, { confirm }, desk =>
      desk.destroy(purpose, version, confirm, { caller: localCaller() }),
    )
    return exitCodes.ok
  },
}

/** Through the node where one runs, which tells its siblings; else in the store. */
async function change(
  call: Call,
  path: string,
  body: object,
  offline: (desk: KeyDesk) => Promise<KeyView>,
): Promise<void> {
  const key = (await hasNode(call))
    ? await withNode(call, node => node.call<ShownKey>('POST', `/v1/keys/${path}`, { body }))
    : shown(await withDesk(call, offline))
  await print(call, [key])
}

/** The keys of a store that has been started before, and that no node holds. */
function withDesk<Result>(
  call: Call,
  use: (desk: KeyDesk, caller: Caller) => Promise<Result>,
): Promise<Result> {
  const { config } = configOf(call)
  return withStore(config, async database => use(await deskOver(database, config), localCaller()))
}

async function deskOver(database: Database, config: Config): Promise<KeyDesk> {
  const { masterKey } = await readMasterKey({
    path: config.masterKey.file ?? join(config.store.dataDir, 'master.key'),
    make: false,
    random: randomBytes,
  })
  const rows = makeKeyRows(database, () => new Date())
  const store = makeKeyStore({ rows, masterKey, random: randomBytes })
  await store.open()
  return makeKeyDesk({
    // Audit rows are numbered and chained by the next start.
    transactions: makeTransactions({
      database,
      now: () => new Date(),
      follow: async () => undefined,
    }),
    store,
    allOf: purpose => rows.findAll(purpose),
    codePrefix: config.code.prefix,
    demandOperator: () => undefined,
    refresh: async () => undefined,
  })
}

/** Whoever can open the store and its master key is the operator. */
function localCaller(): Caller {
  return { id: `os:${userName()}`, role: 'operator', subject: null, prefixes: [] }
}

function keyOf({ arguments: [purpose = '', version = ''] }: Call) {
  if (!/^[1-9]\d{0,5}$/.test(version)) {
    throw new UsageError(say(`“${version}”不是版本号`, `"${version}" is no version`))
  }
  return { purpose: purposeOf(purpose), version: Number(version) }
}

function purposeOf(text: string): RotatedPurpose {
  const purpose = rotatedPurposes.find(each => each === text)
  if (purpose !== undefined) return purpose
  const all = rotatedPurposes.join(', ')
  throw new UsageError(say(`密钥须为 ${all} 之一`, `the key is one of ${all}`))
}

function algorithmOf(text: string | undefined): 'sm4' | 'aes-256' | undefined {
  if (text === undefined || text === 'sm4' || text === 'aes-256') return text
  throw new UsageError(say('--algorithm 须为 sm4 或 aes-256', '--algorithm is sm4 or aes-256'))
}

function shown({ scope, createdAt, ...key }: KeyView): ShownKey {
  return { ...key, prefix: scope === '' ? null : scope, createdAt: createdAt.toISOString() }
}

/** Check values only: a key itself is shown to nobody. */
async function print(call: Call, keys: readonly ShownKey[]): Promise<void> {
  const header = [
    say('用途', 'purpose'),
    say('版本', 'version'),
    say('算法', 'algorithm'),
    say('状态', 'state'),
    say('校验值', 'check value'),
    say('创建', 'made'),
    say('前缀', 'prefix'),
  ].map(text => text[call.language])
  const leakedText = say('已泄露', 'leaked')[call.language]
  const rows = keys.map(({ purpose, version, algorithm, state, leaked, ...key }) => [
    purpose,
    String(version),
    algorithm,
    leaked ? `${state}, ${leakedText}` : state,
    key.kcv,
    key.createdAt,
    key.prefix ?? '-',
  ])
  await call.write(call.isJson ? json(keys) : table(rows, header))
}
