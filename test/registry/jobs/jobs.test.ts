import t from 'tap'
import { anOperator } from '../../support/builders.ts'
import { eachEngine } from '../../support/store.ts'
import { aJobDesk, contentOf, products } from './a-job-desk.ts'

eachEngine(
  t,
  'a file becomes records, as single writes would have made them',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    await desk.prefix('88.118.9')

    const job = await desk.done(products(3))
    await desk.identifiers.create(
      '88.118.9/P-1',
      {
        kind: 'product',
        values: [
          { index: 1, type: 'URL', data: 'https://example.cn/v/1' },
          { index: 2, type: 'NAME', data: 'v 1' },
        ],
      },
      { caller: anOperator },
    )

    t.match(job, {
      state: 'done',
      counts: { rows: 3, added: 3, changed: 0, unchanged: 0, refused: 0 },
    })
    const [ours, single] = await database.query<{ row: object }>(
      `select json_build_array(kind, values, aliases, subject, submitter, basis, serial, successor, gone)::text as row
     from records where key in ('88.118.8/p-1', '88.118.9/p-1') order by key`,
    )
    t.same(ours, single)
    const digests = await database.query(
      `select digest from public_values where key = '88.118.8/p-1' order by digest`,
    )
    t.same(
      digests,
      await database.query(
        `select digest from public_values where key = '88.118.9/p-1' order by digest`,
      ),
    )
    t.match(await desk.ask('88.118.8/P-3'), {
      values: [{ type: 'URL' }, { data: { value: 'v 3' } }],
    })
    t.same(desk.errors, [])
  },
)

eachEngine(
  t,
  'the same file again changes nothing, another changes what differs',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    await desk.done(products(5))
    const before = await contentOf(database)
    desk.clock.advance(60_000)

    const again = await desk.done(products(5))
    const after = await contentOf(database)
    const changed = await desk.done(
      `${products(5).replace('v 2', 'w 2').replace('v/4', 'w/4')}88.118.8/new,,https://n,n\n`,
    )

    t.match(again, { state: 'done', counts: { added: 0, changed: 0, unchanged: 5 } })
    t.same(after, before)
    t.match(changed, { state: 'done', counts: { rows: 6, added: 1, changed: 2, unchanged: 3 } })
    const [row] = await database.query<{
      values: { timestamp: string }[]
      serial: number
      source: string
    }>(`select values, serial, source from records where key = '88.118.8/p-2'`)
    t.equal(row?.serial, 2)
    t.equal(row?.source, changed.id)
    // A value that says what it said keeps its timestamp.
    t.ok((row?.values[0]?.timestamp ?? '') < (row?.values[1]?.timestamp ?? ''))
  },
)

eachEngine(
  t,
  'a row that breaks a rule is given back, and the others are written',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    await desk.prefix('88.118.7', { state: 'disabled' })
    const file = [
      '标识,种类,URL',
      '88.118.8/a,product,https://a',
      'nothing like it,product,https://b',
      '88.118.7/c,product,https://c',
      '88.999/d,product,https://d',
      '88.118.8/A,product,https://again',
      '88.118.8/e,product,https://e',
    ].join('\n')

    const job = await desk.done(file)
    const errors = await desk.errorsOf(job)
    const corrected = await desk.done(errors.replace('nothing like it', '88.118.8/b'))

    t.match(job, { state: 'done', counts: { rows: 6, added: 2, refused: 4 } })
    t.match(errors, /^\uFEFF?标识,种类,URL,row,field,reason\r?\n/)
    t.match(errors, /nothing like it,product,https:\/\/b,2,identifier,/)
    t.match(
      errors,
      /88.118.8\/A,product,https:\/\/again,5,identifier,the identifier is in row 1 already/,
    )
    t.match(corrected, { state: 'done', counts: { rows: 4, added: 1, changed: 1, refused: 2 } })
  },
)

