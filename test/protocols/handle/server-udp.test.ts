import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { anyone } from '../../../src/model/caller.ts'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { decodeEnvelope } from '../../../src/protocols/handle/envelope.ts'
import { splitFragments } from '../../../src/protocols/handle/fragments.ts'
import { aGate } from '../../resolver/a-resolver.ts'
import { anIdentifier, aRecord, aValue } from '../../support/builders.ts'
import { aQuestion, aTcpClient, aUdpClient, readAnswer, valuesIn } from './a-client.ts'
import { aHandleDoor } from './a-handle-door.ts'

function aLargeRecord(bytes: number) {
  return aRecord({
    identifier: '88.118.8/large',
    values: [aValue({ data: { format: 'string', value: 'x'.repeat(bytes) } })],
  })
}

/** A question cut into datagrams. */
function cut(frame: Buffer): Buffer[] {
  return splitFragments(decodeEnvelope(new ByteReader(frame)), frame.subarray(20))
}

t.test('an answer of several datagrams comes whole', async t => {
  const { udpAt } = await aHandleDoor(t, { records: [aLargeRecord(700)] })
  const client = await aUdpClient(t, udpAt)

  // Up to ten times the question may be sent to anybody.
  const answer = await client.ask(aQuestion('88.118.8/large', { types: ['URL', 'X'.repeat(40)] }))

  t.equal(answer.header.responseCode, 1)
  t.equal(valuesIn(answer).values[0]?.data.value, 'x'.repeat(700))
})

t.test('a question may come in several datagrams, in any order', async t => {
  const { udpAt } = await aHandleDoor(t)
  const client = await aUdpClient(t, udpAt)
  const types = Array.from({ length: 100 }, (_, at) => `TYPE-${at}`)
  const datagrams = cut(aQuestion('88.118.8/ABC-1', { types: [...types, 'URL'] }))

  const answer = await client.ask(...datagrams.reverse())

  t.ok(datagrams.length > 2)
  t.equal(valuesIn(answer).values.length, 1)
})

t.test('nobody is sent more than ten times what was asked in their name', async t => {
  const { udpAt, refused } = await aHandleDoor(t, { records: [aLargeRecord(5000)] })
  const client = await aUdpClient(t, udpAt)
  const question = aQuestion('88.118.8/large')

  const answer = await client.ask(question)

  t.equal(answer.header.responseCode, 3)
  t.ok(answer.bytes.length < question.length)
  t.notOk(answer.envelope.truncated)
  t.equal(await refused('amplification'), 1)
})

t.test('who holds a TCP connection, or lately held one, is no forged sender', async t => {
  const { udpAt, tcpAt, clock } = await aHandleDoor(t, { records: [aLargeRecord(5000)] })
  const udp = await aUdpClient(t, udpAt)
  const tcp = await aTcpClient(t, tcpAt)
  await tcp.ask(aQuestion('88.118.8/large'))

  t.equal((await udp.ask(aQuestion('88.118.8/large'))).header.responseCode, 1)
  tcp.socket.destroy()
  await clock.advance(1_000)
  t.equal((await udp.ask(aQuestion('88.118.8/large'))).header.responseCode, 1)
  await new Promise(resolve => setTimeout(resolve, 20))
  await clock.advance(601_000)
  t.equal((await udp.ask(aQuestion('88.118.8/large'))).header.responseCode, 3)
})

t.test('a network that asks too much gets silence or a word, never more than it sent', async t => {
  const { udpAt, refused } = await aHandleDoor(t, { settings: { networkRate: 100 } })
  const client = await aUdpClient(t, udpAt)
  const question = aQuestion('88.118.8/ABC-1')
  const asked = 400

  for (let n = 0; n < asked; n++) {
    client.send(question)
    if (n % 50 === 0) await new Promise(resolve => setTimeout(resolve, 5))
  }
  await new Promise(resolve => setTimeout(resolve, 100))

  const codes = client.received.map(datagram => datagram.readUInt32BE(24))
  const over = await refused('network')
  t.ok(over > 200, `${over} refused`)
  t.ok(codes.filter(code => code === 1).length <= 101)
  const busy = codes.filter(code => code === 3).length
  t.ok(busy > 0 && Math.abs(busy - over / 2) <= 1, `${busy} told`)
  const bytesOut = client.received.reduce((sum, { length }) => sum + length, 0)
  t.ok(bytesOut <= 10 * asked * question.length)
})

