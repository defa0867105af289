import t from 'tap'
import type { Database, TransactionQueries } from '../../../src/storage/postgres/database.ts'
import { coreOver } from '../../registry/a-core.ts'
import { codePrefix } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

const tables = [
  'records',
  'record_versions',
  'public_values',
  'aliases',
  'audit',
  'changes',
  'idempotency',
] as const

async function rowsOf(database: Database) {
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const [row] = await database.query<{ count: number }>(`select count(*) as count from ${table}`)
    counts[table] = row?.count ?? 0
  }
  return counts
}

/** A database that breaks down at the n-th statement of each transaction, as if its machine had. */
function breakingAt(database: Database, broken: { at: number; asked: number }): Database {
  function count(): void {
    broken.asked += 1
    if (broken.asked === broken.at) throw new Error(`broken at ${broken.at}`)
  }
  const breaking = (queries: TransactionQueries): TransactionQueries => ({
    ...queries,
    async query(sql, parameters) {
      count()
      return queries.query(sql, parameters)
    },
    send(...statement) {
      count()
      queries.send(...statement)
    },
  })
  return {
    ...database,
    query: (sql, parameters) => database.query(sql, parameters),
    async transaction(work, options) {
      broken.asked = 0
      return database.transaction(queries => work(breaking(queries)), options)
    },
  }
}

eachEngine(
  t,
  'a write is there with all its rows or not at all, wherever it breaks',
  async (t, database) => {
    const whole = await coreOver(database)
    const alpha = await whole.enterprise('alpha')
    await whole.prefix('88.118.8', { owner: alpha.of.code })
    const broken = { at: 0, asked: 0 }
    const core = await coreOver(breakingAt(database, broken))
    const values = ['2.999.1.1', '2.999.1.2'].map((data, at) => ({
      index: at + 1,
      type: 'OID',
      data,
    }))
    const request = (key: string) => ({
      caller: alpha,
      idempotency: { scope: 'POST', key, digest: Buffer.from('body') },
    })
    const writes = {
      create: () => core.identifiers.create('88.118.8/x', { values }, request('create')),
      replace: () =>
        core.identifiers.replace('88.118.8/x', { values: values.slice(1) }, request('replace')),
      remove: () => core.identifiers.remove('88.118.8/x', {}, request('remove')),
    }

    for (const [name, write] of Object.entries(writes)) {
      const before = await rowsOf(database)
      let steps = 0
      for (broken.at = 1; ; broken.at++) {
        const failure = await write().then(
          () => undefined,
          (error: Error) => error.message,
        )
        if (failure === undefined) break
        steps += 1
        t.equal(failure, `broken at ${broken.at}`)
        t.strictSame(await rowsOf(database), before, `${name} broken at statement ${broken.at}`)
      }
      const after = await rowsOf(database)

      t.ok(steps >= 6, `${name} has ${steps} statements`)
      t.equal(after['audit'], before['audit']! + 1)
      t.equal(after['changes'], before['changes']! + 1)
      t.equal(after['idempotency'], before['idempotency']! + 1)
    }
    const versions = await database.query('select serial from record_versions order by serial')
    t.strictSame(versions, [{ serial: 1 }, { serial: 2 }])
  },
)

eachEngine(
  t,
  'numbers of codes are given once each, and only with what they are for',
  async (t, database) => {
    const { transactions } = await coreOver(database)
    const caller = { id: 'r', role: 'reviewer', subject: null, prefixes: [] } as const
    const next = (version: number) =>
      transactions.write(caller, ledger => ledger.nextCodeNumber(codePrefix, version))

    const first = await next(1)
    await t.rejects(
      transactions.write(caller, async ledger => {
        await ledger.nextCodeNumber(codePrefix, 1)
        throw new Error('changed our mind')
      }),
    )
    const together = await Promise.all([next(1), next(1), next(1)])
    const otherKey = await next(2)

    t.equal(first, 1)
    t.strictSame(together.sort(), [2, 3, 4])
    t.equal(otherKey, 1)
  },
)
