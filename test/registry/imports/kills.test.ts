import t from 'tap'
import type {
  Database,
  Parameter,
  TransactionQueries,
} from '../../../src/storage/postgres/database.ts'
import { aStore } from '../../support/store.ts'
import { aLine, anImportRoom, aTopnode } from './an-import-room.ts'

class Killed extends Error {
  override readonly name = 'Killed'
}

/** A store from which a process is torn away before its nth statement: nothing more is asked, and no transaction ends. */
function dyingAt(database: Database, deadline: { left: number }): Database {
  const live = () => {
    if (deadline.left-- <= 0) throw new Killed()
  }
  const dying = (queries: TransactionQueries): TransactionQueries => ({
    ...queries,
    async query<Row extends object>(sql: string, parameters?: readonly Parameter[]) {
      live()
      return queries.query<Row>(sql, parameters)
    },
    send(sql, parameters) {
      live()
      queries.send(sql, parameters)
    },
    async copy(sql, chunks) {
      live()
      return queries.copy(sql, chunks)
    },
  })
  return {
    ...database,
    async query<Row extends object>(sql: string, parameters?: readonly Parameter[]) {
      live()
      return database.query<Row>(sql, parameters)
    },
    async transaction(work, options) {
      live()
      return database.transaction(async queries => {
        const outcome = await work(dying(queries))
        // Before the commit.
        live()
        return outcome
      }, options)
    },
  }
}

t.test(
  'torn away at any statement, an import is run again and ends as if nothing had been',
  async t => {
    const database = await aStore(t)
    const deadline = { left: Number.POSITIVE_INFINITY }
    const room = await anImportRoom(dyingAt(database, deadline), { isAuto: true })
    await room.grant({ rows: 100_000 })
    await room.prefix('88.118.8')
    const top = aTopnode()
    const keysOf = async (tag: string) => {
      const like = `88.118.8/${tag}-%`
      const found = await database.query<{ key: string }>(
        'select key from records where key like $1 order by key',
        [like],
      )
      return found.map(({ key }) => key)
    }
    let isWhole = false
    let kills = 0

    for (let statements = 0; !isWhole; statements += 5) {
      const tag = `s${statements}`
      const names = ['a', 'b', 'c'].map(name => `88.118.8/${tag}-${name}`)
      const prefixes = [{ prefix: '88.118.80', for: statements % 2 ? ['product'] : ['equipment'] }]
      const manifest = { prefixes: ['88.118.8', '88.118.80'] }
      const files = { identifiers: names.map(name => aLine(name)), prefixes }
      const batch = top.next(files, { manifest })

      deadline.left = statements
      await room.bring(batch).catch(error => {
        if (!(error instanceof Killed)) throw error
      })
      isWhole = deadline.left >= 0
      deadline.left = Number.POSITIVE_INFINITY

      const half = await keysOf(tag)
      t.ok(half.length === 0 || half.length === 3, `nothing half is there at ${statements}`)
      // As a process does that comes after the lease has ended.
      await database.query('update imports set worker = null, worked_until = null')
      const view = await room.look(await room.bring(batch))
      t.match(view, { state: 'applied' }, `applied after ${statements} statements`)
      t.strictSame(await keysOf(tag), names)
      if (!isWhole) kills++
    }

    t.ok(kills > 10, 'it died at many places')
    const twice = `select key from records where key like '88.118.8/s%' and serial > 1`
    t.strictSame(await database.query(twice), [], 'no row was written twice')
    const applied = await database.query(
      `select target from audit where action = 'import.applied' group by target having count(*) > 1`,
    )
    t.strictSame(applied, [])
  },
)
