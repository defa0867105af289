import t from 'tap'
import {
  dark,
  light,
  type Palette,
  pageStyle,
} from '../../../../src/protocols/http/pages/page-style.ts'

// WCAG 2.2 §1.4.3
t.test('every text stands out from its ground, by day and by night', async t => {
  for (const palette of [light, dark]) {
    for (const [ink, ground] of pairs(palette)) {
      t.ok(contrast(ink, ground) >= 4.5, `${ink} on ${ground}: ${contrast(ink, ground).toFixed(2)}`)
    }
  }
})

t.test('contrast is what the standard says', async t => {
  t.equal(contrast('#000000', '#ffffff'), 21)
  t.ok(Math.abs(contrast('#777777', '#ffffff') - 4.48) < 0.01)
})

t.test('the style loads nothing', async t => {
  t.notMatch(pageStyle, /url\(|@import|@font-face/)
})

function pairs({
  ground,
  ink,
  faint,
  link,
  good,
  goodGround,
  warning,
  warningGround,
  bad,
  badGround,
}: Palette) {
  return [
    [ink, ground],
    [faint, ground],
    [link, ground],
    [good, goodGround],
    [warning, warningGround],
    [bad, badGround],
  ] as const
}

function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map(at => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
