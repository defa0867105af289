import t from 'tap'
import { aDoor } from '../a-door.ts'

t.test('anybody reads the seven tables, whatever credential they come without', async t => {
  const { app } = aDoor(t)

  const response = await app.inject('/v1/schemas')
  const { tables } = response.json<{
    tables: { name: string; fields: { required: boolean }[] }[]
  }>()

  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-language'], 'zh')
  t.strictSame(
    tables.map(({ name, fields }) => [name, fields.length]),
    [
      ['basic', 13],
      ['resumption', 5],
      ['products', 9],
      ['supplies', 9],
      ['staff', 5],
      ['finance', 9],
      ['equipment', 9],
    ],
  )
  t.equal(tables.flatMap(({ fields }) => fields.filter(field => field.required)).length, 36)
})

t.test('a table is read alone, in the profile and language asked for', async t => {
  const { app } = aDoor(t)

  const response = await app.inject({
    url: '/v1/schemas/basic?profile=seed-strict',
    headers: { 'accept-language': 'en' },
  })

  t.equal(response.headers['content-language'], 'en')
  t.match(response.json(), {
    name: 'basic',
    zh: '企业基本信息',
    clause: '4.1',
    fields: [
      {
        name: 'uscc',
        zh: '统一社会信用代码',
        en: 'unified social credit identifier',
        type: 'char',
        required: false,
        description: /its registry/,
        clause: '4.1',
      },
    ],
  })
  t.equal((await app.inject('/v1/schemas/basic')).json().fields[0].required, true)
})

t.test('an unknown table or profile is refused with its place', async t => {
  const { app } = aDoor(t)

  for (const [url, pointer] of [
    ['/v1/schemas/toString', '/table'],
    ['/v1/schemas?profile=lenient', '/profile'],
  ] as const) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 400, url)
    t.match(response.json(), { code: 'INPUT_INVALID', errors: [{ pointer, rule: 'enum' }] })
  }
})