eachEngine(t, 'a dry run shows what would be, and is applied when asked', async (t, database) => {
  const desk = await aJobDesk(t, database)
  await desk.prefix('88.118.8')
  await desk.done(products(2))
  const before = await contentOf(database)

  const checked = await desk.done(`${products(4).replace('v 2', 'w 2')}x,,,\n`, { isDryRun: true })
  const then = await contentOf(database)
  await desk.jobs.apply(checked.id, anOperator)
  const applied = await desk.run(checked.id)

  t.match(checked, {
    state: 'checked',
    counts: { rows: 5, added: 2, changed: 1, unchanged: 1, refused: 1 },
  })
  t.same(then, before)
  t.match(applied, {
    state: 'done',
    counts: { rows: 5, added: 2, changed: 1, unchanged: 1, refused: 1 },
  })
  t.match(await desk.jobs.apply(checked.id, anOperator), { state: 'done' }, 'twice is once')
})

eachEngine(
  t,
  'all or nothing: one bad row, found early or late, and nothing is there',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    await desk.prefix('gs1:6901234', { system: 'gs1', prefix: '6901234' }).catch(() => undefined)
    await desk.identifiers.create(
      '88.118.8/holder',
      { values: [{ index: 1, type: 'GS1', data: '01/06901234000016' }] },
      { caller: anOperator },
    )
    const before = await contentOf(database)

    const early = await desk.done(`${products(300)}x,,,\n`, { mode: 'all' })
    const late = await desk.done(
      `${products(300)
        .replace('NAME', 'GS1')
        .replace(/,v \d+$/gm, ',')}88.118.8/rival,product,,01/06901234000016\n`,
      { mode: 'all' },
    )
    const after = await contentOf(database)
    const good = await desk.done(products(300), { mode: 'all' })

    t.match(early, {
      state: 'failed',
      counts: { rows: 301, added: 0, refused: 1 },
      reason: { code: 'INPUT_INVALID' },
    })
    t.match(late, { state: 'failed', counts: { rows: 301, added: 0, refused: 1 } })
    t.match(await desk.errorsOf(late), /rival/)
    t.same(after, before)
    t.match(good, { state: 'done', counts: { rows: 300, added: 300 } })
  },
)

eachEngine(
  t,
  'a job is undone whole: what it changed is as it was, what it added is gone',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    await desk.done(products(3))
    const was = await database.query(
      'select key, kind, values::text, successor from records order by key',
    )
    const job = await desk.done(products(5, { value: 'w' }))

    await desk.jobs.undo(job.id, anOperator)
    const undone = await desk.run(job.id)

    t.match(undone, { state: 'undone' })
    t.same(
      await database.query(
        'select key, kind, values::text, successor from records where gone is null order by key',
      ),
      was,
    )
    t.match(
      await database.query(
        'select key, gone, serial from records where gone is not null order by key',
      ),
      [
        { key: '88.118.8/p-4', gone: { reason: 'undone' }, serial: 2 },
        { key: '88.118.8/p-5', gone: { reason: 'undone' }, serial: 2 },
      ],
    )
    await t.rejects(desk.ask('88.118.8/P-5'), { code: 'IDENTIFIER_GONE' })
    t.match(await desk.ask('88.118.8/P-1'), { serial: 3, values: [{}, { data: { value: 'v 1' } }] })
    const values = await database.query(
      `select digest from public_values where key = '88.118.8/p-1'`,
    )
    t.equal(values.length, 2)
  },
)

eachEngine(
  t,
  'what somebody has written since keeps a job from being undone',
  async (t, database) => {
    const desk = await aJobDesk(t, database)
    await desk.prefix('88.118.8')
    const job = await desk.done(products(3))
    await desk.identifiers.remove('88.118.8/P-2', {}, { caller: anOperator })

    await t.rejects(desk.jobs.undo(job.id, anOperator), {
      code: 'STATE_CONFLICT',
      errors: [{ pointer: '/rows/2/identifier', detail: { en: /P-2 was written again/ } }],
    })
  },
)
