import { generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { isSm2Signature, makeSm2Key, publicKeyOfSm2, signSm2 } from '../../src/crypto/sm2.ts'

/** GM/T 0003.5: the standard's key, message and signature. */
const privateKey = Buffer.from(
  '3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8',
  'hex',
)
const x = '09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020'
const y = 'ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13'
const message = Buffer.from('message digest')
const r = 'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3'
const s = 'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa'

const order = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n
const zero = '0'.repeat(64)
const key = aKey(x, y)

function aKey(xHex: string, yHex: string) {
  const [x64, y64] = [xHex, yHex].map(hex => Buffer.from(hex, 'hex').toString('base64url'))
  return { kty: 'EC', crv: 'SM2', x: x64 ?? '', y: y64 ?? '' }
}

function signatureOf(...hex: readonly string[]): Buffer {
  return Buffer.from(hex.join(''), 'hex')
}

t.test('the signature of GM/T 0003.5 is right, under its own identity only', async t => {
  t.same(publicKeyOfSm2(privateKey), key)
  t.ok(isSm2Signature(key, message, signatureOf(r, s)))
  t.notOk(isSm2Signature(key, message, signatureOf(r, s), { id: 'ALICE123@YAHOO.COM' }))
  t.notOk(isSm2Signature(key, message, signatureOf(r, s), { hash: 'sha256' }))
  t.notOk(isSm2Signature(key, Buffer.from('message'), signatureOf(r, s)))
})

t.test('a fixed signature of a statement is right', async t => {
  const statement = Buffer.from('{"code":"1XJRACLXEEWEA9","ts":1795413600}')
  const signature = signatureOf(
    '4ea4bf52e779d7b9d787fc1a6af094d25487bc5aef4af98578a2215943f82bfc',
    'd48127209acc1bdf1aaee83958588f40b80f0e6cd71c5d6991efc468c5eed44a',
  )

  t.ok(isSm2Signature(key, statement, signature))
})

t.test('numbers out of range, points off the curve and other lengths are refused', async t => {
  const n = order.toString(16)
  const sBeyond = (BigInt(`0x${s}`) + order).toString(16)
  const bad = { 'r = 0': [zero, s], 's = 0': [r, zero], 'r = n': [n, s], 's = n': [r, n] }

  for (const [name, numbers] of Object.entries(bad)) {
    t.notOk(isSm2Signature(key, message, signatureOf(...numbers)), name)
  }
  const derBeyond = signatureOf(`3046022100${r}0221`, `0${sBeyond}`)
  t.notOk(isSm2Signature(key, message, derBeyond, { form: 'der' }), 's + n')
  const der = signatureOf(`3046022100${r}022100${s}`)
  t.ok(isSm2Signature(key, message, der, { form: 'der' }))
  t.notOk(isSm2Signature(aKey(x, x), message, signatureOf(r, s)), 'off the curve')
  t.notOk(isSm2Signature(aKey(x, ''), message, signatureOf(r, s)), 'half a point')
  t.notOk(isSm2Signature(key, message, signatureOf(r, s, '00')))
  t.notOk(isSm2Signature(key, message, signatureOf(r, s).subarray(1)))
})

t.test('what is signed here is right here, in both forms and under every rule', async t => {
  const own = makeSm2Key()
  const publicKey = publicKeyOfSm2(own)

  t.equal(own.length, 32)
  for (const rules of [
    {},
    { form: 'der' },
    { id: '88.118.8/ADMIN' },
    { hash: 'sha256' },
  ] as const) {
    const signature = signSm2(own, message, rules)
    t.ok(isSm2Signature(publicKey, message, signature, rules))
    t.notOk(isSm2Signature(key, message, signature, rules))
  }
})

t.test('what Node makes of the SM2 curve is not SM2, and stays refused', async t => {
  const made = generateKeyPairSync('ec', { namedCurve: 'SM2' })
  const der = made.publicKey.export({ type: 'spki', format: 'der' })
  const point = der.subarray(-64).toString('hex')
  const publicKey = aKey(point.slice(0, 64), point.slice(64))
  const signature = sign('sm3', message, made.privateKey)

  t.notOk(isSm2Signature(publicKey, message, signature, { form: 'der' }))
})
