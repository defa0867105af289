import t from 'tap'
import { makeChangeReader } from '../../../src/storage/postgres/changes.ts'
import { aCaller, anOperator } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'
import { aJobDesk, products } from './a-job-desk.ts'

eachEngine(
  t,
  'every row has its own number among the changes, from any place on',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    await desk.number()
    const reader = makeChangeReader(database)
    const { newest: first } = await reader.range()

    await desk.done(products(1_200))
    await desk.number()
    await desk.identifiers.remove('88.118.8/P-7', {}, { caller: anOperator })
    await desk.number()

    const { newest } = await reader.range()
    t.equal(newest, first + 1_201)
    const all = await reader.after(first, 5_000)
    t.same(
      all.map(({ seq }) => seq),
      Array.from({ length: 1_201 }, (_, at) => first + 1 + at),
    )
    t.equal(new Set(all.slice(0, -1).map(({ identifier }) => identifier)).size, 1_200)
    t.match(all[0], {
      op: 'created',
      serial: 1,
      kind: 'product',
      prefix: '88.118.8',
      keys: [String],
    })
    for (const since of [
      first + 1,
      first + 249,
      first + 250,
      first + 999,
      first + 1_000,
      first + 1_200,
    ]) {
      t.same(await reader.after(since, 300), all.slice(since - first, since - first + 300))
    }
    await database.query('delete from changes where seq <= $1', [first + 1_000])
    t.ok((await reader.range()).oldest > first + 1)
  },
)

eachEngine(
  t,
  'the same file under the same key is the same job, another is refused',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    const first = await desk.done(products(2), { idempotencyKey: 'k1' })

    const second = await desk.send(products(2), { idempotencyKey: 'k1' })

    t.equal(second.id, first.id)
    await t.rejects(desk.send(products(3), { idempotencyKey: 'k1' }), {
      code: 'IDEMPOTENCY_MISMATCH',
    })
  },
)

eachEngine(
  t,
  'an upload that breaks off leaves a failed job without rows, and its key free',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    async function* broken() {
      yield Buffer.from(products(10_000))
      throw new Error('socket hang up')
    }

    await t.rejects(desk.send(broken(), { idempotencyKey: 'k' }), /hang up/)

    const { items } = await desk.jobs.list(anOperator, { limit: 10 })
    t.match(items, [{ state: 'failed', reason: { code: 'UPLOAD' } }])
    t.same(await database.query('select 1 from staged_rows'), [])
    t.match(await desk.done(products(1), { idempotencyKey: 'k' }), { state: 'done' })
  },
)

eachEngine(t, 'rights are those of the moment a row is written', async (t, database) => {
  const rights: { caller: ReturnType<typeof aCaller> | undefined } = { caller: undefined }
  const desk = await aJobDesk(t, database, { callerNow: async () => rights.caller })
  await desk.prefix('88.118.8')
  await desk.prefix('88.118.9')
  const both = aCaller({ prefixes: ['88.118.8', '88.118.9'] })
  const file = `${products(2)}88.118.9/x,,https://x,x\n88.999/y,,https://y,y\n`
  const job = await desk.send(file, {}, both)
  const revoked = await desk.send(products(2, { name: 'R' }), {}, both)

  rights.caller = { ...both, prefixes: ['88.118.9'] }
  const done = await desk.run(job.id).then(async done => {
    await desk.run(revoked.id)
    return done
  })
  rights.caller = undefined
  const failed = await desk.done(products(1, { name: 'S' }), {}, both)

  t.match(done, { state: 'done', counts: { rows: 4, added: 1, refused: 3 } })
  t.match(failed, { state: 'failed', reason: { code: 'NOT_PERMITTED' } })
})

eachEngine(t, 'a cancelled job keeps what is written, and counts it', async (t, database) => {
  const cancel: { run?: () => Promise<unknown> } = {}
  const desk = await aJobDesk(t, database, {
    callerNow: async caller => {
      const { run } = cancel
      delete cancel.run
      await run?.()
      return caller
    },
  })
  await desk.prefix('88.118.8')
  const slow = await desk.send(products(3_000))
  const whole = await desk.send(products(3_000, { name: 'W' }), { mode: 'all' })

  await desk.jobs.cancel(whole.id, anOperator)
  cancel.run = () => desk.jobs.cancel(slow.id, anOperator)
  const cancelled = await desk.run(slow.id)
  const none = await desk.run(whole.id)

  t.match(cancelled, { state: 'cancelled' })
  const [there] = await database.query<{ count: number }>('select count(*) as count from records')
  t.equal(there?.count, cancelled.counts.added)
  t.match(none, { state: 'cancelled', counts: { added: 0 } })
  await t.rejects(desk.jobs.undo(slow.id, anOperator), { code: 'STATE_CONFLICT' })
})

