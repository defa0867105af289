import type { Permissions } from '../../access/permissions.ts'
import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { WriteRequest } from '../identifiers.ts'
import type { GrantToken } from './grant-token.ts'
import type {
  GrantRow,
  ImportListPage,
  ImportLists,
  ImportReads,
  ImportTransactions,
} from './rows.ts'
import { makeScope } from './scope.ts'

export interface GrantParts {
  readonly transactions: ImportTransactions
  readonly reads: Pick<ImportReads, 'findGrant'>
  readonly lists: Pick<ImportLists, 'grants'>
  /**
   * Verifies a grant and says who signed it.
   * @throws Failure `INPUT_INVALID` where it is no grant, `NOT_PERMITTED` where no key of the top-level node signed it,
   * it is for another node, or over
   */
  readonly verify: (jws: string) => Promise<{ grant: GrantToken; signer: string }>
  readonly demand: Permissions['demand']
}

/** A grant as people and the top-level node see it. Instants are RFC 3339. */
export interface GrantView
  extends Pick<
    GrantRow,
    'id' | 'source' | 'target' | 'prefixes' | 'tables' | 'fields' | 'signer' | 'addedBy' | 'reason'
  > {
  readonly rows: number
  readonly rowsUsed: number
  readonly nbf: string
  readonly exp: string
  readonly addedAt: string
  readonly revokedAt: string | null
}

/** The top-level node's permissions to import: it signs them, we keep them as they came, and a person may revoke them. */
export interface Grants {
  /**
   * @returns `isNew` false: the very same grant is here already, revoked or not
   * @throws Failure `ALREADY_EXISTS` where another one has its id
   */
  add(jws: string, request: WriteRequest): Promise<{ grant: GrantView; isNew: boolean }>
  list(
    page: { readonly cursor?: string | undefined; readonly limit: number },
    caller: Caller,
  ): Promise<ImportListPage<GrantView>>
  read(id: string, caller: Caller): Promise<GrantView | undefined>
  /** Nothing more is imported under it; what was, stays. Revoking twice is one revocation. */
  revoke(id: string, reason: string, request: WriteRequest): Promise<GrantView | undefined>
}

export function makeGrants({ transactions, reads, lists, verify, demand }: GrantParts): Grants {
  return {
    async add(jws, { caller, idempotency }) {
      demand(caller, 'grant.create', {})
      const { grant, signer } = await verify(jws)
      // Read now, so that a grant of nonsense is refused when it comes and not when it is used.
      makeScope(grant.prefixes)
      const isNew = await transactions.write(
        caller,
        async ledger => {
          const row = rowOf(grant, { token: jws, signer, addedAt: ledger.at, addedBy: caller.id })
          if (!(await ledger.insertGrant(row))) return false
          await ledger.audit({ action: 'grant.add', target: about(row.id), detail: summary(row) })
          return true
        },
        idempotency,
      )
      const kept = await reads.findGrant(grant.id)
      if (kept === undefined || kept.token !== jws) throw anotherWithId(grant.id)
      return { grant: viewOf(kept), isNew }
    },

    async list(page, caller) {
      demand(caller, 'grant.list', {})
      const { items, next } = await lists.grants(page)
      return { items: items.map(viewOf), next }
    },

    async read(id, caller) {
      demand(caller, 'grant.list', {})
      const row = await reads.findGrant(id)
      return row && viewOf(row)
    },

    async revoke(id, reason, { caller, idempotency }) {
      demand(caller, 'grant.revoke', {})
      const isKnown = await transactions.write(
        caller,
        async ledger => {
          const row = await ledger.lockGrant(id)
          if (row === undefined || row.revokedAt !== null) return row !== undefined
          await ledger.putGrant({ ...row, revokedAt: ledger.at, revokedBy: caller.id, reason })
          await ledger.audit({ action: 'grant.revoke', target: about(id), detail: { reason } })
          return true
        },
        idempotency,
      )
      const row = isKnown ? await reads.findGrant(id) : undefined
      return row && viewOf(row)
    },
  }
}

export function viewOf(row: GrantRow): GrantView {
  const { id, source, target, prefixes, tables, fields, signer, addedBy, reason } = row
  return {
    id,
    source,
    target,
    prefixes,
    tables,
    fields,
    rows: row.rowsMax,
    rowsUsed: row.rowsUsed,
    nbf: row.beginsAt.toISOString(),
    exp: row.endsAt.toISOString(),
    signer,
    addedAt: row.addedAt.toISOString(),
    addedBy,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    reason,
  }
}

function rowOf(
  { id, source, target, prefixes, tables, fields, rows, nbf, exp }: GrantToken,
  added: Pick<GrantRow, 'token' | 'signer' | 'addedAt' | 'addedBy'>,
): GrantRow {
  return {
    id,
    source,
    target,
    prefixes,
    tables,
    fields,
    rowsMax: rows,
    rowsUsed: 0,
    beginsAt: new Date(nbf * 1_000),
    endsAt: new Date(exp * 1_000),
    ...added,
    revokedAt: null,
    revokedBy: null,
    reason: null,
  }
}

function summary({ source, prefixes, tables, rowsMax, endsAt, signer }: GrantRow) {
  return { source, prefixes, tables, rows: rowsMax, exp: endsAt.toISOString(), signer }
}

function about(id: string): string {
  return `grant:${id}`
}

function anotherWithId(id: string): Failure {
  const detail = say(`已有另一份编号为 ${id} 的授权令`, `another grant has the id ${id}`)
  return new Failure('ALREADY_EXISTS', detail)
}
