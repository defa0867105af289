import { randomBytes } from 'node:crypto'
import { TOTP } from 'otpauth'
import { Registry } from 'prom-client'
import { makeHasAuthority } from '../../src/access/authority.ts'
import { makePermissions } from '../../src/access/permissions.ts'
import { openPeople } from '../../src/assembly/people.ts'
import { makeApiKeyHash } from '../../src/crypto/api-key-hash.ts'
import { makeKeyStore } from '../../src/crypto/key-store.ts'
import { makeMasterKey } from '../../src/crypto/master-key.ts'
import { isUnder } from '../../src/mapping/prefix-walk.ts'
import type { Role } from '../../src/model/caller.ts'
import type { Database } from '../../src/storage/postgres/database.ts'
import { makeKeyRows } from '../../src/storage/postgres/keys.ts'
import { makeTransactions } from '../../src/storage/postgres/transactions.ts'
import { anOperator, names } from './builders.ts'
import { aClock } from './clock.ts'

export const aPassword = 'correct horse battery'

export type Lobby = Awaited<ReturnType<typeof aLobby>>

/** Where people begin and log in, over a store of their own and a clock that stands still. */
export async function aLobby(database: Database, clock = aClock()) {
  const now = () => new Date(clock.now())
  const store = makeKeyStore({
    rows: makeKeyRows(database, now),
    masterKey: makeMasterKey(Buffer.alloc(32, 7), randomBytes),
    random: randomBytes,
  })
  await store.open()
  const metrics = new Registry()
  const people = await openPeople(
    { clock, metrics, publicUrl: () => 'https://id.example.cn' },
    database,
    { store, hashApiKey: makeApiKeyHash(Buffer.alloc(32, 3)) },
    {
      permissions: makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) }),
      directory: { subjectByCode: () => undefined },
      names,
    },
    makeTransactions({ database, now, follow: async () => undefined }),
  )
  const byOperator = { caller: anOperator }

  /** Uses a link as its person does. */
  async function setUp(token: string, username?: string) {
    const { totpSecret } = await people.setup.look(token)
    const code = totpSecret === null ? undefined : totpCode(totpSecret, clock.now())
    const done = await people.setup.finish({ token, username, password: aPassword, code })
    return { ...done, token, totpSecret }
  }

  return {
    ...people,
    database,
    clock,
    metrics,
    setUp,
    byOperator,
    /** Somebody who is set up. */
    async person(username: string, role: Role = 'reviewer') {
      const { link } = await people.accounts.create({ username, role, subject: null }, byOperator)
      return setUp(link.token)
    },
    /** Logs in as most tests do: the right password from nowhere in particular. */
    login: (username: string, more: { password?: string; code?: string; address?: string } = {}) =>
      people.sessions.login({ username, password: aPassword, address: undefined, ...more }),
    async audited(): Promise<string[]> {
      const rows = await database.query<{ line: string }>(
        `select actor || ' ' || action || ' ' || target as line from audit order by queued_at, id`,
      )
      return rows.map(({ line }) => line)
    },
  }
}

/** What an authenticator app with this secret shows. */
export function totpCode(secret: Buffer | string, nowMs: number): string {
  const text = typeof secret === 'string' ? secret : base32(secret)
  return new TOTP({ secret: text }).generate({ timestamp: nowMs })
}

/** RFC 4648 §6. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
  const symbols = bits.match(/.{5}/g) ?? []
  return symbols.map(each => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(each, 2)]).join('')
}
