import fc from 'fast-check'
import t from 'tap'
import { type CodeKey, kcv, makeCodeCipher } from '../../src/crypto/code-cipher.ts'
import { checkSymbolOf, codeAlphabet, codeSeqMax } from '../../src/model/code.ts'

const published: readonly CodeKey[] = [
  aKey(1, 'sm4', '0123456789abcdeffedcba9876543210'),
  aKey(2, 'sm4', '2b7e151628aed2a6abf7158809cf4f3c'),
  aKey(3, 'aes-256', '11'.repeat(32)),
]

function aKey(version: number, algorithm: CodeKey['algorithm'], hex: string): CodeKey {
  return { version, algorithm, key: Buffer.from(hex, 'hex'), state: 'active', filter: true }
}

const cipher = makeCodeCipher({ prefix: '88.118.1', keys: published })

const vectors = [
  [1, 0, '1Q26H7HETGLAYJ'],
  [1, 1, '1XJRACLXEEWEA9'],
  [1, 2, '19E2ENF6AR4LJ3'],
  [1, 123_456_789, '1NEKL7R8AHD54B'],
  [1, 27_512_614_110, '1WHE6XGMW3KG99'],
  [2, 1, '2DP2AW9QRGGDPD'],
  [3, 1, '38JRDEJHTN46WU'],
] as const

for (const [version, seq, code] of vectors) {
  t.test(`number ${seq} of version ${version} is ${code}`, async t => {
    t.equal(cipher.encode(seq, version), code)
    t.equal(cipher.seqOf(code), seq)
    t.equal(cipher.verdict(code), 'genuine')
  })
}

t.test('a code of one prefix is forged under another', async t => {
  const other = makeCodeCipher({ prefix: '88.118.2', keys: published })

  for (const [, , code] of vectors) t.equal(other.verdict(code), 'forged', code)
})

t.test('of 20 000 random bodies with right check symbols none is genuine', async t => {
  const bodies = fc.sample(
    fc.array(fc.constantFrom(...codeAlphabet), { minLength: 12, maxLength: 12 }),
    { numRuns: 20_000, seed: 20_261_123 },
  )

  const codes = bodies.map((body, i) => `${(i % 3) + 1}${body.join('')}`)
  const genuine = codes.filter(code => cipher.verdict(code + checkSymbolOf(code)) === 'genuine')

  t.same(genuine, [])
})

t.test('every number comes back from its code', async t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: codeSeqMax }),
      fc.constantFrom(1, 2, 3),
      (seq, version) => cipher.seqOf(cipher.encode(seq, version)) === seq,
    ),
  )
  t.pass('round trips')
})

t.test('retired keys read and do not issue; destroyed and unknown ones do neither', async t => {
  const [first, second] = published as [CodeKey, CodeKey]
  const later = makeCodeCipher({
    prefix: '88.118.1',
    keys: [
      { ...first, state: 'retired' },
      { ...second, state: 'destroyed' },
    ],
  })

  t.equal(later.verdict('1XJRACLXEEWEA9'), 'genuine')
  t.throws(() => later.encode(1, 1))
  t.equal(later.verdict('2DP2AW9QRGGDPD'), 'unknownVersion')
  t.equal(later.seqOf('2DP2AW9QRGGDPD'), undefined)
  t.throws(() => later.encode(1, 2))
  t.equal(later.verdict('38JRDEJHTN46WU'), 'unknownVersion')
})

t.test('a key that may have leaked proves nothing: its codes are left to the store', async t => {
  const forged = '1XJRACLXEEWEA'.replace('XJ', 'XK')
  const leaked = makeCodeCipher({
    prefix: '88.118.1',
    keys: [{ ...published[0]!, state: 'retired', filter: false }],
  })

  t.equal(cipher.verdict(forged + checkSymbolOf(forged)), 'forged')
  t.equal(leaked.verdict(forged + checkSymbolOf(forged)), 'genuine')
})

t.test('the prefix of a code binds it whatever its letter case', async t => {
  const upper = makeCodeCipher({ prefix: '88.118.AB', keys: published })
  const lower = makeCodeCipher({ prefix: '88.118.ab', keys: published })

  t.equal(lower.verdict(upper.encode(7, 1)), 'genuine')
})

t.test('the check value of a key is the head of its encrypted zero block', async t => {
  t.match(kcv('sm4', published[0]!.key), /^[0-9a-f]{6}$/)
  t.not(kcv('sm4', published[0]!.key), kcv('sm4', published[1]!.key))
  // NIST AESAVS, key of zeros: E(0) = dc95c078a2408989ad48a21492842087 for AES-256.
  t.equal(kcv('aes-256', Buffer.alloc(32)), 'dc95c0')
})
