import t from 'tap'
import { isRefused, names, readsAs } from './spellings.ts'

readsAs('gs1', '01/06901234567892', [
  '6901234567892',
  '06901234567892',
  '690-1234-567892',
  '690 1234 567892',
  '６９０１２３４５６７８９２',
  '(01)06901234567892',
  '（01）06901234567892',
  '(01) 06901234567892 (17) 261231',
  ']C10106901234567892',
  'https://id.example.cn/01/06901234567892',
  'https://id.example.cn/01/6901234567892/',
  'https://id.example.cn/some/stem/01/06901234567892?17=261231&linkType=all',
  '/01/06901234567892',
  '01/6901234567892?3103=000500',
])
readsAs('gs1', '01/06901234567892/10/LOT1/21/S1', [
  'https://id.example.cn/01/06901234567892/10/LOT1/21/S1?17=261231',
  '(01)06901234567892(10)LOT1(21)S1',
  '(01)06901234567892(21)S1(17)261231(10)LOT1',
  ']d2010690123456789217261231' + '10LOT1\x1d21S1',
  '\x1d010690123456789210LOT1\x1d21S1',
  '010690123456789210LOT1\x1d21S1',
])
readsAs('gs1', '01/06901234567892/21/S1', ['urn:epc:id:sgtin:6901234.056789.S1'])
readsAs('gs1', '01/06901234567892/10/L1', ['urn:epc:class:lgtin:6901234.056789.L1'])
readsAs('gs1', '01/06901234567892/10/L%2F1', [
  'https://id.example.cn/01/06901234567892/10/L%2f1',
  '(01)06901234567892(10)L/1',
])
readsAs('gs1', '01/06901234567892/10/a%28%29%25', ['https://x.cn/01/06901234567892/10/a()%25'])
readsAs('gs1', '01/00000069012341', ['69012341'])
readsAs('gs1', '01/00614141000036', ['614141000036'])
readsAs('gs1', '01/16901234567899', ['16901234567899'])
readsAs('gs1', '00/369012345000000012', [
  '369012345000000012',
  '3 6901234 500000001 2',
  '(00)369012345000000012',
  'urn:epc:id:sscc:6901234.3500000001',
])
readsAs('gs1', '414/6901234500004', ['(414)6901234500004', 'urn:epc:id:sgln:6901234.50000.0'])
readsAs('gs1', '414/6901234500004/254/E1', ['urn:epc:id:sgln:6901234.50000.E1'])
readsAs('gs1', '8003/06901234500011ABC1', [
  '(8003)06901234500011ABC1',
  'urn:epc:id:grai:6901234.50001.ABC1',
])
readsAs('gs1', '8004/6901234500ASSET-7', [
  '(8004)6901234500ASSET-7',
  'urn:epc:id:giai:6901234.500ASSET-7',
])
readsAs('gs1', '402/69012345000000127', ['(402)69012345000000127'])
readsAs('gs1', '8018/690123450000000129', ['https://x.cn/8018/690123450000000129'])
readsAs('gs1', '8013/1987654Ad4X4bL5ttr2310c2K', [])

isRefused('6901234567890', 'gs1.checkDigit')
isRefused('01/06901234567890', 'gs1.checkDigit')
isRefused('https://id.example.cn/01/06901234567890', 'gs1.checkDigit')
isRefused('8013/1987654Ad4X4bL5ttr2310c2L', 'gs1.checkDigit')
isRefused('690123456789X', 'unrecognised')
isRefused('690123456789X', 'gs1.form', 'gs1')
isRefused('01/690123456789X', 'gs1.form')
isRefused('690123456789012', 'unrecognised')
isRefused('01/690123456789012', 'gs1.form')
isRefused('8003/16901234500011ABC1', 'gs1.form')
isRefused('8004/ABC', 'gs1.form')
isRefused('https://id.example.cn/gtin/06901234567892', 'gs1.word')
isRefused('gtin/06901234567892', 'gs1.word')
isRefused('01/06901234567892/21/S1/10/LOT1', 'gs1.order')
isRefused('01/06901234567892/10/LOT1/10/LOT1', 'gs1.qualifier')
isRefused('01/06901234567892/235/T/21/S1', 'gs1.qualifier')
isRefused('01/06901234567892/17/261231', 'gs1.qualifier')
isRefused('00/369012345000000012/21/S1', 'gs1.qualifier')
isRefused('01/06901234567892/10', 'gs1.path')
isRefused(`01/06901234567892/10/${'L'.repeat(21)}`, 'gs1.value')
isRefused('01/06901234567892/10/批次', 'gs1.value')
isRefused('01/06901234567892/10/%zz', 'percentEncoding')
isRefused('(01)06901234567892(00)369012345000000012', 'gs1.keys')
isRefused('(10)LOT1', 'gs1.keys')
isRefused(']C1X', 'gs1.elementString')
isRefused('urn:epc:tag:sgtin-96:1.6901234.056789.1', 'gs1.epc')
isRefused('urn:epc:id:sgtin:6901234.05678.S1', 'gs1.epc')

t.test('the authority begins with the company prefix and has no check digit', async t => {
  for (const [text, authority] of [
    ['01/16901234567899', '690123456789'],
    ['00/369012345000000012', '6901234500000001'],
    ['414/6901234500004', '690123450000'],
    ['8003/06901234500011ABC1', '690123450001'],
    ['8004/6901234500ASSET-7', '6901234500'],
    ['8013/1987654Ad4X4bL5ttr2310c2K', '1987654'],
    ['01/06901234567892/10/LOT1', '690123456789'],
  ] as const) {
    t.equal(names.parse(text).authority, authority, text)
  }
})

t.test('lot and serial keep their case', async t => {
  t.not(names.parse('01/06901234567892/10/a1').key, names.parse('01/06901234567892/10/A1').key)
})

t.test('a path that only resembles a Digital Link stays a URL', async t => {
  for (const text of [
    'https://x.org/2020/01/05/post',
    'https://x.org/00/about',
    'https://x.org/401/',
  ]) {
    t.equal(names.parse(text).system, 'url', text)
  }
})

t.test('what could be a pallet and a person is neither until one says which', async t => {
  const text = ambiguousNumber('11010119900307')

  t.throws(() => names.parse(text), {
    errors: [{ rule: 'ambiguous' }],
    facts: { systems: ['gs1', 'residentId'] },
  })
  t.equal(names.parse(text, 'gs1').text, `00/${text}`)
})

t.test("a person's number is refused without being repeated", async t => {
  t.throws(() => names.parse('110101199003070011'), { errors: [{ rule: 'residentId' }] })
  t.throws(() => names.parse('11010519491231002x'), { errors: [{ rule: 'residentId' }] })
})

/** Appends sequence and check so that both the GS1 and the GB 11643 check are right. */
function ambiguousNumber(start: string): string {
  const residentWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  for (let sequence = 0; sequence < 1000; sequence++) {
    const digits = start + String(sequence).padStart(3, '0')
    const resident = [...digits].reduce(
      (sum, digit, i) => sum + residentWeights[i]! * Number(digit),
      0,
    )
    const gs1 = [...digits].reduce(
      (sum, digit, i) => sum + (i % 2 === 0 ? 3 : 1) * Number(digit),
      0,
    )
    const check = String((10 - (gs1 % 10)) % 10)
    if ('10X98765432'[resident % 11] === check) return digits + check
  }
  throw new Error('no such number')
}
