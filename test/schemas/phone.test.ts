import t from 'tap'
import { isMobile, phoneAsNumber, readPhone } from '../../src/schemas/phone.ts'

for (const [given, phone, number] of [
  ['13800138000', '13800138000', 13800138000],
  [13800138000, '13800138000', 13800138000],
  ['138 0013-8000', '13800138000', 13800138000],
  ['１３８００１３８０００', '13800138000', 13800138000],
  ['+86 138 0013 8000', '+8613800138000', 8613800138000],
  ['0086-13800138000', '+8613800138000', 8613800138000],
  [8613800138000, '+8613800138000', 8613800138000],
  ['010-62305887', '01062305887', 861062305887],
  ['(0532) 8893 1234', '053288931234', 8653288931234],
  ['0913-2181234', '09132181234', 869132181234],
  ['+86 (0)10 6230 5887', '+861062305887', 861062305887],
  [861062305887, '+861062305887', 861062305887],
  ['400-800-1234', '4008001234', 4008001234],
  [95588, '95588', 95588],
  ['+852 2123 4567', '+85221234567', 85221234567],
  [85221234567, '+85221234567', 85221234567],
  ['+49 30 901820', '+4930901820', 4930901820],
] as const) {
  t.test(`${given} is ${phone}, and ${number} where it must be a number`, async t => {
    t.equal(readPhone(given), phone)
    t.equal(phoneAsNumber(phone), number)
  })
}

t.test('a number written by us is read again as the same telephone', async t => {
  for (const phone of [
    '13800138000',
    '01062305887',
    '+8613800138000',
    '4008001234',
    '+85221234567',
  ]) {
    const again = readPhone(phoneAsNumber(phone))

    t.equal(again?.replace(/^\+86/, ''), phone.replace(/^(?:0|\+86)/, ''))
  }
})

for (const given of [
  // A landline whose zero was lost in a sheet could be something else: it is asked for again.
  1062305887,
  '1062305887',
  '12800138000',
  '1380013800',
  '138001380001',
  '010-62305887-123',
  '+86138001380',
  '+0123456789',
  '+1234567890123456',
  'call me',
  '+',
  '',
  '138\u202e00138000',
  '1'.repeat(1_000_000),
  -13800138000,
  1380013800.5,
  1e21,
  Number.NaN,
]) {
  t.test(`${String(given).slice(0, 20)} is no telephone number`, async t => {
    t.equal(readPhone(given), undefined)
  })
}

t.test('mobiles are told from landlines, abroad they are believed', async t => {
  for (const phone of ['13800138000', '+8613800138000', '+85291234567'])
    t.ok(isMobile(phone), phone)
  for (const phone of ['01062305887', '+861062305887', '4008001234'])
    t.notOk(isMobile(phone), phone)
})
