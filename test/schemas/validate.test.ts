import fc from 'fast-check'
import t from 'tap'
import { Failure, type FieldError } from '../../src/model/failures.ts'
import { type TableName, tableNames } from '../../src/schemas/field.ts'
import { type ProfileName, profileNames } from '../../src/schemas/profiles.ts'
import { tables } from '../../src/schemas/tables.ts'
import { type RowContext, readRow } from '../../src/schemas/validate.ts'
import { rows } from './rows.ts'

const today = '2026-11-23'

for (const table of tableNames) {
  t.test(`${table}: a good row is read as it is, under both profiles`, async t => {
    for (const profile of profileNames) {
      const { fields, warnings } = readRow(table, profile, rows[table], { today })

      t.strictSame(fields, rows[table], profile)
      t.strictSame(warnings, [], profile)
    }
  })

  t.test(`${table}: Chinese and English names are read like code names`, async t => {
    for (const language of ['zh', 'en'] as const) {
      const named = tables[table].fields.map(field => [field[language], rows[table][field.name]])

      t.strictSame(
        readRow(table, 'production', Object.fromEntries(named)).fields,
        rows[table],
        language,
      )
    }
  })

  t.test(`${table}: every required field is missed, none other`, async t => {
    const printed = tables[table].fields.filter(({ required }) => required)

    t.strictSame(
      errorsOf(table, 'seed-strict', {}),
      printed.map(({ name }) => [`/${name}`, 'required']),
    )
  })

  t.test(`${table}: number and text are not taken for each other`, async t => {
    for (const profile of profileNames) {
      for (const { name, type, form } of tables[table].fields) {
        if (form.kind === 'phone') continue
        const wrong = type === 'char' ? [7, true, ['a'], { a: 1 }] : ['7', true, [7], { a: 7 }]
        for (const value of wrong) {
          t.strictSame(
            errorsOf(table, profile, { ...rows[table], [name]: value }),
            [[`/${name}`, `type.${type}`]],
            `${profile} ${name} ${JSON.stringify(value)}`,
          )
        }
      }
    }
  })

  t.test(`${table}: a text is refused one character after its bound`, async t => {
    for (const { name, form } of tables[table].fields) {
      if (form.kind !== 'text') continue
      const longest = '𠮷'.repeat(form.charsMax)

      t.strictSame(errorsOf(table, 'production', { ...rows[table], [name]: longest }), [], name)
      for (const text of [`${longest}𠮷`, 'x'.repeat(10_000_000)]) {
        t.strictSame(
          errorsOf(table, 'production', { ...rows[table], [name]: text }),
          [[`/${name}`, 'length']],
          name,
        )
      }
    }
  })
}

t.test('every broken field is named once, with its place, in both languages', async t => {
  const failure = failureOf(
    'basic',
    'production',
    {
      ...rows.basic,
      producerName: 7,
      registerDate: 20210229,
      socialInsuranceNumber: '三百',
      colour: 'red',
    },
    { pointer: '/basic' },
  )

  t.equal(failure?.code, 'INPUT_INVALID')
  t.strictSame(
    failure?.errors.map(({ pointer, rule }) => [pointer, rule]),
    [
      ['/basic/producerName', 'type.char'],
      ['/basic/registerDate', 'date'],
      ['/basic/socialInsuranceNumber', 'type.number'],
      ['/basic/colour', 'unknownField'],
    ],
  )
  for (const { detail } of failure?.errors ?? []) {
    t.match(detail.zh, /\p{Script=Han}/u)
    t.match(detail.en, /^[\x20-\x7e]+$/)
  }
})

t.test('the credit code is required in production', async t => {
  const { uscc: _uscc, ...rest } = rows.basic

  t.strictSame(errorsOf('basic', 'production', rest), [['/uscc', 'required']])
  t.strictSame(errorsOf('basic', 'seed-strict', rest), [])
})

t.test('nothing is required of a draft, but what is there is checked', async t => {
  t.strictSame(errorsOf('basic', 'production', {}, { isDraft: true }), [])
  t.strictSame(errorsOf('basic', 'production', { issueDate: 1 }, { isDraft: true }), [
    ['/issueDate', 'date'],
  ])
})

t.test('null and blank texts give nothing', async t => {
  const { fields } = readRow('staff', 'production', {
    staffName: ' 韩梅梅　',
    staffHealth: null,
    staffAddress: ' \t',
    staffContactNumber: '',
  })

  t.strictSame(fields, { staffName: '韩梅梅' })
  t.strictSame(errorsOf('basic', 'production', { ...rows.basic, producerName: '　' }), [
    ['/producerName', 'required'],
  ])
})

