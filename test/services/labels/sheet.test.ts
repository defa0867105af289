import t from 'tap'
import { paperNames, printSheet, sheetLabelsMax } from '../../../src/services/labels/sheet.ts'
import { paintSvg, scan } from './read-label.ts'

const subject = { code: '88.118.1/1XJRACLXEEWEA9', name: '深圳示例<b>精密</b>制造有限公司' }
const other = { code: '88.118.1/19E2ENF6AR4LJ3', name: '北京示例工业计量研究院' }

function sheet(paper: (typeof paperNames)[number], subjects: readonly (typeof subject)[]) {
  return [
    ...printSheet({
      publicUrl: 'https://id.example.cn',
      paper,
      level: 'M',
      things: subjects,
      copies: 1,
    }),
  ].join('')
}

t.test(
  'a roll has a page of its label’s size for each code, and every symbol on it reads',
  async t => {
    const rolls = paperNames.filter(name => name !== 'a4-3x8')
    t.strictSame(rolls, ['30x20', '40x30', '45x30', '60x40', '70x50'])

    for (const paper of rolls) {
      const text = sheet(paper, [subject, other])
      const [width, height] = paper.split('x')
      const symbols = [...text.matchAll(/<svg.*?<\/svg>/g)].map(([svg]) => scan(paintSvg(svg)))

      t.ok(text.includes(`@page{size:${width}mm ${height}mm;margin:0}`), paper)
      t.equal(text.match(/<section>/g)?.length, 2)
      t.strictSame(symbols, [
        'HTTPS://ID.EXAMPLE.CN/C/88.118.1/1XJRACLXEEWEA9',
        'HTTPS://ID.EXAMPLE.CN/C/88.118.1/19E2ENF6AR4LJ3',
      ])
    }
  },
)

t.test('A4 holds three columns of eight with marks to cut along', async t => {
  const text = sheet(
    'a4-3x8',
    Array.from({ length: 25 }, () => subject),
  )
  const [first = '', second = ''] = text.split('<section>').slice(1)

  t.ok(text.includes('@page{size:210mm 297mm;margin:0}'))
  t.equal(first.match(/<figure>/g)?.length, 24)
  t.equal(second.match(/<figure>/g)?.length, 1)
  // Two ends of six column edges and of nine row edges.
  t.equal(/class="cut".*?d="([^"]*)"/.exec(first)?.[1]?.match(/M/g)?.length, 30)
  t.equal(text.match(/<section>/g)?.length, text.match(/<\/section>/g)?.length)
})

t.test('a label is read in the groups of its code, and a name is only text', async t => {
  const text = sheet('40x30', [subject])

  t.match(text, /<b>1XJRA-<br>CLXE-<br>EWEA9<\/b>/)
  t.ok(text.includes('深圳示例&#60;b&#62;精密&#60;/<wbr>b&#62;制造有限公司'))
  t.notMatch(text, /<script|https:\/\/|src=|href=/)
})

t.test('a sheet has an end', async t => {
  const many = Array.from({ length: sheetLabelsMax + 1 }, () => subject)

  t.throws(() => sheet('30x20', many), { code: 'TOO_LARGE' })
})
