import t from 'tap'
import { makeCodeCipher } from '../../../src/crypto/code-cipher.ts'
import { codeAlphabet } from '../../../src/model/code.ts'
import { glyphs } from '../../../src/services/labels/glyphs.ts'
import {
  codeLabel,
  identifierLabel,
  modulesAcross,
  withoutText,
} from '../../../src/services/labels/label.ts'
import { labelToPng } from '../../../src/services/labels/label-png.ts'
import { labelToSvg } from '../../../src/services/labels/label-svg.ts'
import { errorLevels, quietModules } from '../../../src/services/labels/symbol.ts'
import { codePrefix } from '../../support/builders.ts'
import { paintSvg, readPng, scan } from './read-label.ts'

const publicUrl = 'https://id.example.cn'
const style = { sizeMm: 20, level: 'M' } as const
const subject = { code: '88.118.1/1XJRACLXEEWEA9', name: '深圳示例精密制造有限公司' }

t.test(
  '200 labels of different codes read as their codes, from pixels and from shapes',
  async t => {
    const cipher = makeCodeCipher({
      prefix: codePrefix,
      keys: [
        {
          version: 1,
          algorithm: 'sm4',
          key: Buffer.from('0123456789abcdeffedcba9876543210', 'hex'),
          state: 'active',
          filter: true,
        },
      ],
    })
    const wrong: string[] = []

    for (let seq = 1; seq <= 200; seq++) {
      const code = `${codePrefix}/${cipher.encode(seq, 1)}`
      const level = errorLevels[seq % errorLevels.length] ?? 'M'
      const label = codeLabel(publicUrl, { code, name: `企业 ${seq}` }, { sizeMm: 15, level })
      const expected = `HTTPS://ID.EXAMPLE.CN/C/${code}`
      if (scan(readPng(labelToPng(label))) !== expected) wrong.push(`${code} ${level} png`)
      if (scan(paintSvg(labelToSvg(label))) !== expected) wrong.push(`${code} ${level} svg`)
    }

    t.strictSame(wrong, [])
  },
)

t.test(
  'the label of a code is small: version 3 at M, in capitals, and nothing but the code',
  async t => {
    const { symbol } = codeLabel(publicUrl, subject, style)

    t.equal(symbol.text, 'HTTPS://ID.EXAMPLE.CN/C/88.118.1/1XJRACLXEEWEA9')
    t.equal(symbol.modules, 29)
  },
)

t.test('any identifier gets a label that opens its page', async t => {
  const texts = [
    '88.118.8/ABC-1',
    '01/06901234567892/10/LOT%1',
    '88.118.8/产品 一',
    `88.1/${'长'.repeat(80)}`,
  ]

  for (const text of texts) {
    const label = identifierLabel(publicUrl, text, { sizeMm: 60, level: 'M' })
    t.equal(scan(paintSvg(labelToSvg(label))), label.symbol.text, text)
    t.equal(decodeURIComponent(label.symbol.text.slice(`${publicUrl}/r/`.length)), text)
  }
})

t.test('an image says how large it is printed', async t => {
  const label = codeLabel(publicUrl, subject, style)
  const png = labelToPng(label)
  const pixelsPerMetre = png.readUInt32BE(png.indexOf('pHYs') + 4)
  const svg = labelToSvg(label)

  t.ok(Math.abs((readPng(png).width / pixelsPerMetre) * 1000 - 20) < 0.01)
  t.ok(pixelsPerMetre > 300 / 0.0254)
  t.match(svg, /width="20mm" height="2\d(?:\.\d+)?mm"/)
})

t.test('nothing is printed within four modules of the symbol', async t => {
  const label = codeLabel(publicUrl, subject, style)
  const { width, data } = readPng(labelToPng(withoutText(label)))
  const quiet = (width / modulesAcross(label.symbol)) * quietModules
  const dark = []
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) if (data[(y * width + x) * 4] === 0) dark.push([x, y] as const)
  }

  t.equal(quietModules, 4)
  t.equal(Math.min(...dark.map(([x]) => x)), quiet)
  t.equal(Math.min(...dark.map(([, y]) => y)), quiet)
  t.equal(Math.max(...dark.map(([x]) => x)), width - quiet - 1)
  t.equal(Math.max(...dark.map(([, y]) => y)), width - quiet - 1)
})

t.test('below the symbol people read the code in its groups and whose it is', async t => {
  const label = codeLabel(publicUrl, subject, style)
  const svg = labelToSvg(label)

  t.match(svg, />1XJRA-CLXE-EWEA9<\/text>/)
  t.match(svg, />深圳示例精密制造有限公司<\/text>/)
  t.notMatch(labelToSvg(withoutText(label)), /<text/)
  t.ok(readPng(labelToPng(label)).height > readPng(labelToPng(withoutText(label))).height)
  t.strictSame(Object.keys(glyphs).sort(), [...codeAlphabet, '-'].sort())
})

t.test('a name is text, whatever it holds, and cut where it does not fit', async t => {
  const name = `<script>alert(1)</script>"'&\u202e\0${'名'.repeat(200)}`
  const svg = labelToSvg(codeLabel(publicUrl, { ...subject, name }, style))
  const [, shown = ''] = /font-family="sans-serif"[^>]*>([^<]*)</.exec(svg) ?? []

  t.notMatch(svg, /<script|\u202e|\0/)
  t.match(shown, /^&#60;script&#62;.*…$/)
  t.ok(shown.length < 120)
})

t.test('a symbol too small to be scanned is refused with the size it needs', async t => {
  const tooSmall = () =>
    identifierLabel(publicUrl, `88.118.8/${'A'.repeat(200)}`, { sizeMm: 10, level: 'H' })

  t.throws(tooSmall, {
    code: 'INPUT_INVALID',
    errors: [{ pointer: '/size', rule: 'qr.moduleTooSmall' }],
  })
  const needed = Number(/at least (\d+) mm/.exec(messageOf(tooSmall))?.[1])
  const label = identifierLabel(publicUrl, `88.118.8/${'A'.repeat(200)}`, {
    sizeMm: needed,
    level: 'H',
  })
  t.ok(needed / modulesAcross(label.symbol) >= 0.25)
})

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return String(error)
  }
  return ''
}
