import t, { type Test } from 'tap'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { openDatabase } from '../../../src/storage/postgres/open.ts'
import { isDuplicate, SqlError } from '../../../src/storage/postgres/store-error.ts'
import { postgres } from '../../support/postgres-server.ts'
import { aDatabaseUrl, aDataFolder, eachEngine } from '../../support/store.ts'
import { testWith } from '../../support/throw-away.ts'

eachEngine(t, 'every type comes back as it went', async (t, database) => {
  await database.exec(`
    create table types (
      id int8, small int2, whole int4, ratio float8, exact numeric, flag bool, word text,
      at timestamptz, day date, doc jsonb, bytes bytea,
      words text[], numbers int8[], blobs bytea[]
    )`)
  const at = new Date('2026-11-23T06:00:00.123Z')
  const bytes = Buffer.from([0, 1, 0x5c, 0xff])
  const words = ['plain', 'a "quoted" one', 'back\\slash', '{curly, comma}', '', 'null', null]

  const rows = await database.query(
    `insert into types values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     returning *`,
    [
      2 ** 53 - 1,
      -7,
      2 ** 31 - 1,
      0.1,
      '12345678901234567890.5',
      true,
      '企信码 \\ "x" \'y\' 🀄',
      at,
      '2026-11-23',
      JSON.stringify({ list: [1, null], text: '码' }),
      bytes,
      words,
      [1, 2n ** 60n, null],
      [bytes, Buffer.alloc(0)],
    ],
  )

  t.strictSame(rows, [
    {
      id: 2 ** 53 - 1,
      small: -7,
      whole: 2 ** 31 - 1,
      ratio: 0.1,
      exact: '12345678901234567890.5',
      flag: true,
      word: '企信码 \\ "x" \'y\' 🀄',
      at,
      day: '2026-11-23',
      doc: { list: [1, null], text: '码' },
      bytes,
      words,
      numbers: [1, 2n ** 60n, null],
      blobs: [bytes, Buffer.alloc(0)],
    },
  ])
})

eachEngine(t, 'null is null in every type', async (t, database) => {
  const rows = await database.query(
    `select $1::int8 as id, $2::text as word, $3::bytea as bytes, $4::jsonb as doc, $5::text[] as words`,
    [null, null, null, null, null],
  )

  t.strictSame(rows, [{ id: null, word: null, bytes: null, doc: null, words: null }])
})

eachEngine(t, 'a list finds many rows, and no rows is an empty list', async (t, database) => {
  await withNumbers(database, 10)

  const some = await database.query('select n from numbers where n = any($1) order by n', [
    [3, 5, 99],
  ])
  const none = await database.query('select n from numbers where n = any($1)', [[]])

  t.strictSame(some, [{ n: 3 }, { n: 5 }])
  t.strictSame(none, [])
})

eachEngine(t, 'a transaction that returns is committed', async (t, database) => {
  await withNumbers(database, 0)

  const result = await database.transaction(async queries => {
    await queries.query('insert into numbers values ($1)', [1])
    return 'done'
  })

  t.equal(result, 'done')
  t.equal(await countNumbers(database), 1)
})

eachEngine(t, 'a transaction that throws leaves nothing behind', async (t, database) => {
  await withNumbers(database, 0)

  const failing = database.transaction(async queries => {
    await queries.query('insert into numbers values ($1)', [1])
    throw new Error('changed my mind')
  })

  await t.rejects(failing, { message: 'changed my mind' })
  t.equal(await countNumbers(database), 0)
})

eachEngine(
  t,
  'a transaction whose work swallows an error is not acknowledged',
  async (t, database) => {
    await withNumbers(database, 1)

    const failing = database.transaction(async queries => {
      await queries.query('insert into numbers values ($1)', [50])
      await queries.query('insert into numbers values ($1)', [0]).catch(() => undefined)
    })

    await t.rejects(failing, { name: 'SqlError', state: '25P02' })
    t.equal(await countNumbers(database), 1)
  },
)

eachEngine(t, 'the queries of a transaction end with it', async (t, database) => {
  let kept: typeof database.query | undefined
  await database.transaction(async queries => {
    kept = queries.query
  })

  await t.rejects(async () => kept?.('select 1'), { name: 'AssertionError' })
})

eachEngine(t, 'tests refuse the database itself inside a transaction', async (t, database) => {
  const nested = database.transaction(async () => database.query('select 1'))

  await t.rejects(nested, { name: 'AssertionError', message: /handed over/ })
})

