import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  pbkdf2Sync,
  sign,
} from 'node:crypto'
import { sm2 } from 'sm-crypto-v2'
import t from 'tap'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { decodeChallenge } from '../../src/protocols/handle/bodies/challenge.ts'
import {
  encodeChallengeAnswer,
  encodeKeySignature,
} from '../../src/protocols/handle/bodies/challenge-answer.ts'
import { decodeCreatedHandle } from '../../src/protocols/handle/bodies/handle.ts'
import { decodeHandleList } from '../../src/protocols/handle/bodies/handle-list.ts'
import { encodeHandleValues } from '../../src/protocols/handle/bodies/handle-values.ts'
import { encodeLogin, encodePasswordLogin } from '../../src/protocols/handle/bodies/login.ts'
import { encodeRemoveValue } from '../../src/protocols/handle/bodies/remove-value.ts'
import { encodeSecretAnswer } from '../../src/protocols/handle/bodies/secret-answer.ts'
import { encodeVerifyRequest } from '../../src/protocols/handle/bodies/verify-answer.ts'
import { opCodes } from '../../src/protocols/handle/op-codes.ts'
import {
  type Answered,
  aFrame,
  aHandleBody,
  aQuestion,
  aTcpClient,
  bodyOf,
  type TcpClient,
  valuesIn,
} from '../protocols/handle/a-client.ts'
import { keys } from '../protocols/handle/wire-vectors.ts'
import { aValue } from '../support/builders.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { auditRows } from './audit-rows.ts'

