import type { KeyRow, KeyRows } from '../../crypto/key-store.ts'
import type { Database } from './database.ts'

export interface AllKeyRows extends KeyRows {
  /** Every key of a purpose, whatever its scope and state. */
  findAll(purpose: KeyRow['purpose']): Promise<readonly KeyRow[]>
}

/** The key store's rows: wrapped keys, never open ones. */
export function makeKeyRows(database: Database, now: () => Date): AllKeyRows {
  return {
    async findAll(purpose) {
      return database.query<KeyRow>(
        `select purpose, scope, version, algorithm, state, wrapped, kcv from keys where purpose = $1`,
        [purpose],
      )
    },

    async find(purpose, scope) {
      return database.query<KeyRow>(
        `select purpose, scope, version, algorithm, state, wrapped, kcv
         from keys where purpose = $1 and scope = $2`,
        [purpose, scope],
      )
    },

    async insert({ purpose, scope, version, algorithm, state, wrapped, kcv }) {
      const rows = await database.query(
        `insert into keys (purpose, scope, version, algorithm, state, wrapped, kcv, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing returning version`,
        [purpose, scope, version, algorithm, state, wrapped, kcv, now()],
      )
      return rows.length > 0
    },

    async setState({ purpose, scope, version }, state) {
      await database.query(
        `update keys set state = $4, wrapped = case when $4 = 'destroyed' then null else wrapped end
         where purpose = $1 and scope = $2 and version = $3`,
        [purpose, scope, version, state],
      )
    },
  }
}
