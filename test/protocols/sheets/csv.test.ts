import iconv from 'iconv-lite'
import t from 'tap'
import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import { rowBytesMax } from '../../../src/protocols/sheets/sheet-bounds.ts'
import { bounds, inPieces, readFile, rowsOf } from './a-sheet.ts'

t.test('commas, tabs and semicolons are told apart by the header', async t => {
  for (const [separator, file] of Object.entries({
    comma: 'a,b\n1,"x;y"\n',
    tab: 'a\tb\n1\t"x;y"\n',
    semicolon: 'a;b\n1;"x;y"\n',
    'one in quotes': '"a",b\r\n1,x;y\r\n',
    'as Excel is told': 'sep=;\r\na;b\r\n1;"x;y"\r\n',
  })) {
    const { columns, rows } = await readFile(file)

    t.same(columns, ['a', 'b'], separator)
    t.same(rows, [{ row: 1, cells: { a: '1', b: 'x;y' } }], separator)
  }
})

t.test('quotes hold separators, quotes and line ends; others are characters', async t => {
  const { rows } = await readFile('a,b\r\n"1, ""one""","two\r\nlines"\r\n5" pipe,"x" y\r\n')

  t.same(
    rows.map(({ cells }) => cells),
    [
      { a: '1, "one"', b: 'two\r\nlines' },
      { a: '5" pipe', b: '"x" y' },
    ],
  )
})

t.test('rows end as any system ends them, the last one also without an end', async t => {
  for (const end of ['\n', '\r\n', '\r']) {
    const { rows } = await readFile(['a,b', '1,2', '3,4'].join(end))

    t.same(
      rows.map(({ cells }) => cells),
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
      JSON.stringify(end),
    )
  }
})

t.test(
  'empty rows are passed over and counted, empty columns behind the last are forgiven',
  async t => {
    const { columns, rows } = await readFile('a,b,,\n1,2,,\n,,,\n\n3,4,,\n')

    t.same(columns, ['a', 'b'])
    t.same(
      rows.map(({ row }) => row),
      [1, 4],
    )
  },
)

t.test('a ragged row is refused with its number, and the next ones are read', async t => {
  const { rows } = await readFile('a,b\n1\n1,2,3\n1,2\n')

  t.match(rows, [
    {
      row: 1,
      refusal: { rule: 'sheet.ragged', detail: { en: 'it has 1 cells, and there are 2 columns' } },
    },
    { row: 2, refusal: { rule: 'sheet.ragged' } },
    { row: 3, cells: { a: '1', b: '2' }, refusal: undefined },
  ])
})

t.test('digits that are lost are refused, and not when they are a text', async t => {
  const { rows } = await readFile("a\n6.90123E+17\n'6.90123E+17\n")

  t.match(rows, [
    { row: 1, refusal: { pointer: '/a', rule: 'sheet.digitsLost' } },
    { row: 2, cells: { a: '6.90123E+17' }, refusal: undefined },
  ])
})

t.test('a header names each column once', async t => {
  const refused = {
    'sheet.empty': ['', '\n', ',,\n1,2,3\n'],
    'sheet.namelessColumn': ['a,,b\n'],
    'sheet.repeatedColumn': ['URL,ＵＲＬ\n', 'a, a\n'],
  }
  for (const [rule, files] of Object.entries(refused)) {
    for (const file of files) {
      await t.rejects(
        readFile(file),
        { code: 'INPUT_INVALID', errors: [{ rule }] },
        JSON.stringify(file),
      )
    }
  }
  await t.rejects(readFile(`${Array.from({ length: 1025 }, (_, at) => at).join(',')}\n`), {
    code: 'TOO_LARGE',
  })
})

t.test('names of columns that objects have of themselves are names', async t => {
  const { rows } = await readFile('identifier,__proto__,constructor\n1,2,3\n')

  t.same(Object.entries(rows[0]?.cells ?? {}), [
    ['identifier', '1'],
    ['__proto__', '2'],
    ['constructor', '3'],
  ])
})

