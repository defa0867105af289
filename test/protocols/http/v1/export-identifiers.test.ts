import t from 'tap'
import { exportsMax } from '../../../../src/protocols/http/v1/export-identifiers.ts'
import { openSheet } from '../../../../src/protocols/sheets/open-sheet.ts'
import { readRecordRows } from '../../../../src/protocols/sheets/record-columns.ts'
import { aCaller, aPrefix, aRecord, aValue } from '../../../support/builders.ts'
import { aDoor, aSmallWorld } from '../a-door.ts'

const owner = { authorization: 'Bearer owner' }
const operator = { authorization: 'Bearer operator' }
const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

const records = [
  aRecord({
    identifier: '88.118.8/ABC-1',
    values: [aValue(), aValue({ index: 2, type: 'HS_SECKEY', permissions: '1100' })],
    successor: '88.118.8/b',
  }),
  aRecord({ identifier: '88.118.8/=b', kind: 'equipment', values: [] }),
]
const topnode = aCaller({ id: 't0pn0de0', role: 'topnode' })
const world = { ...aSmallWorld, records, callers: { ...aSmallWorld.callers, topnode } }

t.test('records under a prefix are given in three forms, and read again as they were', async t => {
  const { app } = aDoor(t, world)
  const forms = [
    ['text/csv', 'csv', 'text/csv; charset=utf-8'],
    ['application/x-ndjson', 'ndjson', 'application/x-ndjson'],
    [xlsx, 'xlsx', xlsx],
  ] as const
  for (const [accept, format, type] of forms) {
    const answer = await app.inject({
      url: '/v1/identifiers?prefix=88.118.8',
      headers: { ...owner, accept },
    })

    t.equal(answer.statusCode, 200, format)
    t.equal(answer.headers['content-type'], type)
    t.equal(
      answer.headers['content-disposition'],
      `attachment; filename="handle-88.118.8.${format}"`,
    )
    const body = (async function* () {
      yield answer.rawPayload
    })()
    const sheet = await openSheet(body, format, { bytesMax: 1e6, rowsMax: 1e6 })
    const read = readRecordRows(sheet)
    const rows = []
    for await (const chunk of sheet.rows) rows.push(...chunk.map(({ cells }) => read(cells)))
    t.match(rows, [
      {
        identifier: '88.118.8/ABC-1',
        kind: 'product',
        values: [
          { index: 1, type: 'URL' },
          { index: 2, permissions: '1100' },
        ],
        successor: '88.118.8/b',
      },
      { identifier: '88.118.8/=b', kind: 'equipment', values: [] },
    ])
  }
})

t.test('JSON is a page as ever, also for those who accept anything', async t => {
  const { app } = aDoor(t, world)
  for (const accept of [undefined, '*/*', 'application/json, text/csv;q=0.5', 'text/csv;q=0']) {
    const headers = { ...owner, ...(accept === undefined ? {} : { accept }) }
    const answer = await app.inject({ url: '/v1/identifiers?prefix=88.118.8', headers })

    t.equal(answer.json().items.length, 2, accept ?? 'nothing said')
  }
})

t.test('an export needs what listing needs, and the right to read', async t => {
  const { app } = aDoor(t, world)
  const ask = (headers: Record<string, string>, prefix = '88.118.8') =>
    app.inject({
      url: `/v1/identifiers?prefix=${prefix}`,
      headers: { ...headers, accept: 'text/csv' },
    })

  t.equal((await ask({})).statusCode, 401)
  t.equal((await ask({ authorization: 'Bearer other' })).statusCode, 403)
  t.equal((await ask({ authorization: 'Bearer topnode' })).statusCode, 403)
  t.equal((await ask(owner, '88.200')).statusCode, 404)
})

t.test('what lies below and belongs to another is left out', async t => {
  const { app } = aDoor(t, {
    ...world,
    prefixes: [...aSmallWorld.prefixes, aPrefix('88.118.8.5', { owner: 'bbbbbbbbbbbbbb' })],
    records: [...records, aRecord({ identifier: '88.118.8.5/other' })],
  })
  const ask = async (headers: object) => {
    const answer = await app.inject({
      url: '/v1/identifiers?prefix=88.118.8',
      headers: { ...headers, accept: 'application/x-ndjson' },
    })
    return answer.body.trimEnd().split('\n').length
  }

  t.equal(await ask(owner), 2)
  t.equal(await ask(operator), 3)
})

t.test('more records than a workbook is read with are told before anything is sent', async t => {
  const { app } = aDoor(t, {
    ...world,
    parts: { recordSheets: { write: () => t.fail('written') as never, rowsMax: () => 1 } },
  })
  const answer = await app.inject({
    url: '/v1/identifiers?prefix=88.118.8',
    headers: { ...owner, accept: xlsx },
  })

  t.match(answer.json(), { status: 413, code: 'TOO_LARGE', rowsMax: 1 })
})

t.test('so many exports at once and no more; each gives its place back', async t => {
  let go: () => void = () => undefined
  const gate = new Promise<void>(resolve => {
    go = resolve
  })
  const { app } = aDoor(t, {
    ...world,
    parts: {
      recordSheets: {
        rowsMax: () => undefined,
        async *write() {
          await gate
          yield Buffer.from('x')
        },
      },
    },
  })
  const ask = () =>
    app.inject({
      url: '/v1/identifiers?prefix=88.118.8',
      headers: { ...owner, accept: 'text/csv' },
    })

  const first = Array.from({ length: exportsMax }, ask)
  await new Promise(resolve => setImmediate(resolve))
  const refused = await ask()
  go()
  const answers = await Promise.all(first)

  t.match(refused.json(), { status: 429, code: 'TOO_MANY' })
  t.ok(refused.headers['retry-after'])
  t.same(
    answers.map(({ statusCode }) => statusCode),
    Array.from(answers, () => 200),
  )
  t.equal((await ask()).statusCode, 200)
})

t.test('a HEAD has the headers of the file', async t => {
  const { app } = aDoor(t, world)
  const answer = await app.inject({
    method: 'HEAD',
    url: '/v1/identifiers?prefix=88.118.8',
    headers: { ...owner, accept: 'text/csv' },
  })

  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-disposition'], /88\.118\.8\.csv/)
  t.equal(answer.body, '')
})
