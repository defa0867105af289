import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { type Ff1Algorithm, makeBlockCipher, makeFf1, makeFf1Over } from '../../src/crypto/ff1.ts'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'
const digitsOf = (text: string) => [...text].map(symbol => alphabet.indexOf(symbol))
const textOf = (digits: readonly number[]) => digits.map(digit => alphabet[digit]).join('')

/** NIST, FF1 samples 1–3 and 7–9. */
const nist = [
  ['aes-128', 10, '', '0123456789', '2433477484'],
  ['aes-128', 10, '39383736353433323130', '0123456789', '6124200773'],
  ['aes-128', 36, '3737373770717273373737', '0123456789abcdefghi', 'a9tv40mll9kdu509eum'],
] as const
const nistKey = Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex')

for (const [algorithm, radix, tweakHex, plain, cipher] of nist) {
  t.test(`NIST sample: radix ${radix}, tweak "${tweakHex}"`, async t => {
    const tweak = Buffer.from(tweakHex, 'hex')
    const encryptBlock = makeBlockCipher(algorithm, nistKey)

    for (const ff1 of [
      makeFf1({ algorithm, key: nistKey, radix, tweak }),
      makeFf1Over({ encryptBlock, radix, tweak }),
    ]) {
      t.equal(textOf(ff1.encrypt(digitsOf(plain))), cipher)
      t.equal(textOf(ff1.decrypt(digitsOf(cipher))), plain)
    }
  })
}

t.test('the SM4 block of GB/T 32907 appendix A.1', async t => {
  const block = Buffer.from('0123456789abcdeffedcba9876543210', 'hex')

  const encrypted = makeBlockCipher('sm4', block)(block)

  t.equal(encrypted.toString('hex'), '681edf34d206965e86b3e94f536e4246')
})

const aCase = fc.record({
  algorithm: fc.constantFrom<Ff1Algorithm>('aes-128', 'aes-256'),
  seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  tweak: fc.uint8Array({ maxLength: 40 }),
  radix: fc.integer({ min: 2, max: 65_535 }),
  fractions: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), {
    minLength: 7,
    maxLength: 60,
  }),
})

t.test('our form over AES agrees with the library on every case', async t => {
  fc.assert(
    fc.property(aCase, ({ algorithm, seed, tweak, radix, fractions }) => {
      const key = seed.subarray(0, algorithm === 'aes-128' ? 16 : 32)
      const digits = fractions.map(fraction => Math.floor(fraction * radix))
      const ours = makeFf1Over({ encryptBlock: makeBlockCipher(algorithm, key), radix, tweak })
      const library = makeFf1({ algorithm, key, radix, tweak })

      const encrypted = ours.encrypt(digits)

      return (
        encrypted.join() === library.encrypt(digits).join() &&
        ours.decrypt(encrypted).join() === digits.join()
      )
    }),
    { numRuns: 300, seed: 20_261_123 },
  )
  t.pass('300 cases')
})

t.test('digits outside the radix and a wrong key are our own mistakes', async t => {
  const ff1 = makeFf1({ algorithm: 'sm4', key: nistKey, radix: 31, tweak: Buffer.alloc(0) })

  t.throws(() => ff1.encrypt([1, 2, 31, 4]))
  t.throws(() => ff1.encrypt([1]))
  t.throws(() => makeFf1({ algorithm: 'sm4', key: randomBytes(32), radix: 31, tweak: nistKey }))
  t.throws(() => makeFf1({ algorithm: 'aes-256', key: nistKey, radix: 31, tweak: nistKey }))
})