const chinese = '标识,名称\n88.118.8/轴承-１,“深沟球轴承”\n'

t.test('UTF-8, GB18030 and UTF-16 are told apart, with and without a mark', async t => {
  const files: readonly [string, string, Buffer][] = [
    ['UTF-8', 'utf-8', Buffer.from(chinese)],
    ['UTF-8 with a mark', 'utf-8', Buffer.from(`\ufeff${chinese}`)],
    ['GBK', 'gb18030', iconv.encode(chinese, 'gbk')],
    ['GB18030, four bytes', 'gb18030', iconv.encode(`${chinese}𠮷,é\n`, 'gb18030')],
    ['UTF-16LE', 'utf-16le', iconv.encode(chinese, 'utf-16le')],
    ['UTF-16LE with a mark', 'utf-16le', iconv.encode(chinese, 'utf-16le', { addBOM: true })],
    ['UTF-16BE', 'utf-16be', iconv.encode(chinese, 'utf-16be')],
    ['UTF-16BE with a mark', 'utf-16be', iconv.encode(chinese, 'utf-16be', { addBOM: true })],
  ]
  for (const [what, charset, file] of files) {
    const read = await readFile(file)

    t.equal(read.charset, charset, what)
    t.same(read.columns, ['标识', '名称'], what)
    t.same(read.rows[0]?.cells, { 标识: '88.118.8/轴承-１', 名称: '“深沟球轴承”' }, what)
  }
})

t.test('characters that lie across the blocks of a long file are whole', async t => {
  const line = '𠮷轴承é,x\n'
  const text = `a,b\n${line.repeat(20_000)}`
  for (const charset of ['utf-8', 'gb18030', 'utf-16le', 'utf-16be']) {
    const mark = charset === 'utf-16be' ? { addBOM: true } : {}
    const bytes = iconv.encode(text, charset, mark)
    for (const pieceBytes of [65_537, 99_991]) {
      const sheet = await openSheet(inPieces(bytes, pieceBytes), 'csv', bounds)
      const rows = await rowsOf(sheet)

      t.equal(rows.length, 20_000, `${charset} ${pieceBytes}`)
      t.ok(
        rows.every(({ cells }) => cells['a'] === '𠮷轴承é'),
        `${charset} ${pieceBytes}`,
      )
    }
  }
})

t.test('a file that begins with much ASCII is judged by what comes behind', async t => {
  const ascii = `a,b\n${'1,2\n'.repeat(30_000)}`
  for (const [charset, encoding] of [
    ['gb18030', 'gbk'],
    ['utf-8', 'utf-8'],
  ] as const) {
    const sheet = await openSheet(
      inPieces(iconv.encode(`${ascii}3,轴承\n`, encoding), 4096),
      'csv',
      bounds,
    )
    const rows = await rowsOf(sheet)

    t.equal(rows.at(-1)?.cells['b'], '轴承')
    t.equal(sheet.charset, charset)
  }
})

t.test(
  'a byte that is none of the charset ends the file with an error that names its row',
  async t => {
    const good = '1,轴承\n'.repeat(9_999)
    const files = {
      'UTF-8': Buffer.concat([
        Buffer.from(`a,b\n${good}1,`),
        Buffer.from('d6e1', 'hex'),
        Buffer.from('\n'),
      ]),
      GB18030: Buffer.concat([
        iconv.encode(`a,b\n${good}1,`, 'gbk'),
        Buffer.from('ff', 'hex'),
        Buffer.from('\n'),
      ]),
      'UTF-16LE': Buffer.concat([
        iconv.encode(`a,b\n${good}1,`, 'utf-16le'),
        Buffer.from('00d80a00', 'hex'),
      ]),
    }
    for (const [charset, file] of Object.entries(files)) {
      const sheet = await openSheet(inPieces(file, 10_007), 'csv', bounds)

      await t.rejects(rowsOf(sheet), {
        code: 'INPUT_INVALID',
        errors: [{ pointer: '/10000', rule: 'sheet.charset', detail: { en: new RegExp(charset) } }],
      })
    }
  },
)

