import t from 'tap'
import { MalformedBytes } from '../../../src/protocols/bytes/malformed-bytes.ts'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import { decodeSecretAnswer } from '../../../src/protocols/handle/bodies/secret-answer.ts'
import { decodeCredential } from '../../../src/protocols/handle/credential.ts'
import { decodeFragment } from '../../../src/protocols/handle/fragments.ts'
import { decodeValue, encodeValue } from '../../../src/protocols/handle/values/handle-value.ts'
import { parseLocations } from '../../../src/protocols/handle/values/locations.ts'
import { decodePublicKey } from '../../../src/protocols/handle/values/public-key.ts'
import { decodeReferences } from '../../../src/protocols/handle/values/reference.ts'
import { decodeSite } from '../../../src/protocols/handle/values/site.ts'
import { parseTrustToken } from '../../../src/protocols/handle/values/trust-token.ts'
import {
  adminOf,
  decodeValueData,
  publicKeyOf,
  referencesOf,
  siteOf,
  valueDataBytes,
} from '../../../src/protocols/handle/values/value-data.ts'
import { malformed } from '../bytes/malformed.ts'
import { decodeAll, encodeAll } from './recode.ts'
import { bytesOf, vectorsOf } from './wire-vectors.ts'

const seed = 20_261_123
const mutationCount = 12_000
const randomCount = 4_000
const randomBytesMax = 300

const messages = vectorsOf('request', 'response').map(({ hex }) => Buffer.from(hex, 'hex'))
const values = vectorsOf('handle-value').map(({ hex }) => Buffer.from(hex, 'hex'))

for (const { name, hex } of vectorsOf('request', 'response')) {
  t.test(`every truncation of ${name} is malformed`, async t => {
    const bytes = Buffer.from(hex, 'hex')

    const outcomes = prefixesOf(bytes).map(prefix => outcomeOf(() => decodeAll(prefix)))

    t.same(
      outcomes.filter(outcome => outcome !== 'malformed'),
      [],
    )
  })
}

for (const { name, hex } of vectorsOf('handle-value')) {
  t.test(`every truncation of ${name} is malformed`, async t => {
    const bytes = Buffer.from(hex, 'hex')

    const outcomes = prefixesOf(bytes).map(prefix =>
      outcomeOf(() => decodeValue(new ByteReader(prefix))),
    )

    t.same(
      outcomes.filter(outcome => outcome !== 'malformed'),
      [],
    )
  })
}

for (const { name, hex } of vectorsOf('value-data')) {
  t.test(`every truncation of ${name} is kept as it is`, async t => {
    for (const type of ['HS_ADMIN', 'HS_VLIST', 'HS_SITE', 'HS_PUBKEY', 'URL']) {
      const changed = prefixesOf(Buffer.from(hex, 'hex')).filter(
        prefix => !valueDataBytes(decodeValueData(type, prefix)).equals(prefix),
      )
      t.same(changed, [], type)
    }
  })
}

t.test('every truncation of a structure is malformed where it does not end by itself', async t => {
  const credential = decodeAllCredential('resolve-ok-signed')
  const structures = [
    [credential, decodeCredential],
    [bytesOf('secret-answer-sha1'), decodeSecretAnswer],
    [bytesOf('secret-answer-pbkdf2'), decodeSecretAnswer],
    [bytesOf('hs-site'), (bytes: Buffer) => decodeSite(new ByteReader(bytes))],
    [bytesOf('hs-vlist'), (bytes: Buffer) => decodeReferences(new ByteReader(bytes))],
    [bytesOf('hs-pubkey-dsa'), decodePublicKey],
    [bytesOf('hs-pubkey-sm2'), decodePublicKey],
    [
      Buffer.from('<locations><location href="a"/></locations>'),
      (bytes: Buffer) => parseLocations(bytes.toString()),
    ],
  ] as const

  for (const [bytes, decode] of structures) {
    const outcomes = prefixesOf(bytes).map(prefix => outcomeOf(() => decode(prefix)))
    t.same(
      outcomes.filter(outcome => outcome !== 'malformed'),
      [],
    )
  }
})

t.test('every truncation of the fragments of a message is malformed', async t => {
  const [vector] = vectorsOf('udp')

  for (const datagram of vector?.datagrams ?? []) {
    const prefixes = prefixesOf(Buffer.from(datagram, 'hex'))
    const outcomes = prefixes.map(prefix => outcomeOf(() => decodeFragment(prefix)))
    t.same(
      outcomes.filter(outcome => outcome !== 'malformed'),
      [],
    )
  }
})

t.test('mutated messages are malformed, or mean something that can be written again', async t => {
  const random = makeRandom(seed)
  const seen = { decoded: 0, malformed: 0 }

  for (let n = 0; n < mutationCount; n += 1) {
    const bytes = mutated(pick(messages, random), random)
    const outcome = outcomeOf(() => encodeAll(decodeAll(encodeAll(decodeAll(bytes)))))
    if (!(outcome in seen)) t.fail(`${outcome}: ${bytes.toString('hex')}`)
    seen[outcome as keyof typeof seen] += 1
  }

  t.equal(seen.decoded + seen.malformed, mutationCount)
  t.ok(seen.decoded > mutationCount / 20, `decoded ${seen.decoded}`)
  t.ok(seen.malformed > mutationCount / 20, `malformed ${seen.malformed}`)
})