eachEngine(t, 'prefixes come as rows too', async (t, database) => {
  const desk = await aJobDesk(t, database)
  await desk.prefix('88.118.8')
  const file =
    'prefix,system,state\n88.118.8,handle,disabled\n88.118.20,,\n6901234,gs1,\nno prefix,,\n88.118.21,,\n'

  const tried = await desk.done(file, { target: 'prefixes', isDryRun: true })
  const job = await desk.done(file, { target: 'prefixes' })
  const again = await desk.done(file, { target: 'prefixes' })

  t.match(tried, { state: 'checked', counts: { rows: 5, added: 3, changed: 1, refused: 1 } })
  t.match(job, { state: 'done', counts: { rows: 5, added: 3, changed: 1, refused: 1 } })
  t.match(again, { state: 'done', counts: { added: 0, changed: 0, unchanged: 4, refused: 1 } })
  t.match(desk.directory.find('handle', '88.118.8'), { state: 'disabled' })
  t.match(await desk.errorsOf(job), /no prefix,.*,4,/)
})

eachEngine(t, 'a job of prefixes is taken back as a whole, or not at all', async (t, database) => {
  const desk = await aJobDesk(t, database)
  await desk.prefix('88.118.8')
  const file = 'prefix,state\n88.118.8,disabled\n88.118.20,\n88.118.21,\n'
  const job = await desk.done(file, { target: 'prefixes' })
  const other = await desk.done('prefix,state\n88.118.21,disabled\n', { target: 'prefixes' })

  const newer = await desk.jobs.undo(job.id, anOperator).catch(error => error)
  t.match(newer, { code: 'STATE_CONFLICT', errors: [{ pointer: '/rows/3/prefix' }] })
  t.equal(newer.errors.length, 1)
  t.match(desk.directory.find('handle', '88.118.8'), { state: 'disabled' }, 'nothing is done')

  await desk.jobs.undo(other.id, anOperator)
  t.match(await desk.run(other.id), { state: 'undone' })
  t.match(desk.directory.find('handle', '88.118.21'), { state: 'enabled' })
  await t.rejects(desk.jobs.undo(job.id, anOperator), { code: 'STATE_CONFLICT' })

  const apart = await desk.done('prefix,state\n88.118.8,enabled\n88.118.22,\n', {
    target: 'prefixes',
    mode: 'all',
  })
  await desk.jobs.undo(apart.id, anOperator)
  t.match(await desk.run(apart.id), { state: 'undone' })
  t.match(desk.directory.find('handle', '88.118.8'), { state: 'disabled', serial: 4 })
  t.match(desk.directory.find('handle', '88.118.22'), { state: 'disabled', owner: null })
  t.match(await database.query('select count(*) as count from job_prefixes'), [{ count: 6 }])
  await desk.rows.forgetPrefixes(job.id)
  await t.rejects(desk.jobs.undo(job.id, anOperator), {
    code: 'STATE_CONFLICT',
    detail: { en: /not kept any more/ },
  })
  t.strictSame(desk.errors, [])
})

eachEngine(t, 'aliases of rows follow the rules of single writes', async (t, database) => {
  const desk = await aJobDesk(t, database)
  await desk.prefix('88.118.8')
  const file = [
    'identifier,GS1',
    '88.118.8/a,01/06901234000016',
    '88.118.8/b,01/06901234000016',
    '88.118.8/c,01/06901234000023',
    '(01)06901234000023,',
  ].join('\n')

  const job = await desk.done(file)
  const moved = await desk.done('identifier,GS1\n88.118.8/a,\n88.118.8/d,01/06901234000016\n')

  t.match(job.counts, { added: 2 })
  t.match(await desk.errorsOf(job), /88.118.8\/b,01\/06901234000016,2,values,/)
  t.match(moved.counts, { changed: 1, added: 1 })
  t.match(await desk.ask('(01)06901234000016'), { identifier: '88.118.8/d' })
})