t.test('unfinished messages are bounded by sender, and forgotten in time', async t => {
  const { udpAt, clock, refused } = await aHandleDoor(t)
  const client = await aUdpClient(t, udpAt)
  const types = Array.from({ length: 100 }, (_, at) => `TYPE-${at}`)
  const parts = (requestId: number) =>
    cut(aQuestion('88.118.8/ABC-1', { types: [...types, 'URL'], requestId }))

  for (let id = 1; id <= 8; id++) client.send(parts(id)[0] as Buffer)
  await new Promise(resolve => setTimeout(resolve, 50))
  t.equal(await refused('fragments'), 4)
  await clock.advance(6_000)

  t.equal((await client.ask(...parts(99))).header.responseCode, 1)
})

t.test('fragments that lie are dropped', async t => {
  const { udpAt, refused } = await aHandleDoor(t)
  const client = await aUdpClient(t, udpAt)
  const frame = aQuestion('88.118.8/ABC-1')
  const huge = Buffer.from(frame)
  huge.writeUInt32BE(0xffff_ffff, 16)
  const beyond = Buffer.from(frame)
  beyond.writeUInt32BE(5000, 16)
  beyond.writeUInt32BE(4000, 12)

  for (const datagram of [huge, beyond, frame.subarray(0, 19), Buffer.alloc(0)]) {
    client.send(datagram)
  }

  t.equal((await client.ask(frame)).header.responseCode, 1)
  t.equal(await refused('fragments'), 2)
})

t.test('a datagram from port 0, which cannot be answered, ends nothing', async t => {
  const { udpAt, udpSocket, refused } = await aHandleDoor(t)
  const client = await aUdpClient(t, udpAt)

  for (const handle of ['88.118.8/ABC-1', '88.118.8/none']) {
    const frame = aQuestion(handle)
    udpSocket.emit('message', frame, { address: '127.0.0.1', port: 0, family: 'IPv4', size: 1 })
  }

  t.equal((await client.ask(aQuestion('88.118.8/ABC-1'))).header.responseCode, 1)
  t.equal(await refused('envelope'), 2)
})

t.test('an answer that comes when the door is closed goes nowhere', async t => {
  const { gate, open } = aGate()
  const { udpSocket, store } = await aHandleDoor(t)
  store.gate = gate
  const sender = { address: '127.0.0.1', port: 9, family: 'IPv4', size: 1 }
  udpSocket.emit('message', aQuestion('88.118.8/ABC-1'), sender)

  udpSocket.close()
  open()
  // A rejection that nobody handles would end this test.
  await setImmediate()

  t.same(store.asked, ['88.118.8/abc-1'])
})

t.test('what the kernel has not taken yet is not overwritten by later answers', async t => {
  const records = Array.from({ length: 600 }, (_, n) =>
    aRecord({ identifier: `88.118.8/N-${String(n).padStart(80, '0')}` }),
  )
  const { udpSocket, resolver } = await aHandleDoor(t, { records })
  for (const { identifier } of records) {
    const question = { identifier: anIdentifier(identifier), caller: anyone }
    await resolver.resolve({ ...question, filter: { types: [], indexes: [] } })
  }
  const sent: Buffer[] = []
  t.intercept(udpSocket, 'send', { value: (datagram: Buffer) => void sent.push(datagram) })
  t.intercept(udpSocket, 'getSendQueueCount', { value: () => sent.length })
  const sender = { address: '127.0.0.1', port: 9, family: 'IPv4', size: 1 }

  for (const { identifier } of records) udpSocket.emit('message', aQuestion(identifier), sender)

  t.ok(Buffer.concat(sent).length > 65_536, 'more than is put together in one place')
  t.same(
    sent.map(datagram => valuesIn(readAnswer(datagram)).handle),
    records.map(({ identifier }) => identifier),
  )
})
