import t from 'tap'
import type { StoredRecord } from '../../../src/model/record.ts'
import type { Database, Parameter } from '../../../src/storage/postgres/database.ts'
import { makeRecords } from '../../../src/storage/postgres/records.ts'
import { makeTransactions } from '../../../src/storage/postgres/transactions.ts'
import { aCaller, anAlias, aRecord, aValue } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'

/** Writes records as they are, with no rule asked. */
async function store(database: Database, ...records: readonly StoredRecord[]): Promise<void> {
  const transactions = makeTransactions({
    database,
    now: () => new Date('2026-11-23T06:00:00.000Z'),
    follow: async () => undefined,
  })
  await transactions.write(aCaller(), async ledger => {
    for (const record of records) {
      await ledger.putRecord(record, undefined)
      await ledger.putAliases(record, [])
    }
  })
}

const gtin = '01/06901234567892'
const product = aRecord({
  identifier: '88.118.8/产品 "1"',
  values: [
    aValue({ data: { format: 'string', value: '引号 " 反斜杠 \\' } }),
    aValue({
      index: 2,
      type: 'HS_ADMIN',
      data: { format: 'admin', value: { handle: 'a', index: 1, permissions: '111111111111' } },
      references: [{ handle: 'b', index: 0 }],
    }),
  ],
  aliases: [anAlias(gtin, 'gs1'), anAlias('2.999.1.7', 'oid', 'granted')],
  successor: '88.118.8/next',
  serial: 7,
})

eachEngine(t, 'a record is found whole, by its name and by its aliases', async (t, database) => {
  await store(database, product)
  const { find, read } = makeRecords(database)
  const [gs1, oid] = product.aliases

  const found = await find([gs1!.key, product.key, oid!.key])

  t.strictSame(found, [
    { record: product, via: gs1 },
    { record: product, via: null },
    { record: product, via: oid },
  ])
  t.strictSame(await read(product.key), product)
  t.equal(await read(gs1!.key), undefined, 'an alias is no record')
})

eachEngine(
  t,
  'an alias is found when it is asked for alone, in every system',
  async (t, database) => {
    const aliases = [
      anAlias(gtin, 'gs1'),
      anAlias('2.999.1.7', 'oid'),
      anAlias('VAA88.118.8/x', 'vaa'),
      anAlias('did:web:example.com', 'did'),
    ]
    await store(database, { ...product, aliases })
    const { find } = makeRecords(database)

    for (const alias of aliases) {
      t.match(await find([alias.key]), [{ via: { key: alias.key } }], alias.system)
    }
  },
)

eachEngine(t, 'every key gets its place in the answer, whatever was found', async (t, database) => {
  const tombstone = aRecord({ identifier: '88.118.8/old', values: [], gone: { reason: '停产' } })
  await store(database, product, tombstone)
  const { find } = makeRecords(database)

  const found = await find(['88.118.8/none', tombstone.key, product.key, tombstone.key])

  t.strictSame(
    found.map(found => found?.record.key),
    [undefined, tombstone.key, product.key, tombstone.key],
  )
  t.strictSame(found[1]?.record.gone, { reason: '停产' })
  t.strictSame(await find([]), [])
})

eachEngine(
  t,
  'what is registered by a name comes before what is called by it',
  async (t, database) => {
    const own = aRecord({ identifier: gtin, prefix: '6901234' })
    await store(database, own, product)

    const [found] = await makeRecords(database).find([own.key])

    t.strictSame(found, { record: own, via: null })
  },
)

eachEngine(
  t,
  'living records are listed by prefix and what is below it, page by page',
  async (t, database) => {
    const named = (identifier: string, more: Partial<StoredRecord> = {}) =>
      aRecord({ identifier, ...more })
    await store(
      database,
      named('88.118.8/b'),
      named('88.118.8/A'),
      named('88.118.8/gone', { gone: { reason: null } }),
      named('88.118.8.5/x'),
      named('88.118.80/x'),
      named(gtin, { prefix: '6901234' }),
    )
    const { list } = makeRecords(database)
    const all = async (...asked: Parameters<typeof list>) =>
      (await list(...asked)).items.map(({ identifier }) => identifier)

    const first = await list('handle', '88.118.8', { limit: 2 })
    const second = await list('handle', '88.118.8', { limit: 2, cursor: first.next ?? '' })

    t.strictSame(
      [...first.items, ...second.items].map(({ identifier }) => identifier),
      ['88.118.8.5/x', '88.118.8/A', '88.118.8/b'],
    )
    t.equal(second.next, null)
    t.match(first.items[1], { system: 'handle', kind: 'product', serial: 1 })
    t.strictSame(await all('gs1', '6901', { limit: 10 }), [gtin])
    t.strictSame(await all('gs1', '6901234', { limit: 10 }), [gtin])
    t.strictSame(await all('handle', '6901', { limit: 10 }), [])
  },
)

