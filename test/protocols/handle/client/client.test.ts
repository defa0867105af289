import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import t, { type Test } from 'tap'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { decodeResolutionAnswer } from '../../../../src/protocols/handle/bodies/resolution.ts'
import { makeHandleClient } from '../../../../src/protocols/handle/client/client.ts'
import { ServerAway } from '../../../../src/protocols/handle/client/server-away.ts'
import { decodeEnvelope } from '../../../../src/protocols/handle/envelope.ts'
import { splitFragments } from '../../../../src/protocols/handle/fragments.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { anAnswerTo, aTcpPeer, aUdpPeer } from './a-peer.ts'

const question = { handle: '88.1/x', types: [], recursionCount: 1 }
const address = '127.0.0.1'

function aClient(t: Test, attemptTimeoutMs = 2_000) {
  const outcomes: string[] = []
  const client = makeHandleClient({
    clock: systemClock,
    random: randomBytes,
    metrics: { asked: (...outcome) => void outcomes.push(outcome.join(' ')) },
    attemptTimeoutMs,
  })
  t.teardown(() => client.close())
  const ask = (ports: { TCP?: number; UDP?: number }, signal = new AbortController().signal) =>
    client.ask({ address, ports }, question, signal)
  return { ask, client, outcomes }
}

function textOf({ body }: { readonly body: Buffer }) {
  return decodeResolutionAnswer(new ByteReader(body)).values[0]?.data.value
}

t.test('questions over TCP share a connection, and answers may come in any order', async t => {
  const waiting: Buffer[] = []
  const peer = await aTcpPeer(t, (chunk, socket) => {
    let rest = chunk
    while (rest.length > 0) {
      const end = 20 + rest.readUInt32BE(16)
      waiting.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    if (waiting.length < 2) return
    for (const [n, frame] of waiting.entries()) {
      socket.write(anAnswerTo(frame, { text: `${n}` }))
    }
    waiting.length = 0
  })
  const { ask } = aClient(t)

  const first = await Promise.all([ask({ TCP: peer.port }), ask({ TCP: peer.port })])
  const second = await Promise.all([ask({ TCP: peer.port }), ask({ TCP: peer.port })])

  t.same([...first, ...second].map(textOf), ['0', '1', '0', '1'])
  t.equal(peer.connectionCount, 1)
})

t.test('an answer in pieces, with others around it, is found by its request id', async t => {
  const peer = await aTcpPeer(t, (chunk, socket) => {
    const other = anAnswerTo(chunk, { requestId: (chunk.readUInt32BE(8) ^ 1) >>> 0, text: 'wrong' })
    const bytes = Buffer.concat([other, anAnswerTo(chunk, { text: 'right' })])
    for (const byte of bytes) socket.write(Buffer.of(byte))
  })

  t.equal(textOf(await aClient(t).ask({ TCP: peer.port })), 'right')
})

t.test('a server that closes after each answer is asked over a new connection', async t => {
  const peer = await aTcpPeer(t, (chunk, socket) => {
    if (!socket.writableEnded) socket.end(anAnswerTo(chunk))
  })
  const { ask } = aClient(t)

  for (let n = 0; n < 3; n++) t.equal((await ask({ TCP: peer.port })).responseCode, 1)
})

t.test('what is no answer to the question is none', async t => {
  const answers = [
    (chunk: Buffer) => anAnswerTo(chunk, { handle: '88.1/other' }),
    (chunk: Buffer) => anAnswerTo(chunk, { responseCode: 0 }),
    (chunk: Buffer) => {
      const tooLong = Buffer.from(chunk)
      tooLong.writeUInt32BE(0x7fff_ffff, 16)
      return tooLong
    },
  ]
  for (const answer of answers) {
    const peer = await aTcpPeer(t, (chunk, socket) => socket.write(answer(chunk)))

    await t.rejects(aClient(t).ask({ TCP: peer.port }), ServerAway)
  }
})

t.test('a server that says nothing is given up in time, and its connection with it', async t => {
  let isSilent = true
  const peer = await aTcpPeer(t, (chunk, socket) => {
    if (!isSilent) socket.write(anAnswerTo(chunk))
  })
  const { ask, outcomes } = aClient(t, 100)

  await t.rejects(ask({ TCP: peer.port }), ServerAway)
  isSilent = false
  await ask({ TCP: peer.port })

  t.equal(peer.connectionCount, 2)
  t.same(outcomes, ['TCP away', 'TCP answer'])
})

t.test('who asked may stop waiting, and others on the connection do not notice', async t => {
  const frames: Buffer[] = []
  const peer = await aTcpPeer(t, (chunk, socket) => {
    frames.push(chunk)
    if (frames.length > 1) socket.write(anAnswerTo(chunk))
  })
  const { ask } = aClient(t)
  const stop = new AbortController()
  const stopped = ask({ TCP: peer.port }, stop.signal)
  while (frames.length === 0) await systemClock.sleep(5)

  stop.abort(new Error('enough'))

  await t.rejects(stopped, { message: 'enough' })
  await ask({ TCP: peer.port })
  t.equal(peer.connectionCount, 1)
})

t.test('over UDP it asks again with the same id, and puts fragments together', async t => {
  const long = 'x'.repeat(2_000)
  const peer = await aUdpPeer(t, (datagram, send) => {
    if (peer.datagrams.length === 1) return
    const answer = anAnswerTo(datagram, { text: long })
    const fragments = splitFragments(decodeEnvelope(new ByteReader(answer)), answer.subarray(20))
    for (const fragment of fragments.reverse()) send(fragment)
  })

  const answer = await aClient(t).ask({ UDP: peer.port })

  t.equal(textOf(answer), long)
  t.equal(peer.datagrams.length, 2)
  t.same(peer.datagrams[0], peer.datagrams[1])
})

t.test('over UDP neither a guess nor a stranger is taken for the server', async t => {
  const stranger = createSocket('udp4')
  t.teardown(() => stranger.close())
  const peer = await aUdpPeer(t, (datagram, send, from) => {
    stranger.send(anAnswerTo(datagram, { text: 'stranger' }), from.port, from.address)
    send(anAnswerTo(datagram, { requestId: 1, text: 'guess' }))
    send(anAnswerTo(datagram, { handle: '88.1/other', text: 'mixed up' }))
    send(Buffer.from('nonsense'))
    setTimeout(() => send(anAnswerTo(datagram, { text: 'server' })), 20)
  })

  t.equal(textOf(await aClient(t).ask({ UDP: peer.port })), 'server')
})

t.test('"too busy" over UDP leads to TCP, and over TCP it is the answer', async t => {
  const udp = await aUdpPeer(t, (datagram, send) => send(anAnswerTo(datagram, { responseCode: 3 })))
  const tcp = await aTcpPeer(t, (chunk, socket) => socket.write(anAnswerTo(chunk)))
  const busy = await aTcpPeer(t, (chunk, socket) =>
    socket.write(anAnswerTo(chunk, { responseCode: 3 })),
  )
  const { client, ask, outcomes } = aClient(t)
  const { signal } = new AbortController()
  const server = { address, ports: { TCP: tcp.port, UDP: udp.port } }

  const { responseCode } = await client.ask(server, question, signal, ['UDP', 'TCP'])

  t.equal(responseCode, 1)
  t.same(outcomes, ['UDP busy', 'TCP answer'])
  t.equal((await ask({ TCP: busy.port })).responseCode, 3)
})
