import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import t from 'tap'
import { aRecord, aValue } from '../../support/builders.ts'
import { aFrame, aQuestion, aTcpClient, placeOf } from './a-client.ts'
import { aHandleDoor } from './a-handle-door.ts'

const known = '88.118.8/ABC-1'

t.test(
  'a message that does not become whole in time closes its connection, and no other',
  async t => {
    const { tcpAt, clock, refused } = await aHandleDoor(t)
    const slow = await aTcpClient(t, tcpAt)
    const other = await aTcpClient(t, tcpAt)
    slow.socket.write(aQuestion(known).subarray(0, 1))
    await other.ask(aQuestion(known))

    await clock.advance(9_000)
    t.equal((await other.ask(aQuestion(known))).header.responseCode, 1)
    await clock.advance(3_000)

    await slow.closed()
    t.equal((await other.ask(aQuestion(known))).header.responseCode, 1)
    t.equal(await refused('slow'), 1)
  },
)

t.test('a connection without a word for long ends', async t => {
  const { tcpAt, clock } = await aHandleDoor(t)
  const client = await aTcpClient(t, tcpAt)
  await client.ask(aQuestion(known))

  await clock.advance(599_000)
  t.equal((await client.ask(aQuestion(known))).header.responseCode, 1)
  await clock.advance(602_000)

  await t.resolves(client.closed())
})

t.test('a thousand idle connections starve nobody', async t => {
  const { tcpAt, tcp } = await aHandleDoor(t)
  const sockets = Array.from({ length: 1000 }, () => connect(placeOf(tcpAt)))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(sockets.map(socket => once(socket, 'connect')))
  const client = await aTcpClient(t, tcpAt)

  for (let n = 0; n < 100; n++) {
    t.equal((await client.ask(aQuestion(known))).header.responseCode, 1)
  }

  t.equal(tcp.connectionCount, 1001)
})

t.test('more connections than allowed are refused and counted', async t => {
  const { tcpAt, refused } = await aHandleDoor(t, { settings: { connectionsMax: 2 } })
  const first = await aTcpClient(t, tcpAt)
  await aTcpClient(t, tcpAt)

  const third = await aTcpClient(t, tcpAt)

  await third.closed()
  t.equal((await first.ask(aQuestion(known))).header.responseCode, 1)
  t.equal(await refused('connections'), 1)
})

t.test('a peer that reads nothing is cut off, having cost no more than the bound', async t => {
  const large = aRecord({
    identifier: '88.118.8/large',
    values: [aValue({ data: { format: 'string', value: 'x'.repeat(150_000) } })],
  })
  const { tcpAt, clock, refused } = await aHandleDoor(t, { records: [large] })
  const deaf = await aTcpClient(t, tcpAt)
  const other = await aTcpClient(t, tcpAt)
  await deaf.ask(aQuestion('88.118.8/large'))
  deaf.socket.pause()

  deaf.socket.write(Buffer.concat(Array.from({ length: 200 }, () => aQuestion('88.118.8/large'))))
  for (let n = 0; n < 50; n++) await other.ask(aQuestion('88.118.8/large'))
  await clock.advance(12_000)
  deaf.socket.resume()

  await deaf.closed()
  t.equal(await refused('unread'), 1)
})

t.test('what a peer has not read yet is not overwritten by answers to others', async t => {
  const letters = ['a', 'b'] as const
  const records = letters.map(letter =>
    aRecord({
      identifier: `88.118.8/${letter}`,
      values: [aValue({ data: { format: 'string', value: letter.repeat(100_000) } })],
    }),
  )
  const { tcpAt } = await aHandleDoor(t, { records })
  const [slow, other] = [await aTcpClient(t, tcpAt), await aTcpClient(t, tcpAt)]
  for (const letter of letters) await other.ask(aQuestion(`88.118.8/${letter}`))
  const count = 100
  slow.socket.pause()

  slow.socket.write(Buffer.concat(Array.from({ length: count }, () => aQuestion('88.118.8/a'))))
  for (let n = 0; n < 20; n++) await other.ask(aQuestion('88.118.8/b'))
  slow.socket.resume()
  const answers = []
  for (let n = 0; n < count; n++) answers.push(await slow.next())

  t.ok(answers.every(({ body }) => body.includes('a'.repeat(100_000)) && !body.includes('bb')))
})