t.test('a file that ends within a character is damaged', async t => {
  for (const bytes of [
    Buffer.from('a,b\n1,轴').subarray(0, -1),
    Buffer.from('a,b\n1,é,轴承轴承').subarray(0, -2),
    iconv.encode('标,b\n1,轴', 'utf-16le').subarray(0, -1),
  ]) {
    await t.rejects(readFile(bytes), { errors: [{ rule: 'sheet.charset' }] })
  }
})

t.test(
  'a quote that is not closed is told with its row, before the rest of the file is swallowed',
  async t => {
    const long = `a,b\n1,2\n1,"${'x\n'.repeat(rowBytesMax)}`

    await t.rejects(readFile('a,b\n1,2\n1,"x\n1,2\n'), {
      errors: [{ pointer: '/2', rule: 'sheet.quote' }],
    })
    await t.rejects(openSheet(inPieces(long, 50_000), 'csv', bounds).then(rowsOf), {
      code: 'TOO_LARGE',
      detail: { en: /^row 2: / },
    })
  },
)

t.test('what is wrong with the header is said of the header', async t => {
  const endless = `"${'x'.repeat(2 * rowBytesMax)}`
  const damaged = Buffer.concat([
    Buffer.from('标识,'),
    Buffer.from('ff', 'hex'),
    Buffer.from('\n1,2\n'),
  ])

  await t.rejects(readFile('"a,b\n1,2\n'), { errors: [{ pointer: '/0', rule: 'sheet.quote' }] })
  await t.rejects(openSheet(inPieces(endless, 99_999), 'csv', bounds), {
    code: 'TOO_LARGE',
    detail: { en: /^the header: / },
  })
  await t.rejects(readFile(damaged), { code: 'INPUT_INVALID' })
})

t.test('bytes and rows have bounds', async t => {
  await t.rejects(readFile('a,b\n1,2\n', 'csv', { bytesMax: 7 }), {
    code: 'TOO_LARGE',
    facts: { bytesMax: 7 },
  })
  await t.rejects(readFile('a\n1\n2\n3\n', 'csv', { rowsMax: 2 }), {
    code: 'TOO_LARGE',
    facts: { rowsMax: 2 },
  })
  t.equal((await readFile('a\n1\n2\n', 'csv', { rowsMax: 2 })).rows.length, 2)
})

t.test('a text with NUL is refused with its row', async t => {
  const { rows } = await readFile('\ufeffa\nx\0y\n')

  t.match(rows, [{ row: 1, refusal: { pointer: '/a', rule: 'sheet.text' } }])
})

t.test(
  'a hundred thousand rows come in chunks, no faster than they are taken, in little memory',
  async t => {
    const rowCount = 100_000
    let taken = 0
    async function* lines() {
      yield Buffer.from('identifier,kind,URL,名称\n')
      for (let at = 0; at < rowCount; at += 1_000) {
        taken = at
        const block = Array.from(
          { length: 1_000 },
          (_, row) => `88.118.8/item-${at + row},product,https://example.com/${at + row},轴承\n`,
        )
        yield Buffer.from(block.join(''))
      }
    }
    const sheet = await openSheet(lines(), 'csv', bounds)
    const before = process.memoryUsage().heapUsed
    let rows = 0
    let peak = 0
    for await (const chunk of sheet.rows) {
      rows += chunk.length
      t.ok(chunk.length <= 500)
      t.ok(taken - rows < 10_000, 'nothing is read far ahead')
      peak = Math.max(peak, process.memoryUsage().heapUsed - before)
    }

    t.equal(rows, rowCount)
    t.ok(peak < 100 * 2 ** 20, `${peak} bytes beside what was there`)
  },
)
