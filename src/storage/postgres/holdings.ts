import { dueAtOf, type Evidence, type Holding, type HoldingState } from '../../model/holding.ts'
import type { System } from '../../model/identifier.ts'
import type { SiteAddress } from '../../model/prefix.ts'
import type { Claimant, HoldingRows } from '../../registry/parts.ts'
import type { Queries } from './database.ts'
import { type Page, type PageRequest, pageOf, readCursor } from './page.ts'

const holdingColumns = `h.id, h.system, h.prefix, h.subject, h.state, h.serial, h.proposed, h.uses, h.site, h.contact,
  h.sites, h.valid_from as "validFrom", h.valid_to as "validTo", h.evidence, h.confidence, h.note,
  h.asked_by as "askedBy", h.decided_by as "decidedBy", h.comment, h.began_at as "beganAt",
  h.ended_at as "endedAt", h.ended_by as "endedBy", h.created_at as "createdAt", h.updated_at as "updatedAt"`

/** Nobody reads a longer list of who is in the way; the first of them are reason enough to stop. */
const claimantsMax = 200

/** The end of everything that begins with a text, in the order of the collation "C". */
const beyond = 'chr(1114109)'

type HoldingWrites = Pick<
  HoldingRows,
  | 'lockSystem'
  | 'claimantsAlong'
  | 'highestNumberBelow'
  | 'lockHolding'
  | 'lockActiveHolding'
  | 'putHolding'
  | 'claimsWaiting'
>

export function holdingWrites(queries: Queries): HoldingWrites {
  return {
    async lockSystem(system) {
      await queries.query('select system from prefix_guards where system = $1 for update', [system])
    },

    claimantsAlong: search => claimantsAlong(queries, search),

    async highestNumberBelow(nodePrefix) {
      const [row] = await queries.query<{ highest: number }>(
        `select coalesce(max(substring(taken.prefix from length($1) + 1)::bigint), 0) as highest
         from (
           select prefix from prefixes where system = 'handle' and prefix > $1 and prefix < $1 || ${beyond}
           union all
           select prefix from holdings
           where system = 'handle' and state in ('awaiting', 'planned') and prefix > $1 and prefix < $1 || ${beyond}
         ) as taken
         where substring(taken.prefix from length($1) + 1) ~ '^[0-9]{1,9}$'`,
        [`${nodePrefix}.`],
      )
      return row?.highest ?? 0
    },

    async lockHolding(id) {
      const [row] = await queries.query<HoldingRow>(
        `select ${holdingColumns} from holdings h where h.id = $1 for update`,
        [id],
      )
      return row
    },

    async lockActiveHolding(system, prefix) {
      const [row] = await queries.query<HoldingRow>(
        `select ${holdingColumns} from holdings h
         where h.system = $1 and h.prefix = $2 and h.state = 'active' for update`,
        [system, prefix],
      )
      return row
    },

    async putHolding(holding) {
      await queries.query(putHolding, [
        holding.id,
        holding.system,
        holding.prefix,
        holding.subject,
        holding.state,
        holding.serial,
        holding.proposed,
        holding.uses,
        holding.site,
        holding.contact,
        JSON.stringify(holding.sites),
        holding.validFrom,
        holding.validTo,
        JSON.stringify(holding.evidence),
        holding.confidence,
        holding.note,
        holding.askedBy,
        holding.decidedBy,
        holding.comment,
        holding.beganAt,
        holding.endedAt,
        holding.endedBy,
        dueAtOf(holding),
        holding.createdAt,
        holding.updatedAt,
      ])
    },

    async claimsWaiting(subject, system, prefix) {
      const [row] = await queries.query<{ count: number; isAsked: boolean }>(
        `select count(*) as count, coalesce(bool_or(system = $2 and prefix = $3), false) as "isAsked"
         from holdings where subject = $1 and state in ('awaiting', 'planned')`,
        [subject, system, prefix ?? null],
      )
      return row ?? { count: 0, isAsked: false }
    },
  }
}

/** As it is stored; the JSON columns come parsed. */
type HoldingRow = Holding & {
  readonly evidence: readonly Evidence[]
  readonly sites: readonly SiteAddress[]
}

// What it was claimed with stays; only what happens to it is written over.
const putHolding = `
  insert into holdings (id, system, prefix, subject, state, serial, proposed, uses, site, contact, sites, valid_from,
    valid_to, evidence, confidence, note, asked_by, decided_by, comment, began_at, ended_at, ended_by, due_at, created_at,
    updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25)
  on conflict (id) do update set prefix = $3, state = $5, serial = $6, uses = $8, sites = $11, valid_to = $13, evidence = $14,
    confidence = $15, decided_by = $18, comment = $19, began_at = $20, ended_at = $21, ended_by = $22, due_at = $23,
    updated_at = $25`