t.test('questions that wait for the store are answered in their order', async t => {
  const { tcpAt, store } = await aHandleDoor(t, {
    records: ['a', 'b', 'c'].map(suffix => aRecord({ identifier: `88.118.8/${suffix}` })),
  })
  const client = await aTcpClient(t, tcpAt)
  await client.ask(aQuestion('88.118.8/b'))
  let open: () => void = () => undefined
  store.gate = new Promise(resolve => {
    open = resolve
  })

  const handles = ['a', 'b', 'c', 'b', 'none']
  client.socket.write(
    Buffer.concat(handles.map((suffix, at) => aQuestion(`88.118.8/${suffix}`, { requestId: at }))),
  )
  await new Promise(resolve => setTimeout(resolve, 30))
  open()
  const answers = []
  for (const _ of handles) answers.push(await client.next())

  t.same(
    answers.map(({ envelope, header }) => [envelope.requestId, header.responseCode]),
    [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 100],
    ],
  )
})

t.test('a question before a message that is too long is still answered', async t => {
  const { tcpAt, store } = await aHandleDoor(t)
  const client = await aTcpClient(t, tcpAt)
  let open: () => void = () => undefined
  store.gate = new Promise(resolve => {
    open = resolve
  })
  const tooLong = aQuestion('88.118.8/ABC-1')
  tooLong.writeUInt32BE(300_000, 16)

  client.socket.write(Buffer.concat([aQuestion('88.118.8/ABC-1'), tooLong]))
  await new Promise(resolve => setTimeout(resolve, 20))
  open()

  t.equal((await client.next()).header.responseCode, 1)
  t.equal((await client.next()).header.responseCode, 4)
  await client.closed()
})

t.test('a peer that ends after its question is still answered', async t => {
  const { tcpAt } = await aHandleDoor(t)
  const client = await aTcpClient(t, tcpAt)

  client.socket.end(aQuestion(known))

  t.equal((await client.next()).header.responseCode, 1)
  await client.closed()
})

t.test('our own mistakes are answered without details and logged', async t => {
  const { tcpAt, logged } = await aHandleDoor(t, {
    handle: {
      records: {
        read: () => Promise.reject(new Error('a secret of ours')),
        list: () => Promise.reject(new Error('a secret of ours')),
      },
    },
  })
  const client = await aTcpClient(t, tcpAt)

  const answer = await client.ask(
    aFrame({
      opCode: 101,
      body: Buffer.from(`0000000e${Buffer.from(known).toString('hex')}`, 'hex'),
    }),
  )

  t.equal(answer.header.responseCode, 2)
  t.notOk(answer.body.includes('secret'))
  t.match(logged.join(''), /a secret of ours/)
})

t.test('closing ends idle connections at once and the others when they are answered', async t => {
  const { tcpAt, tcp, store } = await aHandleDoor(t)
  const idle = await aTcpClient(t, tcpAt)
  const busy = await aTcpClient(t, tcpAt)
  let open: () => void = () => undefined
  store.gate = new Promise(resolve => {
    open = resolve
  })
  const answer = busy.ask(aQuestion('88.118.8/ABC-1'))
  await new Promise(resolve => setTimeout(resolve, 20))

  tcp.close()
  await idle.closed()
  open()

  t.equal((await answer).header.responseCode, 1)
  await busy.closed()
})

t.test('no answer but a first one of one segment waits for others to be acknowledged', async t => {
  const long = aRecord({
    identifier: '88.118.8/long',
    values: [aValue({ data: { format: 'string', value: 'x'.repeat(600) } })],
  })
  const { tcpAt } = await aHandleDoor(t, {
    records: [aRecord({ identifier: known }), long],
  })
  const { setNoDelay } = Socket.prototype
  let count = 0
  t.intercept(Socket.prototype, 'setNoDelay', {
    value(this: Socket, ...args: [boolean]) {
      count += 1
      return setNoDelay.apply(this, args)
    },
  })
  async function asked(...handles: readonly string[]): Promise<number> {
    const before = count
    const client = await aTcpClient(t, tcpAt)
    for (const handle of handles) await client.ask(aQuestion(handle))
    return count - before
  }

  t.equal(await asked(known), 0)
  t.ok((await asked(known, known)) > 0)
  t.ok((await asked(long.identifier)) > 0)
})
