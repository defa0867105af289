import t from 'tap'
import type {
  Database,
  Queries,
  TransactionQueries,
} from '../../../src/storage/postgres/database.ts'
import { aFiling, anOffice } from '../../support/filing.ts'
import { eachEngine } from '../../support/store.ts'

/** Every table that approving writes to, with how many rows it adds; null where it changes what is there. */
const tables = {
  subjects: 1,
  records: 1,
  subject_basics: 1,
  application_steps: 1,
  // The code, its issue and the decision; who may see it changes with them.
  changes: 1,
  audit: 2,
  notices: 1,
} as const

eachEngine(
  t,
  'a store that is lost at any statement of approving has the whole of it or nothing',
  async (t, database) => {
    const breaking = aBreakingDatabase(database)
    const office = await anOffice(breaking.database)
    const [firm, reviewer] = [await office.client('enterprise'), await office.client('reviewer')]
    const { id } = await office.applications.create({ ...aFiling, submit: true }, { caller: firm })
    const approve = () =>
      office.review.decide(id, { decision: 'approve' }, { caller: reviewer }).catch(() => undefined)
    const before = await rowsOf(database)
    let statements = 0

    for (; ; statements++) {
      breaking.breakBefore(statements)
      if ((await approve()) !== undefined) break
      t.strictSame(await rowsOf(database), before, `nothing is left of ${statements} statements`)
    }

    t.ok(statements > Object.keys(tables).length, `it takes ${statements} statements`)
    const after = await rowsOf(database)
    for (const [table, more] of Object.entries(tables)) {
      t.equal(Number(after[table]) - Number(before[table]), more, table)
    }
    t.match(after['application'], 'approved')
    t.match((await office.again(firm)).subject, /./)
  },
)

/** What there is: rows by table, and how the application and its filer stand. */
async function rowsOf(database: Database): Promise<Record<string, unknown>> {
  const counts = Object.keys(tables).map(table => `(select count(*) from ${table}) as ${table}`)
  const [row = {}] = await database.query(`
    select ${counts.join(', ')},
      (select state || serial || coalesce(code, '') from applications) as application,
      (select string_agg(coalesce(subject, '-'), ',') from clients) as clients,
      (select count(*) from notices where ends_at is null) as waiting,
      (select coalesce(sum(last), 0) from code_sequences) as numbers`)
  return row
}

/** A database whose next transaction loses its session before the statement of that number, or before its end. */
function aBreakingDatabase(database: Database) {
  let left = Number.POSITIVE_INFINITY

  function lose(queries: TransactionQueries): void {
    left = Number.POSITIVE_INFINITY
    // The embedded engine has one session, which cannot be ended alone.
    if (database.engine === 'embedded') throw new Error('lost')
    queries.send('select pg_terminate_backend(pg_backend_pid())', [])
  }

  return {
    /** @param statement counted from 0; the one behind the last is the commit */
    breakBefore(statement: number): void {
      left = statement
    },
    database: {
      ...database,
      transaction: (work, options) =>
        database.transaction(async queries => {
          const breaking: TransactionQueries = {
            exec: sql => queries.exec(sql),
            copy: (sql, chunks) => queries.copy(sql, chunks),
            async query<Row extends object>(...statement: Parameters<Queries['query']>) {
              if (left-- === 0) lose(queries)
              return queries.query<Row>(...statement)
            },
            send(...statement) {
              if (left-- === 0) lose(queries)
              queries.send(...statement)
            },
            givenUpAt: () => queries.givenUpAt(),
          }
          const result = await work(breaking)
          if (left-- === 0) lose(queries)
          return result
        }, options),
    } satisfies Database,
  }
}
