import t from 'tap'
import { aPrefix, aRecord } from '../../support/builders.ts'
import { aTcpClient, aUdpClient } from './a-client.ts'
import { aHandleDoor } from './a-handle-door.ts'
import { vectorsOf } from './wire-vectors.ts'

/** What each request of a real encoder gets from a door that holds two of its handles and nobody's keys. */
const expected: Readonly<Record<string, number>> = {
  'resolve-all': 1,
  'resolve-types': 1,
  'resolve-indexes': 1,
  'resolve-chinese-both': 200,
  'resolve-flags': 1,
  'resolve-recursive-identity': 1,
  'get-site-info': 1,
  create: 400,
  'create-overwrite': 400,
  'create-mint': 400,
  delete: 400,
  'add-value': 400,
  'modify-value': 400,
  'remove-value': 400,
  'list-handles': 400,
  'home-na': 400,
  'list-homed-nas': 400,
  'unhome-na': 400,
  'verify-challenge': 1,
  'session-setup-hdl': 5,
  'session-setup-client-key': 5,
  'session-terminate': 5,
  'get-next-txn-id': 5,
  'dump-handles': 5,
  'retrieve-txn': 5,
  'login-2001-pointer': 402,
  'challenge-answer-rsa': 405,
  'challenge-answer-sm2': 405,
  'caict-site-info': 1,
  'caict-resolve': 1,
  'caict-resolve-trusted': 1,
  'caict-login-2001': 402,
  'caict-login-2000': 5,
  'caict-create': 400,
}

const world = {
  prefixes: [aPrefix('88.118.8')],
  records: ['88.118.8/product-001', '88.118.8/江苏/产品-0001'].map(identifier =>
    aRecord({ identifier }),
  ),
}

t.test('every request of the real encoders is answered as it should be', async t => {
  const { tcpAt } = await aHandleDoor(t, world)
  const client = await aTcpClient(t, tcpAt)

  for (const { name, hex } of vectorsOf('request')) {
    const frame = Buffer.from(hex, 'hex')
    const { envelope, header } = await client.ask(frame)

    t.equal(header.responseCode, expected[name], name)
    t.equal(envelope.requestId, frame.readUInt32BE(8), `${name}: request id`)
    t.ok(header.opCode === frame.readUInt32BE(20), `${name}: operation`)
    t.ok(header.expirationTime > 0, `${name}: expiration`)
    t.same([envelope.majorVersion, envelope.minorVersion], [2, 10], `${name}: version`)
  }
})

t.test('a question of the real encoders is answered over UDP too', async t => {
  const { udpAt } = await aHandleDoor(t, world)
  const client = await aUdpClient(t, udpAt)

  for (const { name, hex } of vectorsOf('request').filter(each =>
    each.name.startsWith('resolve'),
  )) {
    const answer = await client.ask(Buffer.from(hex, 'hex'))

    t.equal(answer.header.responseCode, expected[name], name)
  }
})

t.test('answers of the real encoders are not answered', async t => {
  const { tcpAt, udpAt, refused } = await aHandleDoor(t, world)
  const tcp = await aTcpClient(t, tcpAt)
  const udp = await aUdpClient(t, udpAt)
  const answers = vectorsOf('response').map(({ hex }) => Buffer.from(hex, 'hex'))
  const question = Buffer.from(vectorsOf('request')[0]?.hex ?? '', 'hex')

  for (const answer of answers.filter(({ length }) => length <= 512)) udp.send(answer)
  const overTcp = await tcp.ask(Buffer.concat([...answers, question]))
  const overUdp = await udp.ask(question)

  t.equal(overTcp.envelope.requestId, question.readUInt32BE(8))
  t.equal(overUdp.envelope.requestId, question.readUInt32BE(8))
  t.ok((await refused('response')) >= answers.length)
})
