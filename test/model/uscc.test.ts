import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../src/model/failures.ts'
import { parseUscc, parseUsccLeniently } from '../../src/model/uscc.ts'

const valid = [
  '91110108589104047H',
  '91110000600037341L',
  '91310110666007217T',
  '91310115591693856A',
  '12100000400000624D',
  '91230100MA00000156',
  '91110108MA01ABCD5T',
  '92440300MA5FG7H8X5',
  '93320500MA1X2Y3W37',
  '5142000050000012X5',
  'N2370200MF1234567K',
  'Y1310000MB00000198',
  '91110108MA10000920',
  '91110108MA1000201Y',
  '91110108MA100152X0',
]

for (const code of valid) {
  t.test(`${code} is valid`, async t => {
    t.equal(parseUscc(code).text, code)
    t.same(parseUsccLeniently(code).warnings, [])
  })
}

const refused = [
  ['911101085891O4047H', 'uscc.alphabet'],
  ['91110108589104047', 'uscc.length'],
  ['91110108589104047J', 'uscc.checkSymbol'],
  ['91350211M00013FA1N', 'uscc.checkSymbol'],
  ['A1110000600037341L', 'uscc.checkSymbol'],
  ['110108012345678', 'uscc.oldLicence'],
  ['58910404-7', 'uscc.organisationCode'],
  ['MA1X2Y3W3', 'uscc.organisationCode'],
  ['11010519491231002X', 'uscc.residentId'],
  ['0111010858910404７H', 'uscc.form'],
  ['9'.repeat(1_000_000), 'uscc.length'],
] as const

for (const [code, rule] of refused) {
  t.test(`${code.slice(0, 20)} is refused: ${rule}`, async t => {
    t.throws(() => parseUscc(code), { code: 'INPUT_INVALID', errors: [{ pointer: '/uscc', rule }] })
  })
}

t.test('spellings fold: blanks, hyphens, width and case', async t => {
  for (const text of [
    ' 91110108589104047h',
    '9111 0108 5891 0404 7H',
    '91110108-58910404-7H',
    '９１１１０１０８５８９１０４０４７Ｈ',
  ]) {
    t.equal(parseUscc(text).text, '91110108589104047H', text)
  }
})

t.test('a code says category, nature, region and organisation code', async t => {
  t.match(parseUscc('91110108589104047H'), {
    category: '91',
    nature: 'company',
    region: '110108',
    organisationCode: '589104047',
  })
  t.equal(parseUscc('12100000400000624D').nature, 'institution')
  t.equal(parseUscc('92440300MA5FG7H8X5').nature, 'individualBusiness')
})

t.test('lenient reading keeps a pilot code with its warnings', async t => {
  const { uscc, warnings } = parseUsccLeniently('91350211M00013FA1N')

  t.equal(uscc.text, '91350211M00013FA1N')
  t.ok(warnings.some(warning => warning.rule === 'uscc.checkSymbol'))
})

t.test('lenient reading still refuses a wrong form and a resident number', async t => {
  t.throws(() => parseUsccLeniently('911101085891O4047H'), { code: 'INPUT_INVALID' })
  t.throws(() => parseUsccLeniently('110101199003070011'), {
    errors: [{ rule: 'uscc.residentId' }],
  })
})

t.test('the refusal of a resident number does not repeat it', async t => {
  try {
    parseUscc('11010519491231002X')
    t.fail('accepted')
  } catch (error) {
    t.notMatch(JSON.stringify(error), '11010519491231002X')
    t.notMatch((error as Error).message, '11010519491231002X')
  }
})

t.test('every substitution of one symbol is detected', async t => {
  const code = '91110108589104047H'
  let caught = 0

  for (let i = 0; i < code.length; i++) {
    for (const symbol of '0123456789ABCDEFGHJKLMNPQRTUWXY') {
      if (symbol === code[i]) continue
      try {
        parseUscc(code.slice(0, i) + symbol + code.slice(i + 1))
      } catch {
        caught++
      }
    }
  }

  t.equal(caught, 540)
})

t.test('no text makes anything but a failure', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      try {
        parseUsccLeniently(text)
        return true
      } catch (error) {
        return error instanceof Failure
      }
    }),
  )
  t.pass('failures only')
})
