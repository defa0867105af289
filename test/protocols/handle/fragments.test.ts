import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { decodeEnvelope } from '../../../src/protocols/handle/envelope.ts'
import {
  datagramBytesMax,
  decodeFragment,
  fragmentCount,
  joinFragments,
  splitFragments,
} from '../../../src/protocols/handle/fragments.ts'
import { messageBytesMax } from '../../../src/protocols/handle/limits.ts'
import { malformed } from '../bytes/malformed.ts'
import { bytesOf, vector } from './wire-vectors.ts'

const sequenceAt = 12
const lengthAt = 16
const envelope = decodeEnvelope(new ByteReader(bytesOf('resolve-ok')))

t.test('a message that fits is one datagram without TC', async t => {
  for (const length of [0, 1, 492]) {
    const datagrams = splitFragments(envelope, Buffer.alloc(length))
    t.equal(datagrams.length, 1)
    t.equal(decodeFragment(datagrams[0] as Buffer).envelope.truncated, false)
  }
  t.equal(fragmentCount(493), 2)
})

t.test('every message comes back from its datagrams in any order', async t => {
  const message = fc.uint8Array({ maxLength: 5000 }).map(bytes => Buffer.from(bytes))

  t.doesNotThrow(() =>
    fc.assert(
      fc.property(message, fc.infiniteStream(fc.nat()), (bytes, order) => {
        const datagrams = splitFragments(envelope, bytes)
        const fragments = datagrams
          .map(datagram => ({
            at: order.next().value as number,
            fragment: decodeFragment(datagram),
          }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ fragment }) => fragment)
        const joined = joinFragments(fragments)
        return (
          joined.message.equals(bytes) &&
          joined.envelope.messageLength === bytes.length &&
          datagrams.every(datagram => datagram.length <= datagramBytesMax)
        )
      }),
      { numRuns: 200 },
    ),
  )
})

t.test('a datagram is as long as its number says', async t => {
  const [first, , last] = realDatagrams()

  t.throws(() => decodeFragment(Buffer.concat([last, Buffer.alloc(1)])), malformed('trailing'))
  t.throws(() => decodeFragment(first.subarray(0, -1)), malformed('truncated'))
})

t.test('a number beyond the last and a length beyond the bound are refused', async t => {
  const [first] = realDatagrams()
  const beyond = Buffer.from(first)
  beyond.writeUInt32BE(3, sequenceAt)
  const huge = Buffer.from(first)
  huge.writeUInt32BE(messageBytesMax + 1, lengthAt)

  t.throws(() => decodeFragment(beyond), malformed('value'))
  t.throws(() => decodeFragment(huge), malformed('limit'))
})

t.test('fragments are joined only when they are all there and belong together', async t => {
  const [a, b, c] = realDatagrams().map(datagram => decodeFragment(datagram))
  if (a === undefined || b === undefined || c === undefined) throw new Error('three fragments')
  const foreign = { ...c, envelope: { ...c.envelope, requestId: 9 } }

  t.throws(() => joinFragments([]), malformed('truncated'))
  t.throws(() => joinFragments([a, b]), malformed('truncated'))
  t.throws(() => joinFragments([a, b, b]), malformed('value'))
  t.throws(() => joinFragments([a, b, foreign]), malformed('value'))
})

function realDatagrams(): [Buffer, Buffer, Buffer] {
  const datagrams = vector('udp-fragments').datagrams ?? []
  return datagrams.map(datagram => Buffer.from(datagram, 'hex')) as [Buffer, Buffer, Buffer]
}
