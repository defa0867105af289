import t from 'tap'
import {
  looksLikeResidentId,
  maskResidentId,
  parseResidentId,
} from '../../src/model/resident-id.ts'

const today = '2026-11-23'

for (const number of [
  '11010519491231002X',
  '440524188001010014',
  '110101199003070011',
  '110101199003070089',
  '310104200002290030',
  '440306198501011238',
  '360426199101010071',
]) {
  t.test(`${number} is valid`, async t => {
    t.equal(parseResidentId(number, today).number, number)
    t.ok(looksLikeResidentId(number))
  })
}

for (const [number, rule] of [
  ['110101199003070088', 'checkSymbol'],
  ['310104200102290030', 'birthDate'],
  ['412724197805022136', 'checkSymbol'],
  ['11010119900307', 'form'],
  ['010101199003070011', 'form'],
  ['1'.repeat(1_000_000), 'form'],
] as const) {
  t.test(`${number.slice(0, 20)} is refused: ${rule}`, async t => {
    t.throws(() => parseResidentId(number, today), {
      code: 'INPUT_INVALID',
      errors: [{ pointer: '/residentId', rule: `residentId.${rule}` }],
    })
    t.notOk(looksLikeResidentId(number))
  })
}

t.test('the old form of 15 digits becomes 18', async t => {
  t.equal(parseResidentId('110105491231002', today).number, '11010519491231002X')
})

t.test('spellings fold, and the number says region, birthday and sex', async t => {
  t.same(parseResidentId(' 110105 19491231 002x', today), {
    number: '11010519491231002X',
    region: '110105',
    bornOn: '1949-12-31',
    sex: 'female',
  })
  t.equal(parseResidentId('440524188001010014', today).sex, 'male')
})

t.test('nobody is born tomorrow', async t => {
  t.doesNotThrow(() => parseResidentId('110101199003070011', '1990-03-07'))
  t.throws(() => parseResidentId('110101199003070011', '1990-03-06'), {
    errors: [{ rule: 'residentId.birthDate' }],
  })
})

t.test('shown, it keeps three characters and four', async t => {
  t.equal(maskResidentId('11010519491231002X'), '110***********002X')
})
