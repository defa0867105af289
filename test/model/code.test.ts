import t from 'tap'
import {
  checkSymbolOf,
  codeAlphabet,
  hasRightCheckSymbol,
  normaliseCode,
  printCode,
  suggestCodes,
} from '../../src/model/code.ts'

const codes = [
  '1Q26H7HETGLAYJ',
  '1XJRACLXEEWEA9',
  '19E2ENF6AR4LJ3',
  '1NEKL7R8AHD54B',
  '1WHE6XGMW3KG99',
  '2DP2AW9QRGGDPD',
  '38JRDEJHTN46WU',
]

t.test('the published codes have right check symbols', async t => {
  for (const code of codes) {
    t.ok(hasRightCheckSymbol(code), code)
    t.equal(checkSymbolOf(code.slice(0, -1)), code.at(-1))
  }
})

t.test('every substitution and every swap of two symbols is detected', async t => {
  let [substitutions, swaps, missed] = [0, 0, 0]

  for (const code of codes) {
    for (let i = 0; i < code.length; i++) {
      for (const symbol of codeAlphabet) {
        if (symbol === code[i]) continue
        substitutions++
        if (hasRightCheckSymbol(code.slice(0, i) + symbol + code.slice(i + 1))) missed++
      }
      for (let j = i + 1; j < code.length; j++) {
        if (code[i] === code[j]) continue
        swaps++
        const swapped = [...code]
        ;[swapped[i], swapped[j]] = [swapped[j]!, swapped[i]!]
        if (hasRightCheckSymbol(swapped.join(''))) missed++
      }
    }
  }

  t.equal(substitutions, codes.length * 14 * 30)
  t.ok(swaps > 500)
  t.equal(missed, 0)
})

t.test('spellings fold: groups, case, width, dashes, and letters the alphabet avoids', async t => {
  for (const text of [
    '1XJRACLXEEWEA9',
    '1XJRA-CLXE-EWEA9',
    '1xjra clxe ewea9',
    ' 1XJRA–CLXE—EWEA9 ',
    '1XJRA·CLXE·EWEA9',
    '１ＸＪＲＡ－ＣＬＸＥ－ＥＷＥＡ９',
    'IXJRACLXEEWEA9',
    'ixjraclxeewea9',
  ]) {
    t.equal(normaliseCode(text), '1XJRACLXEEWEA9', text)
  }
  t.equal(normaliseCode('OIZSV000000000'), '0125U000000000')
})

t.test('what is not 14 symbols of the alphabet is no code', async t => {
  for (const text of [
    '',
    '1XJRACLXEEWEA',
    '1XJRACLXEEWEA99',
    '1XJRACLXEEWE.9',
    '1XJRACLXEEWEß',
    `1XJRACLXEEWEA9${' '.repeat(40)}`,
  ]) {
    t.equal(normaliseCode(text), undefined, text)
  }
})

t.test('codes are shown in groups of 5, 4 and 5', async t => {
  t.equal(printCode('1XJRACLXEEWEA9'), '1XJRA-CLXE-EWEA9')
})

t.test('a swap, a look-alike and a wrong check symbol are suggested away', async t => {
  t.equal(suggestCodes('1JXRACLXEEWEA9')[0], '1XJRACLXEEWEA9')
  t.ok(suggestCodes('1XJPACLXEEWEA9').includes('1XJRACLXEEWEA9'))
  t.ok(suggestCodes('1XJRACLXEEWEA8').includes('1XJRACLXEEWEA9'))
  for (const code of codes) {
    const mistyped = (code[0] === '4' ? '5' : '4') + code.slice(1)
    const suggestions = suggestCodes(mistyped)
    t.ok(suggestions.length >= 1 && suggestions.length <= 5)
    t.ok(suggestions.every(hasRightCheckSymbol))
  }
})
