import t from 'tap'
import { maskImei, maskMac, parseImei, parseMac } from '../../src/model/device-id.ts'

for (const imei of ['490154203237518', '860123456789014', '352099001761481']) {
  t.test(`${imei} is an IMEI`, async t => {
    t.equal(parseImei(imei), imei)
    t.equal(parseImei(`${imei.slice(0, 2)}-${imei.slice(2, 8)} ${imei.slice(8)}`), imei)
  })
}

t.test('an IMEISV has 16 digits and no check digit', async t => {
  t.equal(parseImei('4901542032375101'), '4901542032375101')
})

t.test('a wrong check digit and a wrong form are told apart', async t => {
  t.throws(() => parseImei('490154203237519'), { errors: [{ rule: 'imei.checkDigit' }] })
  t.throws(() => parseImei('49015420323751'), { errors: [{ rule: 'imei.form' }] })
  t.throws(() => parseImei('4'.repeat(1_000_000)), { errors: [{ rule: 'imei.form' }] })
})

t.test('every spelling of a MAC address has one normal form', async t => {
  for (const text of [
    '00:1A:2b:3C:4D:5E',
    '00-1a-2b-3c-4d-5e',
    '001a.2b3c.4d5e',
    '001A2B3C4D5E',
    ' ００：１Ａ：２Ｂ：３Ｃ：４Ｄ：５Ｅ ',
  ]) {
    t.same(parseMac(text), { mac: '00:1A:2B:3C:4D:5E', warnings: [] }, text)
  }
})

t.test('a locally administered address is a warning, a multicast one is refused', async t => {
  t.match(parseMac('02:00:00:00:00:01').warnings, [{ pointer: '/mac', rule: 'mac.local' }])
  t.throws(() => parseMac('01:00:5E:00:00:01'), { errors: [{ rule: 'mac.multicast' }] })
})

t.test('mixed separators and other lengths are no MAC address', async t => {
  for (const text of [
    '00:1A-2B:3C:4D:5E',
    '00:1A:2B:3C:4D',
    '001A2B3C4D5G',
    '0'.repeat(1_000_000),
  ]) {
    t.throws(() => parseMac(text), { errors: [{ rule: 'mac.form' }] })
  }
})

t.test('shown, both keep their maker and their end', async t => {
  t.equal(maskImei('490154203237518'), '49015420***7518')
  t.equal(maskMac('00:1A:2B:3C:4D:5E'), '00:1A:2B:**:**:5E')
})
