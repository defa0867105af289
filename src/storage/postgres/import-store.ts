import type { ImportInbox } from '../../registry/imports/parts.ts'
import type { PieceRows } from '../../registry/imports/pieces.ts'
import type { GrantRow, ImportLists, ImportRow, SourceRow } from '../../registry/imports/rows.ts'
import type { ImportLeases } from '../../registry/imports/work.ts'
import type { Queries } from './database.ts'
import { grantColumns, importColumns, sourceColumns } from './imports.ts'
import { pageOf, readCursor } from './page.ts'

export function makePieceRows(database: Queries, now: () => Date): PieceRows {
  return {
    async put(id, file, piece, bytes) {
      await database.query(
        'insert into import_pieces (import, file, piece, bytes, at) values ($1, $2, $3, $4, $5)',
        [id, file, piece, bytes, now()],
      )
    },

    async find(id, file, piece) {
      const [row] = await database.query<{ bytes: Buffer }>(
        'select bytes from import_pieces where import = $1 and file = $2 and piece = $3',
        [id, file, piece],
      )
      return row?.bytes
    },

    async drop(id) {
      await database.query('delete from import_pieces where import = $1', [id])
    },
  }
}

/** @returns false when the nonce of this key is known already */
export function makeClaimNonce(database: Queries): ImportInbox['claimNonce'] {
  return async (keyId, nonce, until) => {
    const rows = await database.query(
      `insert into import_nonces (key_id, nonce, ends_at) values ($1, $2, $3)
       on conflict do nothing returning nonce`,
      [keyId, nonce, until],
    )
    return rows.length > 0
  }
}

/** Leases go by the database's clock, which all processes share. */
export function makeImportLeases(database: Queries): ImportLeases {
  return {
    async claim(worker, leaseMs) {
      const [row] = await database.query<ImportRow>(
        `update imports set worker = $1, worked_until = now() + make_interval(secs => $2)
         where id = (
           select i.id from imports i join import_sources s on s.source = i.source
           where i.seq = s.done_seq + 1 and not i.is_done and not i.is_passed_by
             and i.state in ('received', 'released') and coalesce(i.worked_until < now(), true)
           order by i.updated_at limit 1 for update of i skip locked
         )
         returning ${importColumns}`,
        [worker, leaseMs / 1_000],
      )
      return row
    },

    async renew(id, worker, leaseMs) {
      const rows = await database.query(
        `update imports set worked_until = now() + make_interval(secs => $3)
         where id = $1 and worker = $2 returning id`,
        [id, worker, leaseMs / 1_000],
      )
      return rows.length > 0
    },

    async letGo(id, worker, againMs) {
      await database.query(
        `update imports
         set worker = null, worked_until = case when $3 > 0 then now() + make_interval(secs => $3) end
         where id = $1 and worker = $2`,
        [id, worker, againMs / 1_000],
      )
    },

    async claimPull(source, worker, leaseMs) {
      const rows = await database.query(
        `insert into import_sources (source, seq, done_seq, puller, pulling_until)
         values ($1, 0, 0, $2, now() + make_interval(secs => $3))
         on conflict (source) do update set puller = excluded.puller, pulling_until = excluded.pulling_until
         where import_sources.puller = $2 or coalesce(import_sources.pulling_until < now(), true)
         returning source`,
        [source, worker, leaseMs / 1_000],
      )
      return rows.length > 0
    },

    async pulled(source, at) {
      await database.query('update import_sources set pulled_at = $2 where source = $1', [
        source,
        at,
      ])
    },
  }
}

export function makeImportLists(database: Queries): ImportLists {
  return {
    async grants({ cursor, limit }) {
      const rows = await database.query<GrantRow>(
        `select ${grantColumns} from import_grants where id > $1 order by id limit $2`,
        [cursor === undefined ? '' : readCursor(cursor), limit + 1],
      )
      return pageOf(rows, limit, asIs, row => row.id)
    },

    async imports({ state, source }, { cursor, limit }) {
      const [before, id] = cursor === undefined ? [] : readCursor(cursor).split('|')
      const rows = await database.query<ImportRow>(
        `select ${importColumns} from imports
         where ($1::text is null or state = $1) and ($2::text is null or source = $2)
           and ($3::text is null or (received_at, id) < ($3::timestamptz, $4))
         order by received_at desc, id desc limit $5`,
        [state ?? null, source ?? null, instantOf(before), id ?? '', limit + 1],
      )
      return pageOf(rows, limit, asIs, row => `${row.receivedAt.toISOString()}|${row.id}`)
    },

    sources: () => database.query<SourceRow>(`select ${sourceColumns} from import_sources`),

    async parkedCount() {
      const [row] = await database.query<{ count: number }>(
        `select count(*) as count from imports where state = 'parked'`,
      )
      return row?.count ?? 0
    },

    async outlived(before, limit) {
      const rows = await database.query<{ id: string }>(
        `select p.import as id from import_pieces p left join imports i on i.id = p.import
         where p.at < $1 and (i.id is null or i.is_done and i.updated_at < $1)
         group by p.import limit $2`,
        [before, limit],
      )
      return rows.map(({ id }) => id)
    },

    async forgetBasics(id) {
      await database.query(
        `delete from import_basics where import = $1 and outcome <> 'question'`,
        [id],
      )
    },

    async forgetNonces(limit) {
      await database.query(
        `delete from import_nonces where (key_id, nonce) in (
           select key_id, nonce from import_nonces where ends_at < now() limit $1
         )`,
        [limit],
      )
    },
  }
}

const asIs = <Row>(row: Row): Row => row

/** Of a cursor that somebody made up, the list begins anew. */
function instantOf(text: string | undefined): Date | null {
  const instant = new Date(text ?? '')
  return Number.isNaN(instant.getTime()) ? null : instant
}