t.test('a field under two of its names is refused, even with one value', async t => {
  t.strictSame(errorsOf('staff', 'production', { staffName: '甲', 姓名: '甲' }), [
    ['/staffName', 'ambiguous'],
  ])
})

t.test('a hundred thousand spellings of one name are one error', async t => {
  const spellings = Array.from({ length: 100_000 }, (_, i) => {
    const separators = (2 ** 17 + i).toString(2).replaceAll('0', '-').replaceAll('1', '_')
    return `staff${separators}Name`
  })
  const input = Object.fromEntries(spellings.map(spelling => [spelling, '甲']))

  t.equal(Object.keys(input).length, 100_000)
  t.strictSame(errorsOf('staff', 'production', input), [['/staffName', 'ambiguous']])
})

t.test('a row is an object', async t => {
  for (const input of [null, undefined, 'a', 7, [], [rows.staff]]) {
    t.strictSame(errorsOf('staff', 'production', input, { pointer: '/basic' }), [
      ['/basic', 'type.object'],
    ])
  }
})

t.test('a strange member is named without its tricks, and many are named in part', async t => {
  const pointerOf = (member: string) => errorsOf('staff', 'production', { [member]: 1 })[0]?.[0]
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, i]))

  t.equal(pointerOf('a/b~c'), '/a~1b~0c')
  t.equal(pointerOf('a\u202e\0b'), '/a\ufffd\ufffdb')
  t.equal(pointerOf('x'.repeat(1_000_000)), `/${'x'.repeat(64)}`)
  t.equal(pointerOf(`${'x'.repeat(63)}😀`), `/${'x'.repeat(63)}\ufffd`)
  t.equal(errorsOf('staff', 'production', many).length, 20)
})

t.test('members that reach for prototypes are unknown, and reach nothing', async t => {
  const input = JSON.parse('{"__proto__":{"staffName":"x"},"constructor":1}')

  t.strictSame(errorsOf('staff', 'production', input), [
    ['/__proto__', 'unknownField'],
    ['/constructor', 'unknownField'],
  ])
})

for (const [name, text, rule] of [
  ['NUL', '甲\0乙', 'text.nul'],
  ['an override', '甲\u202e乙', 'text.bidi'],
  ['a right-to-left mark', '甲\u200f', 'text.bidi'],
  ['an isolate', '\u2067甲\u2069', 'text.bidi'],
  ['half a pair of surrogates', '甲\ud83d', 'text.surrogate'],
  ['a zero-width space', '甲\u200b乙', 'text.invisible'],
  ['a line break in a name', '甲\n乙', 'text.control'],
] as const) {
  t.test(`${name} is refused: ${rule}`, async t => {
    for (const profile of profileNames) {
      t.strictSame(errorsOf('basic', profile, { ...rows.basic, producerName: text }), [
        ['/producerName', rule],
      ])
    }
  })
}

t.test('emoji are no part of a registered fact; to the letter they are characters', async t => {
  for (const text of ['星环🏭', '❤\ufe0f', '🇨🇳', '1\ufe0f\u20e3']) {
    const row = { ...rows.basic, producerName: text }

    t.strictSame(errorsOf('basic', 'production', row), [['/producerName', 'text.emoji']], text)
    t.strictSame(errorsOf('basic', 'seed-strict', row), [], text)
  }
  for (const text of ['№1 星环®', '㈱星环', '𠮷野家', '星环 ①', '星环™']) {
    t.strictSame(errorsOf('basic', 'production', { ...rows.basic, producerName: text }), [], text)
  }
})

t.test('a name written from right to left is kept, and shown to the reviewer', async t => {
  for (const text of ['محمد', 'משה']) {
    const { fields, warnings } = readRow('basic', 'production', {
      ...rows.basic,
      legalRepresentative: text,
    })

    t.equal(fields['legalRepresentative'], text)
    t.match(warnings, [{ pointer: '/legalRepresentative', rule: 'text.rightToLeft' }])
  }
})

t.test('prose keeps its lines, whatever ends them', async t => {
  const { fields } = readRow('basic', 'production', {
    ...rows.basic,
    businessScope: ' 制造；\r\n\t服务。\r销售。\n ',
  })

  t.equal(fields['businessScope'], '制造；\n 服务。\n销售。')
  t.strictSame(errorsOf('basic', 'production', { ...rows.basic, businessScope: 'a\u2028b' }), [
    ['/businessScope', 'text.control'],
  ])
})

