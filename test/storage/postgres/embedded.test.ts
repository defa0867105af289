import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { mock } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openEmbedded } from '../../../src/storage/postgres/embedded.ts'
import type { Engine } from '../../../src/storage/postgres/embedded-engine.ts'
import { runTransaction } from '../../../src/storage/postgres/embedded-transaction.ts'
import { aDataFolder, aStore } from '../../support/store.ts'

t.test('what was written is there when the folder is opened again', async t => {
  const folder = await aDataFolder(t)
  const first = await openEmbedded({ folder })
  await first.exec('create table kept (n int4); insert into kept values (1)')
  await first.close()

  const second = await openEmbedded({ folder })

  t.strictSame(await second.query('select n from kept'), [{ n: 1 }])
  await second.close()
})

t.test('a folder that is open is refused within a second, and stays open', async t => {
  const folder = await aDataFolder(t)
  const first = await openEmbedded({ folder })
  const startedAt = performance.now()

  await t.rejects(openEmbedded({ folder }), { name: 'FolderTaken', pid: process.pid })

  t.ok(performance.now() - startedAt < 1_000)
  t.strictSame(await first.query('select 1 as n'), [{ n: 1 }])
  await first.close()
})

t.test('a killed writer loses nothing that it acknowledged, five times', async t => {
  const folder = await aDataFolder(t)
  const acknowledged = new Set<number>()
  for (let cycle = 0; cycle < 5; cycle++) {
    const first = cycle * 100_000
    await killWhileWriting(t, folder, first, n => acknowledged.add(n))
  }

  const database = await openEmbedded({ folder })
  const rows = await database.query<{ n: number; halves: string }>(
    `select n, string_agg(half::text, '' order by half) as halves from written group by n`,
  )

  t.ok(acknowledged.size >= 50, `${acknowledged.size} were acknowledged`)
  t.strictSame(
    rows.filter(({ halves }) => halves !== '12'),
    [],
    'each is there once and whole',
  )
  const found = new Set(rows.map(({ n }) => n))
  t.strictSame(
    [...acknowledged.values()].filter(n => !found.has(n)),
    [],
    'none is lost',
  )
  await database.close()
})

t.test('a question waits for the transaction before it, but not for ever', async t => {
  const database = await openEmbedded({ folder: await aDataFolder(t), waitMsMax: 500 })
  t.teardown(() => database.close())
  let finish = () => {}
  const finished = new Promise<void>(resolve => {
    finish = resolve
  })
  const transaction = database.transaction(async queries => {
    await queries.query('create table later (n int4)')
    await finished
  })

  await t.rejects(database.query('select 1'), { code: 'STORE_AWAY', retryAfterSeconds: 1 })
  const patient = database.query('select n from later')
  finish()

  t.strictSame(await patient, [])
  await transaction
})