eachEngine(t, 'many transactions and questions at once all happen once', async (t, database) => {
  await withNumbers(database, 0)
  await database.query('insert into numbers values (0)')
  const add = () =>
    database.transaction(async queries => {
      await queries.query('update numbers set n = n + 1')
      await queries.query('select 1')
    })
  const ask = () => database.query('select count(*) from numbers')

  await Promise.all(Array.from({ length: 15 }, (_, i) => (i % 3 === 0 ? ask() : add())))

  t.strictSame(await database.query('select n from numbers'), [{ n: 10 }])
})

eachEngine(
  t,
  'questions asked at once in one transaction are asked in order',
  async (t, database) => {
    await withNumbers(database, 0)

    const seen = await database.transaction(async queries => {
      const answers = await Promise.all([
        queries.query('insert into numbers values (1)'),
        queries.query<{ n: number }>('select n from numbers'),
        queries.query('delete from numbers'),
        queries.query<{ n: number }>('select n from numbers'),
      ])
      return answers.map(rows => rows.length)
    })

    t.strictSame(seen, [0, 1, 0, 0])
  },
)

eachEngine(t, 'a refused statement says which rule it broke', async (t, database) => {
  await withNumbers(database, 1)

  const error = await database
    .query('insert into numbers values (0)')
    .catch((error: unknown) => error)

  t.ok(error instanceof SqlError)
  t.match(error, { state: '23505', table: 'numbers', constraint: 'numbers_pkey' })
  t.ok(isDuplicate(error))
  t.ok(isDuplicate(error, 'numbers_pkey'))
  t.notOk(isDuplicate(error, 'another'))
})

eachEngine(t, 'a refused statement does not disturb the next one', async (t, database) => {
  await t.rejects(database.query('select no_such_column'), { name: 'SqlError', state: '42703' })
  await t.rejects(database.query('this is no sql'), { name: 'SqlError', state: '42601' })
  await t.rejects(database.query('select $1::int4', ['x']), { name: 'SqlError', state: '22P02' })

  t.strictSame(await database.query('select $1::int4 as n', ['7']), [{ n: 7 }])
})

eachEngine(t, 'NUL in a text is our own mistake, not the store being away', async (t, database) => {
  const failing = database.query('select $1::text', ['a\0b'])

  await t.rejects(failing, { name: 'SqlError', state: '22021' })
})

eachEngine(
  t,
  'a statement follows a change of its table, also inside a transaction',
  async (t, database) => {
    await withNumbers(database, 1)
    const read = () => database.query('select * from numbers')
    await read()

    await database.exec('alter table numbers add column word text')

    const sql = 'select * from numbers'
    t.strictSame(await database.transaction(queries => queries.query(sql)), [{ n: 0, word: null }])
    t.strictSame(await read(), [{ n: 0, word: null }])
  },
)

eachEngine(t, 'copying takes 10 000 rows', async (t, database) => {
  await database.exec('create table copied (id int8 primary key, word text)')

  const count = await database.copy('copy copied (id, word) from stdin', lines(10_000))

  t.equal(count, 10_000)
  const [row] = await database.query(`
    select count(*) as count, sum(id) as sum, count(*) filter (where word is null) as nulls,
      min(word) as word from copied`)
  t.strictSame(row, { count: 10_000, sum: '49995000', nulls: 5_000, word: 'tab\there' })
})

eachEngine(t, 'copying more than one message holds is still one copy', async (t, database) => {
  await database.exec('create table copied (id int8 primary key, word text)')
  const wide = 'x'.repeat(9_000)

  const count = await database.copy('copy copied (id, word) from stdin', rows())

  t.equal(count, 1_000)
  t.strictSame(await database.query('select count(*) as count from copied'), [{ count: 1_000 }])
  async function* rows() {
    let chunk = ''
    for (let id = 0; id < 1_000; id++) chunk += `${id}\t${wide}\n`
    yield chunk
  }
})

eachEngine(t, 'a row that cannot be copied undoes the whole copy', async (t, database) => {
  await withNumbers(database, 0)

  await t.rejects(database.copy('copy numbers from stdin', chunks('1\n2\n', '2\n')), {
    name: 'SqlError',
    state: '23505',
  })

  t.equal(await countNumbers(database), 0)
})

eachEngine(t, 'a copy whose source fails undoes the whole copy', async (t, database) => {
  await withNumbers(database, 0)

  await t.rejects(database.copy('copy numbers from stdin', failingSource()), { message: 'no more' })

  t.equal(await countNumbers(database), 0)
  async function* failingSource() {
    yield '1\n'
    throw new Error('no more')
  }
})

