import t from 'tap'
import { drawSymbol, errorLevels, readSymbol } from '../../../src/services/labels/symbol.ts'

const text = 'HTTPS://ID.EXAMPLE.CN/C/88.118.1/1XJRACLXEEWEA9'

t.test('a symbol that does not read as its text is not drawn', async t => {
  t.throws(() => drawSymbol(text, 'M', () => undefined), { name: 'AssertionError' })
  t.throws(() => drawSymbol(text, 'M', () => `${text}1`), { name: 'AssertionError' })
})

t.test('more error correction makes a larger symbol, and all read the same', async t => {
  const symbols = errorLevels.map(level => drawSymbol(text, level))

  t.strictSame(
    symbols.map(({ modules }) => modules),
    [25, 29, 29, 33],
  )
  for (const symbol of symbols) t.equal(readSymbol(symbol), text)
})

t.test('capitals take the alphanumeric mode, and are smaller for it', async t => {
  t.ok(drawSymbol(text, 'M').modules < drawSymbol(text.toLowerCase(), 'M').modules)
})

t.test('every symbol up to the longest identifier can be drawn', async t => {
  for (const level of errorLevels) {
    const long = `https://id.example.cn/r/${'%E9%95%BF'.repeat(85)}`
    t.equal(drawSymbol(long, level).text, long, level)
  }
})

t.test('around the symbol all is light', async t => {
  const { modules, isDark } = drawSymbol(text, 'M')

  for (const place of [-4, -1, modules, modules + 3]) {
    for (let along = -4; along < modules + 4; along++) {
      if (isDark(place, along) || isDark(along, place)) t.fail(`${place} ${along} is dark`)
    }
  }
  t.ok(isDark(0, 0) && isDark(modules - 1, 0) && isDark(0, modules - 1))
})