t.test('mutated values keep their data to the byte', async t => {
  const random = makeRandom(seed)
  const typed = vectorsOf('value-data').map(({ hex }) => Buffer.from(hex, 'hex'))

  for (let n = 0; n < mutationCount; n += 1) {
    const bytes = mutated(pick(typed, random), random)
    const type = pick(['HS_ADMIN', 'HS_VLIST', 'HS_SITE', 'HS_PUBKEY', 'hs_site.6'], random)
    const data = decodeValueData(type, bytes)
    if (!valueDataBytes(data).equals(bytes)) t.fail(`${type} ${bytes.toString('hex')}`)
    for (const read of [adminOf, referencesOf, siteOf, publicKeyOf]) read(data)
  }

  t.pass('no byte lost, nothing thrown')
})

t.test('mutated values are malformed or come back as they are', async t => {
  const random = makeRandom(seed)

  for (let n = 0; n < mutationCount; n += 1) {
    const bytes = mutated(pick(values, random), random)
    const outcome = outcomeOf(() => {
      const writer = new ByteWriter(65_536)
      encodeValue(writer, decodeValue(new ByteReader(bytes)))
    })
    if (outcome !== 'decoded' && outcome !== 'malformed') t.fail(bytes.toString('hex'))
  }

  t.pass('nothing else thrown')
})

t.test('random bytes are malformed or mean something, for every decoder', async t => {
  const random = makeRandom(seed)
  const decoders: readonly ((bytes: Buffer) => unknown)[] = [
    decodeAll,
    decodeFragment,
    decodeCredential,
    decodeSecretAnswer,
    decodePublicKey,
    bytes => decodeSite(new ByteReader(bytes)),
    bytes => decodeValue(new ByteReader(bytes)),
    bytes => parseTrustToken(bytes.toString('latin1')),
    bytes => parseLocations(`<locations ${bytes.toString('latin1')}/></locations>`),
  ]

  for (let n = 0; n < randomCount; n += 1) {
    const bytes = randomBytes(Math.floor(random() * randomBytesMax), random)
    for (const decode of decoders) {
      const outcome = outcomeOf(() => decode(bytes))
      if (outcome !== 'decoded' && outcome !== 'malformed') t.fail(bytes.toString('hex'))
    }
  }

  t.pass('nothing else thrown')
})

t.test('mutated texts are malformed or mean something', async t => {
  const random = makeRandom(seed)
  const loc = Buffer.from(
    '<?xml version="1.0"?><!-- x --><locations chooseby="locatt"><location id="1" href="a&amp;b&#20135;" weight="0.5"/><location></location></locations>',
  )

  for (let n = 0; n < mutationCount; n += 1) {
    const token = mutated(bytesOf('hs-signature-rsa'), random).toString('latin1')
    const xml = mutated(loc, random).toString('latin1')
    for (const outcome of [
      outcomeOf(() => parseTrustToken(token)),
      outcomeOf(() => parseLocations(xml)),
    ]) {
      if (outcome !== 'decoded' && outcome !== 'malformed') t.fail(`${outcome}: ${token} ${xml}`)
    }
  }

  t.pass('nothing else thrown')
})

t.test('a length that lies anywhere in a message is malformed or read over', async t => {
  const lies = [0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0x0010_0000]
  const odd: string[] = []

  for (const message of messages) {
    for (let at = 0; at < Math.min(message.length - 4, 200); at += 1) {
      const bytes = Buffer.from(message)
      bytes.writeUInt32BE(lies[at % lies.length] ?? 0, at)
      const outcome = outcomeOf(() => decodeAll(bytes))
      if (outcome !== 'decoded' && outcome !== 'malformed') odd.push(outcome)
    }
  }

  t.same(odd, [])
})

t.test('what is announced and not there costs no memory', async t => {
  const bytes = bytesOf('resolve-all')
  const bodyStart = 44
  const announced = bytes.readUInt32BE(bodyStart)
  const liesAt = [16, 40, bodyStart, bodyStart + 4 + announced, bodyStart + 8 + announced]
  const before = process.memoryUsage().arrayBuffers

  for (let n = 0; n < 20_000; n += 1) {
    const lying = Buffer.from(bytes)
    lying.writeInt32BE(0x7fff_ffff, liesAt[n % liesAt.length] ?? 0)
    if (outcomeOf(() => decodeAll(lying)) !== 'malformed') t.fail('a lie was believed')
  }

  t.ok(process.memoryUsage().arrayBuffers - before < 32 * 2 ** 20)
})

t.test('counts that fit their bytes are bounded all the same', async t => {
  const emptyItems = Buffer.alloc(200_000)
  emptyItems.writeInt32BE(20_000, 0)

  t.throws(() => decodeReferences(new ByteReader(emptyItems)), malformed('limit'))
})

function decodeAllCredential(name: string): Buffer {
  const credentialStart = 20 + 24 + 86 + 4
  return bytesOf(name).subarray(credentialStart)
}

function prefixesOf(bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length))
}

/** `decoded`, `malformed`, or what should never be: the name of another error. */
function outcomeOf(decode: () => unknown): string {
  try {
    decode()
    return 'decoded'
  } catch (error) {
    return error instanceof MalformedBytes ? 'malformed' : String(error)
  }
}

type Random = () => number

/** mulberry32: small, and the same numbers everywhere. */
function makeRandom(start: number): Random {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T
}

function randomBytes(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
}

/** Flips a few bits; sometimes also cuts the end off or puts bytes in. */
function mutated(original: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(original)
  const flips = 1 + Math.floor(random() * 4)
  for (let n = 0; n < flips; n += 1) {
    const at = Math.floor(random() * bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
  }
  const choice = random()
  if (choice < 0.05) return bytes.subarray(0, Math.floor(random() * bytes.length))
  if (choice < 0.1) return Buffer.concat([bytes, randomBytes(1 + Math.floor(random() * 8), random)])
  return bytes
}
