import t from 'tap'
import { isCivilDay, numberOfIsoDay } from '../../src/schemas/civil-day.ts'

for (const day of [20200229, 20000229, 19491001, 99991231, 10000101, 20241231]) {
  t.test(`${day} is a day`, async t => {
    t.ok(isCivilDay(day))
  })
}

for (const number of [
  20210229,
  19000229,
  20200230,
  20201301,
  20200001,
  20200100,
  20200431,
  2020821,
  202008210,
  0,
  -20200821,
  20200821.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
]) {
  t.test(`${number} is no day`, async t => {
    t.notOk(isCivilDay(number))
  })
}

t.test('only the extended form of ISO 8601 is read', async t => {
  t.equal(numberOfIsoDay('2020-02-30'), 20200230)
  for (const text of ['20200821', '2020-8-21', '2020-08-21T00:00:00Z', '2020/08/21', '']) {
    t.equal(numberOfIsoDay(text), undefined, text)
  }
})
