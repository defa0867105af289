import t from 'tap'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { decodeReferral } from '../../src/protocols/handle/bodies/referral.ts'
import { opCodes } from '../../src/protocols/handle/op-codes.ts'
import { makeRequestDigest } from '../../src/protocols/handle/request-digest.ts'
import { decodeSite } from '../../src/protocols/handle/values/site.ts'
import {
  aFrame,
  aHandleBody,
  aQuestion,
  aTcpClient,
  aUdpClient,
  placeOf,
  readAnswer,
  valuesIn,
} from '../protocols/handle/a-client.ts'
import { aNode } from '../support/node.ts'

t.test('a demo node speaks Handle', async t => {
  const node = await aNode(t, { demo: true })
  const at = node.node.ready.handle ?? ''

  async function overHttp(identifier: string) {
    const answer = await fetch(`${node.http}/v1/resolve/${encodeURIComponent(identifier)}`)
    return (await answer.json()) as { values: { index: number; type: string }[]; code?: string }
  }

  t.test('a handle is answered with its public values, in the spelling of the asker', async t => {
    const client = await aTcpClient(t, at)

    const first = await client.ask(aQuestion('88.118.8/abc-1'))
    const again = await client.ask(aQuestion('88.118.8/Abc-1', { requestId: 77, sessionId: 10001 }))

    t.equal(first.header.responseCode, 1)
    t.equal(valuesIn(first).handle, '88.118.8/abc-1')
    t.equal(valuesIn(again).handle, '88.118.8/Abc-1')
    t.same(
      valuesIn(again).values.map(({ index, type }) => [index, type]),
      (await overHttp('88.118.8/ABC-1')).values.map(({ index, type }) => [index, type]),
    )
    t.equal(again.envelope.requestId, 77)
    t.equal(again.envelope.sessionId, 10001)
    const secondsLeft = again.header.expirationTime - Date.now() / 1000
    t.ok(secondsLeft > 43_000 && secondsLeft < 43_300)
    t.same([again.bytes[0], again.bytes[1]], [2, 10])
  })

  t.test('types and indexes are a union, and a dot stands for what lies below', async t => {
    const client = await aTcpClient(t, at)
    const ask = async (more: Parameters<typeof aQuestion>[1]) =>
      valuesIn(await client.ask(aQuestion('88.118.8/ABC-1', more))).values.map(({ type }) => type)

    t.same(await ask({ types: ['url'], indexes: [2] }), ['URL', 'NAME'])
    t.same(await ask({ types: ['URL.'] }), ['URL'])
    const none = await client.ask(aQuestion('88.118.8/ABC-1', { types: ['NONE'] }))
    t.equal(none.header.responseCode, 200)
  })

  t.test(
    'what does not exist, is malformed or is nobody’s gets a code all clients know',
    async t => {
      const client = await aTcpClient(t, at)
      const code = async (handle: string) =>
        (await client.ask(aQuestion(handle))).header.responseCode

      t.equal(await code('88.118.8/none'), 100)
      t.equal(await code('88.118.77/none'), 100)
      t.equal(await code('99.1/none'), 100)
      t.equal(await code('0'), 100)
      t.equal(await code('88.118.8/'), 102)
    },
  )

  t.test('a bare prefix and its prefix handle tell where the prefix is served', async t => {
    const client = await aTcpClient(t, at)
    for (const handle of ['88.118.8', '0.NA/88.118.8', '0.na/88.118.8']) {
      const { values } = valuesIn(await client.ask(aQuestion(handle, { types: ['HS_SITE'] })))

      const [value] = values
      const site = value?.data.format === 'site' ? value.data.value : undefined
      t.equal(site?.servers[0]?.address, '127.0.0.1')
      t.same(site?.servers[0]?.interfaces[0], {
        query: true,
        admin: true,
        protocol: 'TCP',
        port: placeOf(at).port,
      })
    }
    const { values } = await overHttp('88.118.8')
    t.same(
      values.map(({ type }) => type),
      ['HS_SITE'],
    )
  })

  t.test('a delegated prefix is referred to, and asked for itself has its site', async t => {
    const client = await aTcpClient(t, at)

    const below = await client.ask(aQuestion('88.118.9/x', { opFlags: 0x0100_0000 }))
    const refused = await client.ask(aQuestion('88.118.9/x', { opFlags: 0x0110_0000 }))
    const itself = await client.ask(aQuestion('88.118.9', { types: ['HS_SITE'] }))

    t.equal(below.header.responseCode, 302)
    const referral = decodeReferral(new ByteReader(below.body))
    t.equal(referral.handle, '')
    t.equal(referral.values?.[0]?.type, 'HS_SITE')
    t.equal(refused.header.responseCode, 100)
    t.equal(itself.header.responseCode, 1)
    t.equal(valuesIn(itself).values[0]?.type, 'HS_SITE')
  })

  t.test('a code is answered with the values made from its subject', async t => {
    const client = await aTcpClient(t, at)
    const { code } = await overHttp('88.118.8/ABC-1')

    const { values } = valuesIn(await client.ask(aQuestion(code ?? '')))

    t.same(
      values.filter(({ type }) => type !== 'PREFIX').map(({ index, type }) => [index, type]),
      [
        [1, 'URL'],
        [2, 'NAME'],
        [3, 'STATUS'],
        [100, 'HS_ADMIN'],
      ],
    )
  })

  t.test('site info is the bare record of this node', async t => {
    const client = await aTcpClient(t, at)

    const answer = await client.ask(
      aFrame({ opCode: opCodes.GET_SITEINFO, body: aHandleBody('/'), version: [2, 3, 2, 10] }),
    )

    t.equal(answer.header.responseCode, 1)
    const site = decodeSite(new ByteReader(answer.body))
    t.same(
      site.servers[0]?.interfaces.map(({ protocol }) => protocol),
      ['TCP', 'UDP', 'HTTP'],
    )
    t.same([answer.bytes[0], answer.bytes[1]], [2, 10])
  })

  t.test('the digest of a request comes back where it is asked for', async t => {
    const client = await aTcpClient(t, at)
    const frame = aQuestion('88.118.8/ABC-1', { opFlags: 0x0180_0000 })
    const { signedPart } = readAnswer(frame)

    const { header, body } = await client.ask(frame)

    const { digest } = makeRequestDigest(3, signedPart)
    t.ok(header.opFlags & 0x0080_0000)
    t.equal(body[0], 3)
    t.same(body.subarray(1, 33), digest)
    t.equal(body.toString('utf8', 37, 51), '88.118.8/ABC-1')
  })

  t.test('requests in one write are answered in order, cached or not', async t => {
    const client = await aTcpClient(t, at)
    const handles = Array.from({ length: 150 }, (_, at) =>
      at % 3 === 0
        ? '88.118.8/ABC-1'
        : at % 3 === 1
          ? `88.118.8/EQ-0${10 + (at % 40)}`
          : '88.118.8/none',
    )

    client.socket.write(
      Buffer.concat(handles.map((handle, at) => aQuestion(handle, { requestId: at }))),
    )
    const answers = []
    for (const _ of handles) answers.push(await client.next())

    t.same(
      answers.map(({ envelope }) => envelope.requestId),
      handles.map((_, at) => at),
    )
    t.same(
      answers.map(({ header }) => header.responseCode),
      handles.map(handle => (handle.endsWith('none') ? 100 : 1)),
    )
  })

  t.test('a request may come byte by byte', async t => {
    const client = await aTcpClient(t, at)
    const frame = aQuestion('88.118.8/ABC-1')

    for (const byte of frame.subarray(0, -1)) {
      client.socket.write(Buffer.from([byte]))
      await new Promise(setImmediate)
    }

    t.equal((await client.ask(frame.subarray(-1))).header.responseCode, 1)
  })

  t.test('what is malformed or unknown is refused, and the connection goes on', async t => {
    const client = await aTcpClient(t, at)
    const broken = aQuestion('88.118.8/ABC-1')
    broken.writeUInt32BE(0x7fff_ffff, 44)
    const short = aFrame({}).subarray(0, 30)
    short.writeUInt32BE(10, 16)

    t.equal((await client.ask(broken)).header.responseCode, 4)
    t.equal((await client.ask(short)).header.responseCode, 4)
    t.equal((await client.ask(aFrame({ opCode: 9999 }))).header.responseCode, 5)
    for (const opCode of [400, 401, 402, 1000, 1001, 1002]) {
      t.equal((await client.ask(aFrame({ opCode }))).header.responseCode, 5)
    }
    t.equal((await client.ask(aQuestion('88.118.8/ABC-1'))).header.responseCode, 1)
  })

  t.test('a message that promises too much is refused and the connection closed', async t => {
    const client = await aTcpClient(t, at)
    const frame = aQuestion('88.118.8/ABC-1')
    frame.writeUInt32BE(300_000, 16)

    t.equal((await client.ask(frame)).header.responseCode, 4)
    await client.closed()
  })

  t.test('what is no envelope closes the connection', async t => {
    const client = await aTcpClient(t, at)

    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')

    await t.resolves(client.closed())
  })

  t.test('UDP answers the same bytes', async t => {
    const tcp = await aTcpClient(t, at)
    const udp = await aUdpClient(t, at)
    const frame = aQuestion('88.118.8/ABC-1')

    const overTcp = await tcp.ask(frame)
    const overUdp = await udp.ask(frame)

    t.same(overUdp.body, overTcp.body)
    t.equal(overUdp.envelope.messageLength, overTcp.envelope.messageLength)
    t.equal((await udp.ask(aQuestion('88.118.8/none'))).header.responseCode, 100)
  })

  t.test('an answer that is an answer gets none', async t => {
    const udp = await aUdpClient(t, at)
    const response = aQuestion('88.118.8/ABC-1')
    response.writeUInt32BE(1, 24)

    udp.send(response)
    const { header } = await udp.ask(aQuestion('88.118.8/ABC-1', { requestId: 5 }))

    t.equal(header.responseCode, 1)
    t.same(udp.received, [])
  })

  t.test('administration is not done over UDP', async t => {
    const udp = await aUdpClient(t, at)
    const frame = aFrame({ opCode: opCodes.DELETE_HANDLE, body: aHandleBody('88.118.8/ABC-1') })

    t.equal((await udp.ask(frame)).header.responseCode, 5)
  })
})
