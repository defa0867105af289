import type { ProofReads, ProofRow, ProofWrites } from '../../registry/prefix-proofs/parts.ts'
import type { Queries } from './database.ts'

const proofColumns = `id, prefix, client, state, challenge, attempts, until, method, key, basic, personal, sites, application,
  created_at as "createdAt", proven_at as "provenAt"`

export function proofReads(queries: Queries): ProofReads {
  return {
    async findProof(id) {
      const [row] = await queries.query<ProofRow>(
        `select ${proofColumns} from prefix_proofs where id = $1`,
        [id],
      )
      return row
    },

    async openProofsOf(client, now) {
      const [row] = await queries.query<{ count: number }>(
        `select count(*) as count from prefix_proofs where client = $1 and state = 'open' and until > $2`,
        [client, now],
      )
      return row?.count ?? 0
    },
  }
}

export function proofWrites(queries: Queries): ProofWrites {
  return {
    async lockProof(id) {
      const [row] = await queries.query<ProofRow>(
        `select ${proofColumns} from prefix_proofs where id = $1 for update`,
        [id],
      )
      return row
    },

    async putProof(row, how) {
      await queries.query(how === 'insert' ? insertProof : updateProof, [
        row.id,
        row.prefix,
        row.client,
        row.state,
        row.challenge,
        row.attempts,
        row.until,
        row.method,
        row.key,
        JSON.stringify(row.basic),
        row.personal,
        JSON.stringify(row.sites),
        row.application,
        row.createdAt,
        row.provenAt,
      ])
    },
  }
}

const insertProof = `
  insert into prefix_proofs (id, prefix, client, state, challenge, attempts, until, method, key, basic, personal, sites,
    application, created_at, proven_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

const updateProof = `
  update prefix_proofs set prefix = $2, client = $3, state = $4, challenge = $5, attempts = $6, until = $7, method = $8,
    key = $9, basic = $10, personal = $11, sites = $12, application = $13, created_at = $14, proven_at = $15
  where id = $1`
