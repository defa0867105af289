import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { makeSealing, SealBroken } from '../../../src/crypto/sealing.ts'
import { digestsOf, openPieces, sealPieces } from '../../../src/registry/files/sealed-pieces.ts'

const sealing = makeSealing({ dek: Buffer.alloc(32, 1), profile: 'gm', random: randomBytes })
const piece = 256 * 1024

t.test('a file of any length opens again', async t => {
  for (const length of [1, piece, piece + 1, 3 * piece]) {
    const bytes = randomBytes(length)
    const stored = await sealPieces(sealing, bytes, 'a')

    t.ok((await openPieces(sealing, stored, 'a')).equals(bytes), `${length} bytes`)
  }
})

t.test('its digests are those of the whole', async t => {
  const bytes = randomBytes(2 * piece + 7)

  const { sha256, sm3 } = await digestsOf(bytes)

  t.ok(sha256.equals(createHash('sha256').update(bytes).digest()))
  t.ok(sm3.equals(createHash('sm3').update(bytes).digest()))
})

t.test('a stored file that was tampered with does not open', async t => {
  const stored = await sealPieces(sealing, randomBytes(2 * piece), 'a')
  const [first, second] = [
    stored.subarray(0, stored.length / 2),
    stored.subarray(stored.length / 2),
  ]
  const changed = Buffer.from(stored)
  changed[100] = (changed[100] ?? 0) ^ 1
  const broken = {
    changed,
    swapped: Buffer.concat([second, first]),
    shortened: first,
    lengthened: Buffer.concat([first, second, second]),
    'broken off': stored.subarray(0, -1),
    'broken off in a length': stored.subarray(0, first.length + 2),
  }

  for (const [name, bytes] of Object.entries(broken)) {
    await t.rejects(openPieces(sealing, bytes, 'a'), SealBroken, name)
  }
  await t.rejects(openPieces(sealing, stored, 'b'), SealBroken, 'of another file')
})
