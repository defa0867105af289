import type { KeyRow, KeyRows, NewKeyRow } from '../../crypto/key-store.ts'
import type { Parameter, Queries, TransactionQueries } from './database.ts'

const keyColumns =
  'purpose, scope, version, algorithm, state, leaked, wrapped, kcv, created_at as "createdAt"'

export interface AllKeyRows extends KeyRows {
  /** Every key of a purpose, whatever its scope and state. */
  findAll(purpose: KeyRow['purpose']): Promise<readonly KeyRow[]>
  /** What tells these purposes' keys apart from what they were, in no order: cheap enough to be asked all the time. */
  states(purposes: readonly KeyRow['purpose'][]): Promise<readonly KeyStanding[]>
}

export type KeyStanding = Pick<KeyRow, 'purpose' | 'scope' | 'version' | 'state' | 'leaked'>

const insertKey = `insert into keys (purpose, scope, version, algorithm, state, wrapped, kcv, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`

function parametersOf(key: NewKeyRow, at: Date): readonly Parameter[] {
  const { purpose, scope, version, algorithm, state, wrapped, kcv } = key
  return [purpose, scope, version, algorithm, state, wrapped, kcv, at]
}

/**
 * The key store's rows: wrapped keys, never open ones.
 * @param transaction of what they are a part: what `find` finds is nobody else's to change until it ends
 */
export function makeKeyRows(
  database: Queries,
  now: () => Date,
  transaction?: TransactionQueries,
): AllKeyRows {
  return {
    async findAll(purpose) {
      return database.query<KeyRow>(`select ${keyColumns} from keys where purpose = $1`, [purpose])
    },

    async states(purposes) {
      return database.query<KeyStanding>(
        'select purpose, scope, version, state, leaked from keys where purpose = any($1)',
        [purposes],
      )
    },

    async find(purpose, scope) {
      return database.query<KeyRow>(
        `select ${keyColumns} from keys where purpose = $1 and scope = $2
         order by version ${transaction === undefined ? '' : 'for update'}`,
        [purpose, scope],
      )
    },

    async insert(key) {
      const [row] = await database.query<{ createdAt: Date }>(
        `${insertKey} on conflict do nothing returning created_at as "createdAt"`,
        parametersOf(key, now()),
      )
      return row?.createdAt
    },

    async insertFirst(key) {
      const parameters = parametersOf(key, now())
      if (transaction === undefined) await database.query(insertKey, parameters)
      else transaction.send(insertKey, parameters)
    },

    async setState({ purpose, scope, version }, state, leaked = false) {
      await database.query(
        `update keys set state = $4, leaked = leaked or $5,
           wrapped = case when $4 = 'destroyed' then null else wrapped end
         where purpose = $1 and scope = $2 and version = $3`,
        [purpose, scope, version, state, leaked],
      )
    },
  }
}
