import type { Client, Clients } from '../../access/parts.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

const clientColumns = `id, name, role, subject, prefixes, cidrs, until, key_hash, jwks, certificates, revoked_at,
  created_at`

interface ClientRow {
  id: string
  name: string
  role: Client['role']
  subject: string | null
  prefixes: string[]
  cidrs: string[]
  until: Date | null
  key_hash: Buffer | null
  jwks: Client['keys']
  certificates: string[]
  revoked_at: Date | null
  created_at: Date
}

export type ListedClient = Omit<Client, 'hash'> & {
  readonly hasApiKey: boolean
  readonly createdAt: string
}

export interface ClientReader extends Clients {
  /** Without their hashes, revoked ones too, in the order of their ids. */
  list(page: PageRequest): Promise<Page<ListedClient>>
}

export function makeClients(database: Queries): ClientReader {
  return {
    async find(id) {
      const [row] = await database.query<ClientRow>(
        `select ${clientColumns} from clients where id = $1`,
        [id],
      )
      return row && { ...rowToListed(row), hash: row.key_hash }
    },

    async list({ cursor, limit }) {
      const rows = await database.query<ClientRow>(
        `select ${clientColumns} from clients where id > $1 order by id limit $2`,
        [cursor === undefined ? '' : readCursor(cursor), limit + 1],
      )
      return pageOf(rows, limit, rowToListed, row => row.id)
    },
  }
}

function rowToListed(row: ClientRow): ListedClient {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    subject: row.subject,
    prefixes: row.prefixes,
    cidrs: row.cidrs,
    until: row.until?.toISOString() ?? null,
    hasApiKey: row.key_hash !== null,
    keys: row.jwks,
    certificates: row.certificates,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }
}
