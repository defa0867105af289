import type { FilingLedger } from '../../registry/applications/parts.ts'
import type { Mandate } from '../../registry/mandates.ts'
import type { Queries } from './database.ts'

const mandateColumns = `id, state, serial, agent, agent_subject as "agentSubject", name, uscc_index as "usccIndex", subject,
  scope, until, document, confirmed_by as "confirmedBy", claimant,
  claim_confirmed_by as "claimConfirmedBy", ended_by as "endedBy", created_at as "createdAt",
  updated_at as "updatedAt"`

export async function findMandate(queries: Queries, id: string): Promise<Mandate | undefined> {
  const [mandate] = await queries.query<Mandate>(
    `select ${mandateColumns} from mandates where id = $1`,
    [id],
  )
  return mandate
}

export function mandateWrites(queries: Queries): Pick<FilingLedger, 'lockMandate' | 'putMandate'> {
  return {
    async lockMandate(id) {
      const [mandate] = await queries.query<Mandate>(
        `select ${mandateColumns} from mandates where id = $1 for update`,
        [id],
      )
      return mandate
    },

    async putMandate(mandate, before) {
      await queries.query(before === undefined ? insertMandate : updateMandate, [
        mandate.id,
        mandate.state,
        mandate.serial,
        mandate.agent,
        mandate.agentSubject,
        mandate.name,
        mandate.usccIndex,
        mandate.subject,
        mandate.scope,
        mandate.until,
        mandate.document,
        mandate.confirmedBy,
        mandate.claimant,
        mandate.claimConfirmedBy,
        mandate.endedBy,
        mandate.updatedAt,
      ])
    },
  }
}

const insertMandate = `
  insert into mandates (id, state, serial, agent, agent_subject, name, uscc_index, subject, scope, until, document,
    confirmed_by, claimant, claim_confirmed_by, ended_by, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)`

const updateMandate = `
  update mandates set state = $2, serial = $3, agent = $4, agent_subject = $5, name = $6, uscc_index = $7, subject = $8,
    scope = $9, until = $10, document = $11, confirmed_by = $12, claimant = $13, claim_confirmed_by = $14, ended_by = $15,
    updated_at = $16
  where id = $1`
