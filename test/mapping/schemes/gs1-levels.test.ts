import t from 'tap'
import { levelOf, levelsAbove } from '../../../src/mapping/schemes/gs1-levels.ts'
import { names } from '../../support/builders.ts'

const textsAbove = (text: string) => levelsAbove(names.parse(text)).map(level => level.text)

t.test('a serial is looked for without its lot before its lot is, and its item last', async t => {
  t.strictSame(textsAbove('01/06901234567892/10/L%2F1/21/S1'), [
    '01/06901234567892/21/S1',
    '01/06901234567892/10/L%2F1',
    '01/06901234567892',
  ])
})

t.test(
  'three qualifiers have seven levels above, each an identifier in its normal form',
  async t => {
    const asked = names.parse('01/06901234567892/22/V/10/L/21/S')
    const above = levelsAbove(asked)

    t.equal(above.length, 7)
    for (const level of above) t.strictSame(level, names.parse(level.text))
  },
)

t.test('a key without qualifiers, and what is not GS1, has nothing above', async t => {
  for (const text of ['01/06901234567892', '88.118.8/a/b/c/d', '2.999.1.7', '1XJRACLXEEWEA9']) {
    t.strictSame(textsAbove(text), [])
  }
})

for (const [text, level] of [
  ['01/06901234567892', 'class'],
  ['01/06901234567892/22/V', 'variant'],
  ['01/06901234567892/22/V/10/L', 'batch'],
  ['01/06901234567892/10/L/21/S', 'instance'],
  ['414/6901234500004/254/7', 'part'],
] as const) {
  t.test(`${text} stands for a ${level}`, async t => {
    t.equal(levelOf(names.parse(text)), level)
  })
}
