import t from 'tap'
import {
  adminOf,
  decodeValueData,
  publicKeyOf,
  referencesOf,
  siteOf,
  textOf,
  valueDataBytes,
} from '../../../../src/protocols/handle/values/value-data.ts'
import { bytesOf, vector } from '../wire-vectors.ts'

const sm2Key = {
  kty: 'EC',
  crv: 'SM2',
  x: 'xO6Jyu_SybwSGA226f6jhjJztlPdWJzgFkGzd-ii78g',
  y: 'LMePq3EfBVZdiVG0oV0fRJSSZFQdGyc6a8hJKzXYaFI',
}

t.test('data is text when it is clean UTF-8, else base64', async t => {
  const texts = ['', 'https://example.cn/', '产品', 'tab\tline\r\n', '\x0e\x13', '\u0085']
  const binaries = ['00', '08', '1414', '1f', '7f', 'ff', 'c3', 'eda080']

  for (const text of texts) {
    t.strictSame(decodeValueData('URL', Buffer.from(text)), { format: 'string', value: text })
  }
  for (const hex of binaries) {
    const bytes = Buffer.from(hex, 'hex')
    const value = bytes.toString('base64')
    t.strictSame(decodeValueData('URL', bytes), { format: 'base64', value }, hex)
  }
})

t.test('pre-defined types are known in any case, and others stay plain', async t => {
  const bytes = bytesOf('hs-admin')

  t.equal(decodeValueData('hs_Admin', bytes).format, 'admin')
  t.equal(decodeValueData('HS_ADMIN.X', bytes).format, 'base64')
  t.equal(decodeValueData('HS_CONSTRUCTOR', bytes).format, 'base64')
  t.equal(decodeValueData('URL', bytes).format, 'base64')
})

t.test('an administrator is read with its rights', async t => {
  const { value } = decodeValueData('HS_ADMIN', bytesOf('hs-admin'))
  const legacy = decodeValueData('HS_ADMIN', bytesOf('hs-admin-legacy'))

  t.strictSame(value, { handle: '88.118.8/ADMIN', index: 300, permissions: '111111111111' })
  t.match(legacy.value, { legacyByteLength: true })
})

t.test('an unusual spelling is kept to the byte, and still says what it means', async t => {
  const admin = bytesOf('hs-admin')
  admin.writeUInt16BE(0x1fff, 0) // with the RFC's right to list sub-prefixes
  const site = bytesOf('hs-site')
  const multiprimaryBits = 6
  site[multiprimaryBits] = 0x81
  const vlist = bytesOf('hs-vlist')

  const adminData = decodeValueData('HS_ADMIN', admin)
  const siteData = decodeValueData('HS_SITE', site)

  t.equal(adminData.format, 'base64')
  t.equal(adminOf(adminData)?.permissions, '111111111111')
  t.equal(siteData.format, 'base64')
  t.equal(siteOf(siteData)?.servers.length, 2)
  t.equal(referencesOf(decodeValueData('OTHER', vlist))?.length, 3)
})

t.test('an administrator with other bytes behind it gives no rights', async t => {
  for (const tail of [1, 3, 4]) {
    const data = decodeValueData(
      'HS_ADMIN',
      Buffer.concat([bytesOf('hs-admin'), Buffer.alloc(tail)]),
    )
    t.equal(data.format, 'base64')
    t.equal(adminOf(data), undefined)
  }
})

t.test('a list of administrators with bytes behind it is none', async t => {
  const data = decodeValueData('HS_VLIST', Buffer.concat([bytesOf('hs-vlist'), Buffer.alloc(1)]))

  t.equal(referencesOf(data), undefined)
})

t.test('a server key without JWK leaves the site usable', async t => {
  const text = Buffer.from('DH_PUB_KEY')
  const site = replaceKey(
    Buffer.concat([Buffer.from([0, 0, 0, text.length]), text, Buffer.alloc(2)]),
  )

  const data = decodeValueData('HS_SITE', site)

  t.equal(data.format, 'base64')
  t.equal(siteOf(data)?.servers[0]?.publicKey, undefined)
  t.equal(siteOf(data)?.servers[0]?.address, '10.0.0.1')
})

t.test('a key is found in each of its forms', async t => {
  const spki = Buffer.from(vector('hs-pubkey-sm2').decoded.spkiHex, 'hex')
  const der = Buffer.concat([
    Buffer.from('0000000b', 'hex'),
    Buffer.from('SM2_PUB_KEY'),
    Buffer.from('0000', 'hex'),
    Buffer.from([0, 0, 0, spki.length]),
    spki,
  ])
  const rsa = publicKeyOf(decodeValueData('HS_PUBKEY', bytesOf('hs-pubkey-rsa')))

  for (const bytes of [bytesOf('hs-pubkey-sm2'), bytesOf('hs-pubkey-sm2-pem'), der]) {
    t.strictSame(publicKeyOf(decodeValueData('HS_PUBKEY', bytes)), sm2Key)
  }
  t.strictSame(publicKeyOf(decodeValueData('HS_PUBKEY', bytesOf('hs-pubkey-rsa-pem'))), rsa)
  t.equal(rsa?.['e'], 'AQAB')
})

t.test('what is asked of other data is not there', async t => {
  const url = decodeValueData('URL', Buffer.from('https://example.cn/'))

  t.equal(adminOf(url), undefined)
  t.equal(referencesOf(url), undefined)
  t.equal(siteOf(url), undefined)
  t.equal(publicKeyOf(url), undefined)
  t.equal(textOf(url), 'https://example.cn/')
  t.equal(textOf(decodeValueData('HS_ADMIN', bytesOf('hs-admin'))), undefined)
})

t.test('data that came from JSON is written as the bytes it stands for', async t => {
  t.equal(valueDataBytes({ format: 'base64', value: 'AAH/' }).toString('hex'), '0001ff')
  t.equal(valueDataBytes({ format: 'string', value: '产' }).toString('hex'), 'e4baa7')
})

/** The site of the vectors with another key in its first server. */
function replaceKey(key: Buffer): Buffer {
  const site = bytesOf('hs-site')
  const rsa = bytesOf('hs-pubkey-rsa')
  const at = site.indexOf(rsa)
  const length = Buffer.from([0, 0, 0, key.length])
  return Buffer.concat([site.subarray(0, at - 4), length, key, site.subarray(at + rsa.length)])
}
