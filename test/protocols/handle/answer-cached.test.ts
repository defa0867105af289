import t from 'tap'

import { envelopeBytes } from '../../../src/protocols/handle/envelope.ts'
import { opFlags } from '../../../src/protocols/handle/op-flags.ts'
import { aRecord, aValue } from '../../support/builders.ts'
import { type Asked, aQuestion, aTcpClient, aUdpClient, publicFlags } from './a-client.ts'
import { aHandleDoor } from './a-handle-door.ts'

const handleCount = 200
const peer = { address: '127.0.0.1' }
/** What makes no difference to the answer, and is not done on the short way: there is no key to sign with. */
const longWay = (publicFlags | opFlags.CERT) >>> 0

const versions = [
  [2, 10, 2, 11],
  [2, 1, 0, 0],
  [2, 11, 2, 3],
  [5, 0, 1, 0],
] as const

/** Handles of several lengths and scripts, with one to eight values of which some are nobody's to read. */
const records = Array.from({ length: handleCount }, (_, n) =>
  aRecord({
    identifier: `88.118.8/${n % 3 === 0 ? '轴承-' : 'ABC-'}${'x'.repeat(n % 40)}${n}`,
    values: Array.from({ length: 1 + (n % 8) }, (_, at) =>
      aValue({
        index: at + 1,
        data: { format: 'string', value: `value ${'é'.repeat((n * at) % 90)}` },
        permissions: at % 4 === 3 ? '1100' : '1110',
      }),
    ),
  }),
)

t.test(
  `an answer from memory is to the byte what the long way says, ${handleCount} times`,
  async t => {
    const { tcpAt, udpAt, door } = await aHandleDoor(t, { records })
    const tcp = await aTcpClient(t, tcpAt)
    const udp = await aUdpClient(t, udpAt)

    for (const [n, { identifier }] of records.entries()) {
      const handle = n % 2 === 0 ? identifier : identifier.toLowerCase()
      const version = versions[n % versions.length] as NonNullable<Asked['version']>
      const asked = { version, requestId: n + 1, sessionId: n * 7 }
      const frame = aQuestion(handle, asked)
      const long = (await tcp.ask(aQuestion(handle, { ...asked, opFlags: longWay }))).bytes
      const batch = door.makeBatch()

      // First brought into the arena, then found there.
      const isCached = [1, 2].map(() => door.answerCached(frame, 0, frame.length, peer, 0, batch))

      t.same(isCached, [true, true], identifier)
      t.same(batch.view(), Buffer.concat([long, long]), identifier)
      t.same((await tcp.ask(frame)).bytes, long, identifier)
      t.same((await udp.ask(frame)).bytes, long.subarray(envelopeBytes), identifier)
    }
  },
)

t.test('a handle asked for here alone is loaded anew before its end', async t => {
  const { tcpAt, door, store, clock } = await aHandleDoor(t, { records })
  const tcp = await aTcpClient(t, tcpAt)
  const frame = aQuestion(records[0]?.identifier ?? '')
  const isCached = () => {
    const now = clock.monotonicMs()
    return door.answerCached(frame, 0, frame.length, peer, now, door.makeBatch())
  }
  await tcp.ask(frame)

  const early = [isCached(), isCached()]
  await clock.advance(270_000)
  const near = [isCached(), isCached()]
  await clock.advance(0)
  await clock.advance(30_000)
  const after = isCached()

  t.strictSame([...early, ...near, after], [true, true, true, true, true])
  t.equal(store.asked.length, 2)
})

t.test('what the long way does more for is not answered from memory', async t => {
  const { tcpAt, door } = await aHandleDoor(t)
  const tcp = await aTcpClient(t, tcpAt)
  await tcp.ask(aQuestion('88.118.8/ABC-1'))

  const others = {
    'a filter': aQuestion('88.118.8/ABC-1', { types: ['URL'] }),
    'a digest': aQuestion('88.118.8/ABC-1', { opFlags: (publicFlags | opFlags.RRDG) >>> 0 }),
    'another operation': aQuestion('88.118.8/ABC-1', { opCode: 2 }),
    'what is not there': aQuestion('88.118.8/none'),
  }

  for (const [name, frame] of Object.entries(others)) {
    const batch = door.makeBatch()
    t.notOk(door.answerCached(frame, 0, frame.length, peer, 0, batch), name)
    t.equal(batch.byteCount, 0, name)
  }
})