for (const value of [20210229, 20200230, 20201301, 2020, 0, -20200821, 20200821.5]) {
  t.test(`${value} is refused as a date`, async t => {
    for (const profile of profileNames) {
      t.strictSame(errorsOf('basic', profile, { ...rows.basic, issueDate: value }), [
        ['/issueDate', 'date'],
      ])
    }
  })
}

t.test('production reads ISO dates too, seed-strict numbers only', async t => {
  const row = { ...rows.basic, registerDate: '2012-02-29', operationTerm: '9999-12-31' }

  t.strictSame(readRow('basic', 'production', row).fields, rows.basic)
  t.strictSame(errorsOf('basic', 'seed-strict', row), [
    ['/registerDate', 'type.number'],
    ['/operationTerm', 'type.number'],
  ])
  for (const text of ['2021-02-29', ' 2020-13-01 ']) {
    t.strictSame(errorsOf('basic', 'production', { ...rows.basic, issueDate: text }), [
      ['/issueDate', 'date'],
    ])
  }
  for (const text of ['20200821', '2020/08/21', '昨天']) {
    t.strictSame(errorsOf('basic', 'production', { ...rows.basic, issueDate: text }), [
      ['/issueDate', 'type.number'],
    ])
  }
})

t.test('long-term is said of terms only', async t => {
  for (const profile of profileNames) {
    t.strictSame(errorsOf('basic', profile, { ...rows.basic, issueDate: 99991231 }), [
      ['/issueDate', 'date'],
    ])
  }
  t.strictSame(
    errorsOf('products', 'production', { ...rows.products, guaranteePeriod: 99991231 }),
    [],
  )
})

t.test('a licence is not older than its enterprise, nor does the term end before', async t => {
  const row = { ...rows.basic, issueDate: 20120228, operationTerm: 20120228 }

  t.strictSame(errorsOf('basic', 'production', row), [
    ['/issueDate', 'date.order'],
    ['/operationTerm', 'date.order'],
  ])
  t.strictSame(errorsOf('basic', 'seed-strict', row), [])
  t.strictSame(
    errorsOf('basic', 'production', { ...row, issueDate: 20120229, operationTerm: 20120229 }),
    [],
  )
  t.strictSame(errorsOf('basic', 'production', { ...row, registerDate: 1 }), [
    ['/registerDate', 'date'],
  ])
})

t.test('what happened did not happen tomorrow', async t => {
  const row = { ...rows.basic, issueDate: 20261124 }

  t.strictSame(errorsOf('basic', 'production', row, { today }), [['/issueDate', 'date.future']])
  t.strictSame(errorsOf('basic', 'production', { ...row, issueDate: 20261123 }, { today }), [])
  t.strictSame(errorsOf('basic', 'production', row), [])
  t.strictSame(
    errorsOf(
      'resumption',
      'production',
      { ...rows.resumption, workResumptionTime: 20270101 },
      { today },
    ),
    [],
  )
})

t.test('a period is a number of days or a last day, and nothing between', async t => {
  const errors = (guaranteePeriod: unknown) =>
    errorsOf('products', 'production', { ...rows.products, guaranteePeriod })

  for (const period of [1, 36_500, 20270820, 20200821, '2027-08-20']) {
    t.strictSame(errors(period), [], String(period))
  }
  for (const period of [0, -1, 1.5, 36_501, 20210229]) {
    t.strictSame(errors(period), [['/guaranteePeriod', 'date']], String(period))
  }
  t.strictSame(errors(20200820), [['/guaranteePeriod', 'date.order']])
})

t.test('people are whole, goods are not less than nothing, numbers are exact', async t => {
  const of = (table: TableName, name: string, value: number, profile: ProfileName = 'production') =>
    errorsOf(table, profile, { ...rows[table], [name]: value })

  t.strictSame(of('finance', 'employeeNumber', 1.5), [['/employeeNumber', 'number.whole']])
  t.strictSame(of('finance', 'employeeNumber', -1), [['/employeeNumber', 'number.negative']])
  t.strictSame(of('products', 'stock', -0.5), [['/stock', 'number.negative']])
  t.strictSame(of('products', 'stock', 2 ** 53), [['/stock', 'number.range']])
  t.strictSame(of('products', 'stock', Number.NaN), [['/stock', 'type.number']])
  t.strictSame(of('products', 'stock', -0.5, 'seed-strict'), [])
})