eachEngine(t, 'copying is part of its transaction', async (t, database) => {
  await withNumbers(database, 0)

  const failing = database.transaction(
    async queries => {
      await queries.copy('copy numbers from stdin', chunks('1\n', '2\n'))
      t.strictSame(await queries.query('select count(*) as count from numbers'), [{ count: 2 }])
      throw new Error('not after all')
    },
    { copies: true },
  )

  await t.rejects(failing, { message: 'not after all' })
  t.equal(await countNumbers(database), 0)
})

eachEngine(t, 'what is sent is written in its turn', async (t, database) => {
  await withNumbers(database, 0)

  const seen = await database.transaction(async queries => {
    queries.send('insert into numbers values ($1)', [1])
    queries.send('update numbers set n = n + $1', [10])
    return queries.query('select n from numbers')
  })

  t.strictSame(seen, [{ n: 11 }])
  t.equal(await countNumbers(database), 1)
})

eachEngine(t, 'what fails unwaited for fails what is waited for next', async (t, database) => {
  await withNumbers(database, 0)

  const failing = database.transaction(async queries => {
    queries.send('insert into numbers values (1)', [])
    queries.send('select 1 / $1::int', [0])
    await queries.query('select count(*) from numbers')
  })

  await t.rejects(failing, { message: /division by zero/ })
  t.equal(await countNumbers(database), 0)
})

eachEngine(t, 'what fails last, unwaited for, fails the commit', async (t, database) => {
  await withNumbers(database, 1)

  const taken = database.transaction(async queries => {
    queries.send('create unique index on numbers (n)', [])
    queries.send('insert into numbers select n from numbers', [], () => new Error('taken'))
  })

  await t.rejects(taken, { message: 'taken' })
  t.equal(await countNumbers(database), 1)
})

eachEngine(
  t,
  'a bell rings for every commit that rings it, until nobody listens',
  async (t, database) => {
    const heard: string[] = []
    const stop = await database.listen('odd "name"', payload => heard.push(payload))

    await database.query('select pg_notify($1, $2)', ['odd "name"', 'one'])
    await database.transaction(async queries => {
      await queries.query('select pg_notify($1, $2)', ['odd "name"', 'two'])
      await queries.query('select pg_notify($1, $2)', ['another', 'not for us'])
    })
    await until(t, () => heard.length === 2)
    await stop()
    await database.query('select pg_notify($1, $2)', ['odd "name"', 'three'])
    await database.query('select 1')

    t.strictSame(heard, ['one', 'two'])
  },
)

eachEngine(t, 'a rolled back transaction rings no bell', async (t, database) => {
  const heard: string[] = []
  await database.listen('bell', payload => heard.push(payload))

  await t.rejects(
    database.transaction(async queries => {
      await queries.query(`select pg_notify('bell', 'no')`)
      throw new Error('back')
    }),
  )
  await database.query(`select pg_notify('bell', 'yes')`)
  await until(t, () => heard.length > 0)

  t.strictSame(heard, ['yes'])
})

eachEngine(t, 'a closed database is away', async (t, database) => {
  await database.close()

  await t.rejects(database.query('select 1'), { code: 'STORE_AWAY' })
})

testWith(t, [postgres], 'where the store is decides which engine it is', async t => {
  const url = await aDatabaseUrl(t)

  const server = await openDatabase({ urls: [url], folder: undefined })
  const embedded = await openDatabase({ urls: undefined, folder: await aDataFolder(t) })

  t.equal(server.engine, 'postgres')
  t.equal(embedded.engine, 'embedded')
  await server.close()
  await embedded.close()
})

async function withNumbers(database: Database, count: number): Promise<void> {
  await database.exec(`
    create table numbers (n int8 primary key);
    insert into numbers select generate_series(0, ${count - 1})`)
}

async function countNumbers(database: Database): Promise<number | undefined> {
  const [row] = await database.query<{ count: number }>('select count(*) as count from numbers')
  return row?.count
}

async function* lines(count: number) {
  for (let id = 0; id < count; id++) yield `${id}\t${id % 2 ? '\\N' : 'tab\\there'}\n`
}

async function* chunks(...all: string[]) {
  yield* all
}

async function until(t: Test, isTrue: () => boolean): Promise<void> {
  const givenUpAt = Date.now() + 2_000
  while (!isTrue() && Date.now() < givenUpAt) await new Promise(resolve => setTimeout(resolve, 5))
  t.ok(isTrue(), 'it happened in time')
}