t.test('transactions take turns in the order they came', async t => {
  const database = await aStore(t)
  const order: string[] = []
  const take = (name: string) =>
    database.transaction(async queries => {
      order.push(`${name} begins`)
      await queries.query('select 1')
      await sleep(5)
      order.push(`${name} ends`)
    })

  await Promise.all([take('a'), take('b'), take('c')])

  t.strictSame(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

t.test('more questions than the queue holds are refused at once', async t => {
  const database = await aStore(t)

  const answers = await Promise.allSettled(
    Array.from({ length: 2_100 }, () => database.query('select 1 as n')),
  )

  const refused = answers.filter(answer => answer.status === 'rejected')
  t.equal(refused.length, 100)
  t.ok(refused.every(({ reason }) => reason.code === 'STORE_AWAY'))
  t.strictSame(await database.query('select 1 as n'), [{ n: 1 }])
})

t.test('a statement that fails alone does not fail those of the same message', async t => {
  const database = await aStore(t)

  const answers = await Promise.allSettled([
    database.query('select 1'),
    database.query('select 1 / 0'),
    database.query('select 2'),
  ])

  t.strictSame(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

t.test('a long statement leaves the process free for other work', async t => {
  const database = await aStore(t)
  let longestMs = 0
  let lastAt = performance.now()
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastAt)
    lastAt = performance.now()
  }, 5)

  await database.query('select count(*) from generate_series(1, 3000000) as n where n % 7 = 0')
  clearInterval(beat)

  t.ok(longestMs < 250, `${longestMs} ms`)
})

t.test('questions that wait when the database closes are answered', async t => {
  const database = await openEmbedded({ folder: await aDataFolder(t) })
  const question = database.query('select 1 as n')

  await database.close()

  t.strictSame(await question, [{ n: 1 }])
})

t.test('an engine that panics is started again, with everything that was committed', async t => {
  const folder = await aDataFolder(t)
  const messages: string[] = []
  const log = {
    info: (_: object, message: string) => void messages.push(message),
    error: (_: object, message: string) => void messages.push(message),
  }
  const database = await openEmbedded({ folder, log })
  t.teardown(() => database.close())
  const heard: string[] = []
  await database.listen('bell', payload => heard.push(payload))
  await database.exec('create table kept (n int4, filler text); insert into kept values (1)')
  const logFolder = join(folder, 'database', 'pg_wal')
  await rename(logFolder, `${logFolder}-away`)

  const doomed = database.transaction(queries =>
    queries.query(`insert into kept select 2, repeat('x', 500) from generate_series(1, 50000)`),
  )
  await t.rejects(doomed, { code: 'STORE_AWAY', retryAfterSeconds: 1 })
  await t.rejects(database.query('select 1'), { code: 'STORE_AWAY' })
  await rename(`${logFolder}-away`, logFolder)
  const kept = await patiently(() => database.query('select n from kept'))

  t.strictSame(kept, [{ n: 1 }])
  t.match(messages, [/stopped/, /started again/])
  t.strictSame(heard, [''], 'listeners are told that they may have missed something')
  await database.query(`select pg_notify('bell', 'back')`)
  t.strictSame(heard, ['', 'back'])
})

t.test('a transaction whose work asks nothing for half a minute is rolled back', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const asked: string[] = []
  const engine: Engine = {
    async ask({ kind }) {
      asked.push(kind)
      return { id: 0, kind: 'done', tag: '' }
    },
    stopped: new Promise(() => undefined),
    close: async () => undefined,
  }
  let isDone = false

  const stuck = runTransaction(
    engine,
    1,
    () => new Promise(() => undefined),
    () => {
      isDone = true
    },
  )
  await setImmediate()
  mock.timers.tick(29_999)
  t.strictSame(asked, ['begin'])
  mock.timers.tick(1)

  await t.rejects(stuck, { message: /asked nothing/ })
  t.strictSame(asked, ['begin', 'rollback'])
  t.ok(isDone)
})

t.test('a disk without space is refused with advice, before the engine aborts on it', async t => {
  const { openEmbedded } = await t.mockImport<
    typeof import('../../../src/storage/postgres/embedded.js')
  >('../../../src/storage/postgres/embedded.js', {
    'node:fs/promises': t.createMock(await import('node:fs/promises'), {
      statfs: async () => ({ bavail: 10 * 256, bsize: 4096 }),
    }),
  })
  const folder = t.testdir()

  await t.rejects(openEmbedded({ folder }), {
    message: /has 10 MB free.*needs 128 MB to open: free some space/,
  })
})

/** Starts a writer, lets it write for a moment, and kills it. */
async function killWhileWriting(
  t: Test,
  folder: string,
  first: number,
  onAcknowledged: (n: number) => void,
): Promise<void> {
  const program = fileURLToPath(import.meta.resolve('../../support/store-writer.js'))
  const writer = spawn(process.execPath, [program, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => writer.kill('SIGKILL'))
  const said = createInterface(writer.stdout)
  said.on('line', line => onAcknowledged(Number(line)))
  await once(said, 'line')
  await sleep(50 + Math.random() * 200)
  writer.kill('SIGKILL')
  await once(said, 'close')
}

/** Asks again while the store is away, as its callers are told to. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const givenUpAt = Date.now() + 10_000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > givenUpAt) throw error
      await sleep(100)
    }
  }
}
