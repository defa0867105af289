import type { Caller } from '../../model/caller.ts'
import type { FilingLedger } from '../../registry/applications/parts.ts'
import type { Mandate } from '../../registry/mandates.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

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

/**
 * The mandates that a caller is a party to, in the order of their ids; of a reviewer those that wait for one. Whoever
 * has claimed a subject that had a code already is nobody to it until a reviewer has looked.
 */
export async function listMandates(
  queries: Queries,
  { id, subject, role }: Pick<Caller, 'id' | 'subject' | 'role'>,
  { cursor, limit }: PageRequest,
): Promise<Page<Mandate>> {
  const mine = `agent = $1 or agent_subject = $2 or subject = $2
    or (claimant = $1 and (subject is null or claim_confirmed_by is not null))`
  const rows = await queries.query<Mandate>(
    `select ${mandateColumns} from mandates
     where id > $3 and (${role === 'reviewer' ? `${waiting} or ${mine}` : mine})
     order by id limit $4`,
    [id, subject, cursor === undefined ? '' : readCursor(cursor), limit + 1],
  )
  return pageOf(
    rows,
    limit,
    row => row,
    row => row.id,
  )
}

const waiting = `state = 'proposed'
    or (state = 'confirmed' and subject is not null and claimant is not null and claim_confirmed_by is null)`

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
