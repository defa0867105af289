import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { makeApiKeyHash } from '../crypto/api-key-hash.ts'
import { type CodeCipher, makeCodeCipher } from '../crypto/code-cipher.ts'
import { isPublishedKey, isUnbound, type KeyStore, makeKeyStore } from '../crypto/key-store.ts'
import { readMasterKey } from '../crypto/master-key.ts'
import { demoCodeKey } from '../demo/demo-data.ts'
import type { Config } from '../runtime/config.ts'
import type { Database } from '../storage/postgres/database.ts'
import { type AllKeyRows, makeKeyRows } from '../storage/postgres/keys.ts'
import type { BuildParts } from './parts.ts'

export interface Keys {
  readonly store: KeyStore
  readonly codes: CodeCipher
  readonly codeKeyVersion: number
  readonly hashApiKey: (apiKey: string) => Buffer
}

/** The keys, opened by the master key; a wrong master key or a published code key in production ends the start here. */
export async function openKeys(
  { config, log, clock }: BuildParts,
  database: Database,
): Promise<Keys> {
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
  const codeKeys = await openCodeKeys(config, store)
  return {
    store,
    codes: makeCodeCipher({
      prefix: config.code.prefix,
      keys: codeKeys.map(({ algorithm, ...key }) => {
        if (algorithm !== 'sm4' && algorithm !== 'aes-256') throw new Error('not a code key')
        return { ...key, algorithm, filter: true }
      }),
    }),
    codeKeyVersion: Math.max(
      ...codeKeys.filter(({ state }) => state === 'active').map(({ version }) => version),
    ),
    hashApiKey: makeApiKeyHash((await store.getOrMake('pepper', '', 'hmac-sm3')).key),
  }
}

async function openCodeKeys({ code, node }: Config, store: KeyStore) {
  if (node.demo && (await store.list('code', code.prefix)).length === 0) {
    await store.add('code', code.prefix, 'sm4', demoCodeKey)
  }
  await store.getOrMake('code', code.prefix, 'sm4')
  return store.list('code', code.prefix)
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
