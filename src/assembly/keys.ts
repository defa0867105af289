import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { makeApiKeyHash } from '../crypto/api-key-hash.ts'
import { isPublishedKey } from '../crypto/key-algorithms.ts'
import { isUnbound, type KeyStore, makeKeyStore } from '../crypto/key-store.ts'
import { readMasterKey } from '../crypto/master-key.ts'
import { demoCodeKey } from '../demo/demo-data.ts'
import type { Config } from '../runtime/config.ts'
import type { Database } from '../storage/postgres/database.ts'
import { type AllKeyRows, makeKeyRows } from '../storage/postgres/keys.ts'
import { type LiveKeys, openLiveKeys } from './live-keys.ts'
import type { BuildParts } from './parts.ts'

export interface Keys {
  readonly store: KeyStore
  readonly rows: AllKeyRows
  readonly live: LiveKeys
  readonly hashApiKey: (apiKey: string) => Buffer
}

/** The keys, opened by the master key; a wrong master key or a published code key in production ends the start here. */
export async function openKeys(parts: BuildParts, database: Database): Promise<Keys> {
  const { config, log, clock } = parts
  const rows = makeKeyRows(database, () => new Date(clock.now()))
  const { masterKey, made, warnings } = await readMasterKey({
    path: config.masterKey.file ?? join(config.store.dataDir, 'master.key'),
    make: database.engine === 'embedded' && (await isUnbound(rows)),
    random: randomBytes,
  })
  for (const warning of warnings) log.warn(warning)
  if (made) log.info('made a master key in the data folder: back it up, nothing opens without it')
  const store = makeKeyStore({ rows, masterKey, random: randomBytes })
  await store.open()
  await refusePublishedKeys(config, rows)
  await makeFirstKeys(config, store)
  return {
    store,
    rows,
    live: await openLiveKeys(parts, rows, store, database.engine === 'embedded'),
    hashApiKey: makeApiKeyHash((await store.getOrMake('pepper', '', 'hmac-sm3')).key),
  }
}

async function makeFirstKeys({ code, node }: Config, store: KeyStore): Promise<void> {
  if (node.demo && (await store.list('code', code.prefix)).length === 0) {
    await store.add('code', code.prefix, 'sm4', demoCodeKey)
  }
  await store.getOrMake('code', code.prefix, 'sm4')
  await store.getOrMake('status', '', 'ed25519')
  await store.getOrMake('token', '', 'ed25519')
}

/** Anybody can issue codes with a published key: a store that was ever a demo's is never a production store. */
async function refusePublishedKeys({ node }: Config, rows: AllKeyRows): Promise<void> {
  if (node.mode !== 'production') return
  const keys = await rows.findAll('code')
  if (!keys.some(({ algorithm, kcv }) => isPublishedKey(algorithm, kcv))) return
  throw new Error(
    'this store holds a published demo key, and production mode never starts on one: use another database',
  )
}