/**
 * Who holds or claims what may overlap with a prefix: itself and those above by name, those below by their beginning. The
 * lateral parts keep it a few steps in an index each; as plain joins it read all of a hundred thousand prefixes (170 ms).
 */
function claimantsAlong(
  queries: Queries,
  { system, above, belowStarts }: Parameters<HoldingRows['claimantsAlong']>[0],
): Promise<Claimant[]> {
  return queries.query<Claimant>(
    `with held as (
       select p.system, p.prefix, p.owner from prefixes p
       where p.system = $1 and p.owner is not null and p.prefix = any($2)
       union
       select p.system, p.prefix, p.owner
       from unnest($3::text[]) as start (text)
       cross join lateral (
         select p.system, p.prefix, p.owner from prefixes p
         where p.system = $1 and p.prefix > start.text and p.prefix < start.text || ${beyond} and p.owner is not null
         order by p.prefix limit $4
       ) p
     ), claimed as (
       select h.id, h.prefix, h.subject, h.state, h.confidence, h.created_at from holdings h
       where h.system = $1 and h.state in ('awaiting', 'planned') and h.prefix = any($2)
       union
       select h.id, h.prefix, h.subject, h.state, h.confidence, h.created_at
       from unnest($3::text[]) as start (text)
       cross join lateral (
         select h.id, h.prefix, h.subject, h.state, h.confidence, h.created_at from holdings h
         where h.system = $1 and h.state in ('awaiting', 'planned')
           and h.prefix > start.text and h.prefix < start.text || ${beyond}
         order by h.prefix limit $4
       ) h
     )
     select held.system, held.prefix, held.owner as subject, 'active' as state, h.id as holding,
       coalesce(h.confidence, 'stated') as confidence, h.began_at as since
     from held left join lateral (
       select h.id, h.confidence, h.began_at from holdings h
       where h.system = held.system and h.prefix = held.prefix and h.state = 'active' limit 1
     ) h on true
     union all
     select $1, prefix, subject, state, id, confidence, created_at from claimed
     limit $4`,
    [system, above, belowStarts, claimantsMax],
  )
}

/** Holdings as lists show them. */
export interface HoldingReader {
  find(id: string): Promise<Holding | undefined>
  /** Of one subject, those in these states, the newest last. */
  ofSubject(
    subject: string,
    states: readonly HoldingState[],
    page: PageRequest,
  ): Promise<Page<Holding>>
  /** Every claim that waits to be decided, the oldest first. */
  waiting(page: PageRequest): Promise<Page<Holding>>
  /** Who has held a prefix, the latest first; a bounded number. */
  history(system: System, prefix: string): Promise<readonly Holding[]>
  claimantsAlong(search: Parameters<HoldingRows['claimantsAlong']>[0]): Promise<readonly Claimant[]>
  /**
   * Ids of what is to begin or to end by now; a bounded number. What begins comes first: it ends what it follows in its own
   * step, so that there is no moment with nobody.
   */
  due(now: Date): Promise<readonly string[]>
}

/** Prefixes are handed over a few times in their lives. */
const historyMax = 100
/** One transaction each: the rest waits for the next look. */
const dueMax = 100

export function makeHoldingReader(database: Queries): HoldingReader {
  return {
    async find(id) {
      const [row] = await database.query<HoldingRow>(
        `select ${holdingColumns} from holdings h where h.id = $1`,
        [id],
      )
      return row
    },

    async ofSubject(subject, states, { cursor, limit }) {
      const rows = await database.query<HoldingRow>(
        `select ${holdingColumns} from holdings h
         where h.subject = $1 and h.state = any($2) and h.id > $3 order by h.id limit $4`,
        [subject, states, cursor === undefined ? '' : readCursor(cursor), limit + 1],
      )
      return pageOf(rows, limit, asItIs, ({ id }) => id)
    },

    async waiting({ cursor, limit }) {
      const rows = await database.query<HoldingRow>(
        `select ${holdingColumns} from holdings h
         where h.state = 'awaiting' and h.id > $1 order by h.id limit $2`,
        [cursor === undefined ? '' : readCursor(cursor), limit + 1],
      )
      return pageOf(rows, limit, asItIs, ({ id }) => id)
    },

    history: (system, prefix) =>
      database.query<HoldingRow>(
        `select ${holdingColumns} from holdings h
         where h.system = $1 and h.prefix = $2 and h.began_at is not null
         order by h.began_at desc, h.serial limit $3`,
        [system, prefix, historyMax],
      ),

    claimantsAlong: search => claimantsAlong(database, search),

    async due(now) {
      const rows = await database.query<{ id: string }>(
        `select id from holdings where due_at <= $1 order by due_at, (state = 'active') limit $2`,
        [now, dueMax],
      )
      return rows.map(({ id }) => id)
    },
  }
}

function asItIs(row: HoldingRow): Holding {
  return row
}