eachEngine(t, 'a page reads no more than a page, whatever has just come', async (t, database) => {
  await database.exec('alter table records set (autovacuum_enabled = false)')
  await store(database, aRecord({ identifier: '88.118.7/first' }))
  await database.exec('analyze records')
  await database.query(
    `insert into records (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial, created_at, updated_at)
     select '88.118.8/' || n, '88.118.8', '88.118.8/' || n, system, kind, values, aliases, submitter, basis, serial, created_at,
       updated_at
     from records, generate_series(10001, 30000) n`,
  )
  const asked: { readonly sql: string; readonly values: readonly Parameter[] }[] = []
  const { list } = makeRecords({
    ...database,
    query: (sql, values = []) => {
      asked.push({ sql, values })
      return database.query(sql, values)
    },
  })

  const { items, next } = await list('handle', '88.118.8', { limit: 10 })
  await list('handle', '88.118.8', { limit: 10, cursor: next ?? '' })

  t.equal(items.length, 10)
  for (const { sql, values } of asked) {
    const plan = await database.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, costs off, timing off, summary off) ${sql}`,
      values,
    )
    const rows = plan.map(line => Number(/rows=(\d+)/.exec(line['QUERY PLAN'])?.[1] ?? 0))
    t.ok(Math.max(...rows) <= 11, plan.map(line => line['QUERY PLAN']).join('\n'))
  }
})

eachEngine(
  t,
  'a subject’s records are listed over all its prefixes, by kind and page',
  async (t, database) => {
    const under = (prefix: string, ...names: readonly string[]) =>
      names.map(name =>
        aRecord({
          identifier: `${prefix}/${name}`,
          kind: name.startsWith('EQ') ? 'equipment' : 'product',
        }),
      )
    const gone = aRecord({ identifier: '88.118.8/GONE', gone: { reason: null } })
    await store(
      database,
      ...under('88.118.8', 'A', 'B', 'EQ-1', 'EQ-2'),
      ...under('88.118.7', 'A', 'EQ-7'),
      ...under('88.118.9', 'OTHERS', 'EQ-9'),
      gone,
      aRecord({ identifier: gtin, prefix: '6901234' }),
    )
    const { listOf } = makeRecords(database)
    const owned = [
      ...Array.from({ length: 120 }, (_, at) => ({
        system: 'handle' as const,
        prefix: `88.118.1${at}x`,
      })),
      { system: 'gs1', prefix: '6901234' },
      { system: 'handle', prefix: '88.118.7' },
      { system: 'handle', prefix: '88.118.8' },
    ] as const

    async function pages(kind: 'product' | 'equipment' | undefined, limit: number) {
      const found: string[][] = []
      let cursor: string | undefined
      do {
        const { items, next } = await listOf(owned, kind, { cursor, limit })
        found.push(items.map(({ identifier }) => identifier))
        cursor = next ?? undefined
      } while (cursor !== undefined)
      return found
    }

    t.strictSame(await pages('equipment', 2), [
      ['88.118.7/EQ-7', '88.118.8/EQ-1'],
      ['88.118.8/EQ-2'],
    ])
    t.strictSame((await pages('product', 1)).flat(), [
      gtin,
      '88.118.7/A',
      '88.118.8/A',
      '88.118.8/B',
    ])
    t.equal((await pages(undefined, 100)).flat().length, 7)
    t.strictSame(await listOf([], undefined, { limit: 5 }), { items: [], next: null })
    const { next } = await listOf(owned, undefined, { limit: 2 })
    await t.rejects(
      listOf([{ system: 'oid', prefix: '2.999' }], undefined, { cursor: next ?? '', limit: 2 }),
      {
        code: 'INPUT_INVALID',
      },
    )
  },
)

eachEngine(
  t,
  'all records under a prefix come whole, page by page, in an order that stays',
  async (t, database) => {
    const own = Array.from({ length: 450 }, (_, at) =>
      aRecord({ identifier: `88.118.8/${String(at).padStart(4, '0')}` }),
    )
    const below = Array.from({ length: 201 }, (_, at) =>
      aRecord({ identifier: `88.118.8.${at % 3}/${String(at).padStart(4, '0')}` }),
    )
    await store(
      database,
      ...own,
      ...below,
      aRecord({ identifier: '88.118.80/beside' }),
      aRecord({ identifier: '88.118.8/gone', gone: { reason: null } }),
      aRecord({ identifier: '88.118.8/code', kind: 'subject' }),
      aRecord({ identifier: '01/06901234567892', prefix: '6901234' }),
      aRecord({ identifier: '01/06901235567891', prefix: '6901235' }),
    )
    const records = makeRecords(database)

    const pages: StoredRecord[][] = []
    for await (const page of records.under('handle', '88.118.8')) pages.push([...page])

    const byPlace = (a: StoredRecord, b: StoredRecord) =>
      a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : a.key < b.key ? -1 : 1
    t.same(
      pages.flat().map(({ key }) => key),
      [...own, ...[...below].sort(byPlace)].map(({ key }) => key),
    )
    t.strictSame(pages[0]?.[0], own[0])
    t.ok(pages.every(page => page.length <= 200))
    const gs1: string[] = []
    for await (const page of records.under('gs1', '6901234'))
      gs1.push(...page.map(({ prefix }) => prefix))
    t.same(gs1, ['6901234'])
    t.equal(await records.countUnder('handle', '88.118.8', 10_000), 651)
    t.equal(await records.countUnder('handle', '88.118.8', 100), 100)
  },
)