t.test('a pilot credit code passes with a warning, a wrong form does not', async t => {
  const { fields, warnings } = readRow(
    'basic',
    'production',
    { ...rows.basic, uscc: '91350211m00013fa1n' },
    { pointer: '/basic' },
  )

  t.equal(fields['uscc'], '91350211M00013FA1N')
  t.match(warnings, [{ pointer: '/basic/uscc', rule: 'uscc.checkSymbol' }])
  for (const [uscc, rule] of [
    ['9111010858910404', 'uscc.length'],
    ['911101085891O4047H', 'uscc.alphabet'],
    ['110101199003070011', 'uscc.residentId'],
  ]) {
    t.strictSame(errorsOf('basic', 'production', { ...rows.basic, uscc }), [['/uscc', rule]])
    t.strictSame(errorsOf('basic', 'seed-strict', { ...rows.basic, uscc }), [])
  }
})

t.test('sole traders and institutions are subjects like others', async t => {
  for (const uscc of ['92440300MA5FG7H8X5', '12100000400000624D']) {
    t.strictSame(readRow('basic', 'production', { ...rows.basic, uscc }).warnings, [], uscc)
  }
})

t.test('the credit code of a maker is read like ours', async t => {
  const row = { ...rows.equipment, manufacturerUnifiedSocialCreditCode: '9111 0108 5891 0404 7h' }

  t.strictSame(readRow('equipment', 'production', row).fields, rows.equipment)
})

t.test('a resident number is checked in production, and never repeated', async t => {
  const row = { staffId: '110101199003070088' }
  const failure = failureOf('staff', 'production', row)

  t.match(failure?.errors, [{ pointer: '/staffId', rule: 'residentId.checkSymbol' }])
  t.notMatch(JSON.stringify([failure?.message, failure?.errors]), row.staffId)
  t.strictSame(errorsOf('staff', 'seed-strict', row), [])
})

t.test('telephones are read as text or number, and kept as text', async t => {
  for (const profile of profileNames) {
    for (const [given, kept] of [
      [13800138000, '13800138000'],
      ['010-6230 5887', '01062305887'],
      ['+86 13800138000', '+8613800138000'],
    ] as const) {
      const row = { ...rows.supplies, suppliesContactNumber: given }
      t.equal(readRow('supplies', profile, row).fields['suppliesContactNumber'], kept)
    }
    for (const given of ['six', '12345678', 1062305887]) {
      const row = { ...rows.supplies, suppliesContactNumber: given }
      t.strictSame(errorsOf('supplies', profile, row), [['/suppliesContactNumber', 'phone']])
    }
    t.strictSame(errorsOf('supplies', profile, { ...rows.supplies, suppliesContactNumber: true }), [
      ['/suppliesContactNumber', 'type.number'],
    ])
  }
})

t.test('staff have mobiles in production', async t => {
  const row = { staffContactNumber: '010-62305887' }

  t.strictSame(errorsOf('staff', 'production', row), [['/staffContactNumber', 'phone']])
  t.strictSame(errorsOf('staff', 'seed-strict', row), [])
})

t.test('whatever comes in, a row or a failure comes out', async t => {
  const anything = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.double())

  fc.assert(
    fc.property(
      fc.constantFrom(...tableNames),
      fc.constantFrom(...profileNames),
      fc.infiniteStream(anything),
      (table, profile, stream) => {
        const values = tables[table].fields.map(({ name }) => [name, stream.next().value])
        try {
          readRow(table, profile, Object.fromEntries(values), { today })
          return true
        } catch (error) {
          return error instanceof Failure && error.code === 'INPUT_INVALID'
        }
      },
    ),
  )
  t.pass('nothing else')
})

t.test('what was read is read again as it is', async t => {
  for (const table of tableNames) {
    for (const profile of profileNames) {
      const { fields } = readRow(table, profile, rows[table])

      t.strictSame(readRow(table, profile, fields).fields, fields)
    }
  }
})

type Summary = readonly [pointer: string, rule: string]

function errorsOf(
  table: TableName,
  profile: ProfileName,
  input: unknown,
  context?: RowContext,
): Summary[] {
  const errors: readonly FieldError[] = failureOf(table, profile, input, context)?.errors ?? []
  return errors.map(({ pointer, rule }) => [pointer, rule])
}

function failureOf(
  table: TableName,
  profile: ProfileName,
  input: unknown,
  context?: RowContext,
): Failure | undefined {
  try {
    readRow(table, profile, input, context)
    return undefined
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}
