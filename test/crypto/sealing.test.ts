import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { makeBlindIndex, makeSealing, SealBroken } from '../../src/crypto/sealing.ts'

const dek = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
const iv = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex')
const fixedIv = (byteCount: number) => iv.subarray(0, byteCount)
const place = { handle: '88.118.1/19E2ENF6AR4LJ4', field: 'staff.phone', version: 7 }
const plain = Buffer.from('13800138000')

const vectors = {
  gm: '01f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff4b85a0e8c671b38fad0d10b4e23da83fabb5bc805817b760914a2b',
  intl: '02f0f1f2f3f4f5f6f7f8f9fafb58357b304c0be14cafc7c7f88aafb111be03d82ea4e09f67da6a91',
}

for (const profile of ['gm', 'intl'] as const) {
  t.test(`${profile}: the published blob is written and opened`, async t => {
    const sealing = makeSealing({ dek, profile, random: fixedIv })

    t.equal(sealing.seal(plain, place).toString('hex'), vectors[profile])
    t.same(sealing.unseal(Buffer.from(vectors[profile], 'hex'), place), plain)
  })

  t.test(`${profile}: a blob moved to another row, field or version does not open`, async t => {
    const sealing = makeSealing({ dek, profile, random: randomBytes })
    const blob = sealing.seal(plain, place)

    t.throws(() => sealing.unseal(blob, { ...place, handle: '88.118.1/other' }), SealBroken)
    t.throws(() => sealing.unseal(blob, { ...place, field: 'staff.name' }), SealBroken)
    t.throws(() => sealing.unseal(blob, { ...place, version: 8 }), SealBroken)
    const other = makeSealing({ dek: randomBytes(32), profile, random: randomBytes })
    t.throws(() => other.unseal(blob, place), SealBroken)
  })

  t.test(`${profile}: no changed byte and no shorter blob opens`, async t => {
    const sealing = makeSealing({ dek, profile, random: randomBytes })
    const blob = sealing.seal(plain, place)

    for (let at = 0; at < blob.length; at++) {
      const changed = Buffer.from(blob)
      changed[at] = changed[at]! ^ 0x03
      t.throws(() => sealing.unseal(changed, place), SealBroken, `byte ${at}`)
      t.throws(() => sealing.unseal(blob.subarray(0, at), place), SealBroken, `first ${at} bytes`)
    }
  })

  t.test(`${profile}: what is sealed opens as it was, the empty value too`, async t => {
    const sealing = makeSealing({ dek, profile, random: randomBytes })

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, handle) => {
        const there = { ...place, handle }
        return sealing.unseal(sealing.seal(Buffer.from(bytes), there), there).equals(bytes)
      }),
      { numRuns: 50 },
    )
    t.same(sealing.unseal(sealing.seal(Buffer.alloc(0), place), place), Buffer.alloc(0))
  })
}

t.test('either profile opens what the other wrote', async t => {
  const gm = makeSealing({ dek, profile: 'gm', random: randomBytes })
  const intl = makeSealing({ dek, profile: 'intl', random: randomBytes })

  t.same(gm.unseal(intl.seal(plain, place), place), plain)
  t.same(intl.unseal(gm.seal(plain, place), place), plain)
})

t.test('the published blind index is reproduced, and depends on key, field and value', async t => {
  const blindIndex = makeBlindIndex(Buffer.alloc(32, 0x42))

  const index = blindIndex('staff.phone', '+8613800138000')

  t.equal(index, '1yx44Jo2Ne8SxK6FK-synQ')
  t.not(blindIndex('staff.id', '+8613800138000'), index)
  t.not(blindIndex('staff.phone', '+8613800138001'), index)
  t.not(makeBlindIndex(Buffer.alloc(32, 0x43))('staff.phone', '+8613800138000'), index)
})