const admin = '88.118.8/ADMIN'
const rsa = createPrivateKey({
  key: Buffer.from(keys['rsaPrivatePkcs8Hex'] ?? '', 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const sm2Private = /0420([0-9a-f]{64})/.exec(keys['sm2PrivatePkcs8Hex'] ?? '')?.[1] ?? ''
const sm2Public = (keys['sm2PublicSpkiHex'] ?? '').slice(-128)
const dsa = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 224 })
const secret = 'open sesame'

const index = { rsa: 300, sm2: 301, secret: 302, dsa: 303, pem: 304 }

/** Writes records as the operator does, over HTTP. */
async function put(
  node: RunningNode,
  identifier: string,
  values: readonly object[],
): Promise<void> {
  const answer = await fetch(`${node.http}/v1/identifiers/${encodeURIComponent(identifier)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ values }),
  })
  if (answer.status === 503) return put(node, identifier, values)
  if (!answer.ok) throw new Error(`${identifier}: ${await answer.text()}`)
}

function anAdmin(at: number, handle: string, keyIndex: number, permissions = '111111111111') {
  return {
    index: at,
    type: 'HS_ADMIN',
    data: { format: 'admin', value: { handle, index: keyIndex, permissions } },
  }
}

function dsaData(): { format: 'hex'; value: string } {
  const spki = dsa.publicKey.export({ type: 'spki', format: 'der' })
  const numbers: Buffer[] = []
  // p, q, g stand in a sequence, y in a bit string behind it: all are integers.
  const walk = (at: number, end: number): void => {
    while (at < end) {
      const tag = spki[at] ?? 0
      let length = spki[at + 1] ?? 0
      let start = at + 2
      if (length & 0x80) {
        const count = length & 0x7f
        length = spki.readUIntBE(start, count)
        start += count
      }
      if (tag === 0x30) walk(start, start + length)
      if (tag === 0x03) walk(start + 1, start + length)
      if (tag === 0x02) numbers.push(spki.subarray(start, start + length))
      at = start + length
    }
  }
  walk(0, spki.length)
  const [p, q, g, y] = numbers as [Buffer, Buffer, Buffer, Buffer]
  const sized = (bytes: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const parts = [sized(Buffer.from('DSA_PUB_KEY')), Buffer.alloc(2), ...[q, p, g, y].map(sized)]
  return { format: 'hex', value: Buffer.concat(parts).toString('hex') }
}

async function prepare(node: RunningNode): Promise<void> {
  const rsaJwk = createPrivateKey(rsa.export({ type: 'pkcs8', format: 'pem' })).export({
    format: 'jwk',
  })
  await put(node, '0.NA/88.118.8', [
    anAdmin(100, admin, index.rsa),
    anAdmin(101, '88.118.8/GROUP', 200),
    anAdmin(102, admin, index.dsa, '000000000001'),
  ])
  await put(node, '88.118.8/GROUP', [
    {
      index: 200,
      type: 'HS_VLIST',
      data: { format: 'vlist', value: [{ handle: '88.118.8/INNER', index: 201 }] },
    },
  ])
  await put(node, '88.118.8/INNER', [
    {
      index: 201,
      type: 'HS_VLIST',
      data: {
        format: 'vlist',
        value: [
          { handle: '88.118.8/GROUP', index: 200 },
          { handle: '88.118.8/admin', index: index.sm2 },
          { handle: admin, index: index.secret },
        ],
      },
    },
  ])
  await put(node, admin, [
    {
      index: index.rsa,
      type: 'HS_PUBKEY',
      data: { format: 'key', value: { kty: 'RSA', n: rsaJwk.n, e: rsaJwk.e } },
    },
    {
      index: index.sm2,
      type: 'HS_PUBKEY',
      data: {
        format: 'key',
        value: {
          kty: 'EC',
          crv: 'SM2',
          x: Buffer.from(sm2Public.slice(0, 64), 'hex').toString('base64url'),
          y: Buffer.from(sm2Public.slice(64), 'hex').toString('base64url'),
        },
      },
    },
    { index: index.secret, type: 'HS_SECKEY', data: secret, permissions: '1100' },
    { index: index.dsa, type: 'HS_PUBKEY', data: dsaData() },
  ])
}

type Signer = (challenged: Buffer) => {
  keyIndex: number
  signedResponse: Buffer
  type?: 'HS_SECKEY'
}

const signers = {
  rsa: (challenged: Buffer) => ({
    keyIndex: index.rsa,
    signedResponse: bodyOf(encodeKeySignature, {
      hashName: 'SHA-256',
      signature: sign('sha256', challenged, rsa),
    }),
  }),
  sm2: (challenged: Buffer) => ({
    keyIndex: index.sm2,
    signedResponse: bodyOf(encodeKeySignature, {
      hashName: 'SM3',
      signature: Buffer.from(
        sm2.doSignature(createHash('sm3').update(challenged).digest(), sm2Private, {
          der: true,
          hash: true,
          publicKey: `04${sm2Public}`,
          userId: admin,
        }),
        'hex',
      ),
    }),
  }),
  dsa: (challenged: Buffer) => ({
    keyIndex: index.dsa,
    signedResponse: bodyOf(encodeKeySignature, {
      hashName: 'SHA1',
      signature: sign('sha1', challenged, dsa.privateKey),
    }),
  }),
  secret: (challenged: Buffer) => {
    const salt = Buffer.alloc(16, 7)
    const key = pbkdf2Sync(secret, salt, 10_000, 20, 'sha1')
    const mac = createHmac('sha1', key).update(challenged).digest()
    return {
      keyIndex: index.secret,
      type: 'HS_SECKEY' as const,
      signedResponse: bodyOf(encodeSecretAnswer, {
        kind: 'pbkdf2' as const,
        salt,
        iterations: 10_000,
        keyBits: 160,
        mac,
      }),
    }
  },
} satisfies Record<string, Signer>

/** Answers a challenge as a client does. */
async function answerChallenge(
  client: TcpClient,
  challenged: Answered,
  signer: Signer,
  opFlags = 0x0080_0000,
): Promise<Answered> {
  const challenge = decodeChallenge(new ByteReader(challenged.body))
  const bytes = Buffer.concat([challenge.nonce, challenge.requestDigest.digest])
  const { keyIndex, signedResponse, type = 'HS_PUBKEY' } = signer(bytes)
  return client.ask(
    aFrame({
      opCode: opCodes.CHALLENGE_RESPONSE,
      opFlags,
      sessionId: challenged.envelope.sessionId,
      body: bodyOf(encodeChallengeAnswer, {
        authType: type,
        key: { handle: admin, index: keyIndex },
        signedResponse,
      }),
    }),
  )
}

async function logIn(client: TcpClient, signer: Signer, sessionId = 0): Promise<Answered> {
  const challenged = await client.ask(
    aFrame({
      opCode: opCodes.LOGIN_KEY,
      opFlags: 0x0080_0000,
      sessionId,
      body: bodyOf(encodeLogin, { handle: admin, index: signer(Buffer.alloc(48)).keyIndex }),
    }),
  )
  return answerChallenge(client, challenged, signer)
}

function create(handle: string, values = [aValue()], opFlags = 0) {
  return aFrame({
    opCode: opCodes.CREATE_HANDLE,
    opFlags,
    body: bodyOf(encodeHandleValues, { handle, values }),
  })
}

function values(opCode: number, handle: string, written: ReturnType<typeof aValue>[], opFlags = 0) {
  return aFrame({ opCode, opFlags, body: bodyOf(encodeHandleValues, { handle, values: written }) })
}

const codeOf = async (answer: Promise<Answered>) => (await answer).header.responseCode

t.test('administration over Handle', async t => {
  const node = await aNode(t, { demo: true, env: { QXM_HANDLE_SERVER_ADMINS: `300:${admin}` } })
  const at = node.node.ready.handle ?? ''
  await prepare(node)

  t.test('who has not logged in is refused with a code all clients understand', async t => {
    const client = await aTcpClient(t, at)

    t.equal(await codeOf(client.ask(create('88.118.8/h-0'))), 400)
    t.equal(
      await codeOf(
        client.ask(aFrame({ opCode: opCodes.LIST_HANDLE, body: aHandleBody('88.118.8') })),
      ),
      400,
    )
  })

  for (const [name, signer] of Object.entries(signers)) {
    t.test(`a connection logs in with a key: ${name}`, async t => {
      const client = await aTcpClient(t, at)

      const answer = await logIn(client, signer, name === 'rsa' ? 10_001 : 0)

      t.equal(answer.header.opCode, opCodes.LOGIN_KEY)
      t.equal(answer.header.responseCode, 1)
      t.equal(await codeOf(client.ask(create(`88.118.8/by-${name}`))), 1)
      const other = await aTcpClient(t, at)
      t.equal(await codeOf(other.ask(create('88.118.8/by-other'))), 400)
    })
  }

  t.test('a login is challenged again, and each challenge serves one answer', async t => {
    const client = await aTcpClient(t, at)
    const login = () =>
      client.ask(
        aFrame({
          opCode: opCodes.LOGIN_KEY,
          body: bodyOf(encodeLogin, { handle: admin, index: index.rsa }),
        }),
      )
    await logIn(client, signers.rsa)

    const challenged = await login()
    t.equal(challenged.header.responseCode, 402)
    const first = await answerChallenge(client, challenged, signers.rsa)
    const replayed = await answerChallenge(client, challenged, signers.rsa)

    t.equal(first.header.responseCode, 1)
    t.equal(replayed.header.responseCode, 405)
  })

  t.test(
    'a wrong signature, key, user or digest proves nothing; five end the connection',
    async t => {
      const client = await aTcpClient(t, at)
      const wrong: Signer = challenged => {
        const right = signers.rsa(challenged)
        right.signedResponse.writeUInt8(
          (right.signedResponse.at(-1) ?? 0) ^ 1,
          right.signedResponse.length - 1,
        )
        return right
      }
      const otherKey: Signer = challenged => ({ ...signers.rsa(challenged), keyIndex: index.sm2 })
      const noKey: Signer = challenged => ({ ...signers.rsa(challenged), keyIndex: 1 })
      const weak: Signer = challenged => ({
        keyIndex: index.rsa,
        signedResponse: bodyOf(encodeKeySignature, {
          hashName: 'SHA1',
          signature: sign('sha1', challenged, rsa),
        }),
      })
      const codes = []
      for (const signer of [wrong, otherKey, noKey, weak, wrong]) {
        codes.push((await logIn(client, signer)).header.responseCode)
      }

      t.same(codes, [403, 403, 403, 403, 403])
      await client.closed()
    },
  )

  t.test('a record is created, added to, modified, reduced and deleted', async t => {
    const client = await aTcpClient(t, at)
    await logIn(client, signers.rsa)
    const handle = '88.118.8/life'
    const email = aValue({ index: 2, type: 'EMAIL', data: { format: 'string', value: 'a@b.cn' } })
    const ours = {
      ...anAdmin(100, admin, index.rsa),
      ttl: 1,
      timestamp: '',
      references: [],
      permissions: '1110',
    }

    const read = async () => valuesIn(await client.ask(aQuestion(handle))).values
    const created = await client.ask(
      create(handle, [
        aValue(),
        aValue({ ...(ours as object), timestamp: '2026-01-01T00:00:00Z' }),
      ]),
    )
    t.equal(decodeCreatedHandle(new ByteReader(created.body)), handle)
    t.equal(await codeOf(client.ask(create(handle))), 101)
    t.equal(await codeOf(client.ask(values(opCodes.ADD_VALUE, handle, [email]))), 1)
    t.equal(await codeOf(client.ask(values(opCodes.ADD_VALUE, handle, [email]))), 201)
    t.equal(await codeOf(client.ask(values(opCodes.ADD_VALUE, handle, [email, email]))), 201)
    t.equal(await codeOf(client.ask(values(opCodes.ADD_VALUE, handle, []))), 202)
    t.equal(
      await codeOf(client.ask(values(opCodes.ADD_VALUE, handle, [aValue({ index: 0 })]))),
      202,
    )
    const renewed = aValue({ index: 2, type: 'EMAIL', data: { format: 'string', value: 'c@d.cn' } })
    t.equal(await codeOf(client.ask(values(opCodes.MODIFY_VALUE, handle, [renewed]))), 1)
    t.equal(
      await codeOf(client.ask(values(opCodes.MODIFY_VALUE, handle, [aValue({ index: 9 })]))),
      200,
    )
    t.same((await read()).find(value => value.index === 2)?.data.value, 'c@d.cn')
    const remove = (indexes: number[]) =>
      codeOf(
        client.ask(
          aFrame({
            opCode: opCodes.REMOVE_VALUE,
            body: bodyOf(encodeRemoveValue, { handle, indexes }),
          }),
        ),
      )
    t.equal(await remove([2, 7]), 200)
    t.equal((await read()).length, 3)
    t.equal(await remove([2]), 1)
    t.equal((await read()).length, 2)
    t.equal(
      await codeOf(
        client.ask(aFrame({ opCode: opCodes.DELETE_HANDLE, body: aHandleBody(handle) })),
      ),
      1,
    )
    t.equal(await codeOf(client.ask(aQuestion(handle))), 100)
    t.equal(
      await codeOf(
        client.ask(aFrame({ opCode: opCodes.DELETE_HANDLE, body: aHandleBody(handle) })),
      ),
      100,
    )
  })

  t.test('one administrator must have every right that is needed', async t => {
    const client = await aTcpClient(t, at)
    await logIn(client, signers.dsa)

    t.equal(await codeOf(client.ask(create('88.118.8/may'))), 1)
    t.equal(
      await codeOf(
        client.ask(aFrame({ opCode: opCodes.LIST_HANDLE, body: aHandleBody('88.118.8') })),
      ),
      400,
    )
    t.equal(
      await codeOf(client.ask(values(opCodes.ADD_VALUE, '88.118.8/ABC-1', [aValue({ index: 9 })]))),
      400,
    )
    t.equal(await codeOf(client.ask(create('88.118.1/not-here'))), 400)
    t.equal(await codeOf(client.ask(create('88.118.9/not-here'))), 100)
    t.equal(await codeOf(client.ask(create('10.1/not-here'))), 100)
  })

  t.test('a suffix is minted, and overwriting says that it did', async t => {
    const client = await aTcpClient(t, at)
    await logIn(client, signers.rsa)

    const minted = await client.ask(create('88.118.8/m-', [aValue()], 0x0020_0000))
    const handle = decodeCreatedHandle(new ByteReader(minted.body)) ?? ''
    const over = await client.ask(create(handle, [aValue({ type: 'TXT' })], 0x0040_0000))

    t.match(handle, /^88\.118\.8\/m-[0-9a-f]{20}$/)
    t.equal(over.header.responseCode, 1)
    t.ok(over.header.opFlags & 0x0040_0000)
    t.equal(valuesIn(await client.ask(aQuestion(handle))).values[0]?.type, 'TXT')
  })

  t.test('values that are not public are read by who may', async t => {
    const client = await aTcpClient(t, at)
    const handle = '88.118.8/private'
    await put(node, handle, [
      anAdmin(100, admin, index.rsa),
      { index: 1, type: 'TXT', data: 'for administrators', permissions: '1100' },
      { index: 2, type: 'TXT', data: 'for nobody', permissions: '0100' },
      { index: 3, type: 'TXT', data: 'for all' },
    ])
    const indexes = async (more: object) =>
      valuesIn(await client.ask(aQuestion(handle, { opFlags: 0, ...more }))).values.map(
        value => value.index,
      )

    t.same(await indexes({}), [3, 100])
    t.equal(await codeOf(client.ask(aQuestion(handle, { indexes: [1], opFlags: 0 }))), 200)
    await logIn(client, signers.rsa)
    t.same(await indexes({}), [1, 3, 100])
    t.same(await indexes({ opFlags: 0x0100_0000 }), [3, 100])
  })

  t.test('handles are listed, and homing is the server administrators’', async t => {
    const client = await aTcpClient(t, at)
    const list = (opCode: number, handle: string) =>
      client.ask(aFrame({ opCode, body: aHandleBody(handle) }))
    await logIn(client, signers.sm2)
    const listed = await list(opCodes.LIST_HANDLE, '0.NA/88.118.8')
    const handles = decodeHandleList(new ByteReader(listed.body))
    t.ok(handles.includes('88.118.8/ABC-1') && handles.length > 250)
    t.equal((await list(opCodes.LIST_HANDLE, '88.118.8/ABC-1')).header.responseCode, 102)
    t.equal((await list(opCodes.LIST_HOMED_NA, '/')).header.responseCode, 400)

    await logIn(client, signers.rsa)
    t.equal((await list(opCodes.HOME_NA, '0.NA/88.118.55')).header.responseCode, 1)
    const homed = decodeHandleList(new ByteReader((await list(opCodes.LIST_HOMED_NA, '/')).body))
    t.ok(homed.includes('0.NA/88.118.55'))
    t.equal(await codeOf(client.ask(aQuestion('88.118.55'))), 1)
    t.equal((await list(opCodes.UNHOME_NA, '0.NA/88.118.55')).header.responseCode, 1)
    t.equal(await codeOf(client.ask(aQuestion('88.118.55'))), 100)
  })

  t.test('a secret answer is verified for another server', async t => {
    const client = await aTcpClient(t, at)
    const [nonce, requestDigest] = [Buffer.alloc(16, 1), Buffer.alloc(32, 2)]
    const verify = async (signedResponse: Buffer) =>
      (
        await client.ask(
          aFrame({
            opCode: opCodes.VERIFY_RESPONSE,
            body: bodyOf(encodeVerifyRequest, {
              key: { handle: admin, index: index.secret },
              nonce,
              requestDigest,
              signedResponse,
            }),
          }),
        )
      ).body[0]
    const right = signers.secret(Buffer.concat([nonce, requestDigest])).signedResponse

    t.equal(await verify(right), 1)
    t.equal(await verify(signers.secret(Buffer.alloc(48)).signedResponse), 0)
  })

  t.test('a password in clear text is not taken unless allowed', async t => {
    const client = await aTcpClient(t, at)
    const body = bodyOf(encodePasswordLogin, { user: `302:${admin}`, password: secret })

    t.equal(await codeOf(client.ask(aFrame({ opCode: opCodes.LOGIN_PASSWORD, body }))), 5)
  })

  t.test('what was written is in the audit under the key’s name', async t => {
    const query = `actor=${encodeURIComponent(`handle:300:${admin}`)}`
    await t.resolves(
      auditRows(node, query, rows => rows.some(({ target }) => target === '88.118.8/by-rsa')),
    )
  })
})

t.test('with challenges, each request can be proved alone', async t => {
  const node = await aNode(t, {
    demo: true,
    env: { QXM_HANDLE_CHALLENGE: '1', QXM_HANDLE_PASSWORD_LOGIN: '1' },
  })
  const at = node.node.ready.handle ?? ''
  await prepare(node)
  const client = await aTcpClient(t, at)

  const challenged = await client.ask(create('88.118.8/hdl'))
  const done = await answerChallenge(client, challenged, signers.secret)
  const next = await client.ask(create('88.118.8/hdl-2'))

  t.equal(challenged.header.opCode, opCodes.CREATE_HANDLE)
  t.equal(challenged.header.responseCode, 402)
  t.not(challenged.envelope.sessionId, 0)
  t.equal(done.header.opCode, opCodes.CREATE_HANDLE)
  t.equal(done.header.responseCode, 1)
  t.equal(next.header.responseCode, 402, 'the proof was for one request')

  await put(node, '88.118.8/private', [
    anAdmin(100, admin, index.rsa),
    { index: 1, type: 'TXT', data: 'for administrators', permissions: '1100' },
    { index: 2, type: 'TXT', data: 'for nobody', permissions: '0100' },
  ])
  const withheld = await client.ask(aQuestion('88.118.8/private', { opFlags: 0, indexes: [1] }))
  t.equal(withheld.header.responseCode, 402)
  const shown = await answerChallenge(client, withheld, signers.rsa, 0)
  t.equal(valuesIn(shown).values[0]?.data.value, 'for administrators')
  t.equal(
    await codeOf(client.ask(aQuestion('88.118.8/private', { opFlags: 0, indexes: [2] }))),
    401,
  )

  const body = bodyOf(encodePasswordLogin, { user: `302:${admin}`, password: secret })
  t.equal(await codeOf(client.ask(aFrame({ opCode: opCodes.LOGIN_PASSWORD, body }))), 1)
  t.equal(await codeOf(client.ask(create('88.118.8/hdl-3'))), 1)
})
