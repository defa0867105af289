import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeRsaKey, makeRsaSigner } from '../../src/crypto/rsa-key.ts'
import { makeSm2Key, publicKeyOfSm2 } from '../../src/crypto/sm2.ts'
import type { PublicJwk } from '../../src/model/value.ts'
import {
  type Administrator,
  type AdministratorParts,
  openAdministrator,
} from '../../src/protocols/handle/client/administer.ts'
import type { LoginKey } from '../../src/protocols/handle/client/answer-challenge.ts'
import { responseCodes } from '../../src/protocols/handle/response-codes.ts'
import { pemOfPrivateKey, pkcs8OfSm2 } from '../../src/protocols/handle/values/private-key.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { placeOf } from '../protocols/handle/a-client.ts'
import { aValue } from '../support/builders.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { runProgram } from './a-program.ts'

const admin = '88.118.8/ADMIN'
const secret = 'open sesame'
const rsa = await makeRsaKey()
const sm2 = makeSm2Key()
const keys = {
  RSA: { as: { handle: admin, index: 300 }, key: { kind: 'rsa', pkcs8: rsa } },
  SM2: { as: { handle: admin, index: 301 }, key: { kind: 'sm2', number: sm2 } },
  'a secret': {
    as: { handle: admin, index: 302 },
    key: { kind: 'secret', secret: Buffer.from(secret) },
  },
} satisfies Record<string, Pick<AdministratorParts, 'as' | 'key'>>

const node = await aNodeWithAdmin(t)

for (const [name, login] of Object.entries(keys)) {
  t.test(`an enterprise node pushes a record to us by Handle, with ${name}`, async t => {
    const client = anAdministrator(t, node, login)
    const handle = `88.118.8/PUSHED-${login.as.index}`
    const value = (index: number, text: string) =>
      aValue({ index, type: 'URL', data: { format: 'string', value: text } })

    // Whoever may change it later stands in the record itself.
    const its = aValue({
      index: 100,
      type: 'HS_ADMIN',
      data: { format: 'admin', value: { ...login.as, permissions: '111111111111' } },
    })

    const codes = await inTurn([
      () => client.logIn(soon()),
      () => client.perform({ do: 'create', handle, values: [value(1, 'a'), its] }, soon()),
      () => client.perform({ do: 'addValues', handle, values: [value(2, 'b')] }, soon()),
      () => client.perform({ do: 'modifyValues', handle, values: [value(1, 'c')] }, soon()),
      () => client.perform({ do: 'addValues', handle, values: [value(3, 'd')] }, soon()),
      () => client.perform({ do: 'removeValues', handle, indexes: [2] }, soon()),
    ])
    const { 1: first, 2: second, 3: third } = await textsOf(node, handle)
    const removed = await client.perform({ do: 'delete', handle }, soon())

    t.same(codes, Array(6).fill(responseCodes.SUCCESS))
    t.same([first, second, third], ['c', undefined, 'd'])
    t.equal(removed, responseCodes.SUCCESS)
    t.equal((await resolve(node, handle)).status, 410)
  })
}

t.test('where challenges are configured, what was not logged in is done once proved', async t => {
  const asking = await aNodeWithAdmin(t, { QXM_HANDLE_CHALLENGE: '1' })
  const client = anAdministrator(t, asking, keys.SM2)
  const handle = '88.118.8/PUSHED'

  const code = await client.perform({ do: 'create', handle, values: [aValue()] }, soon())

  t.equal(code, responseCodes.SUCCESS)
  t.equal((await resolve(asking, handle)).status, 200)
})

t.test('another key, and an unknown one, are refused', async t => {
  const other: LoginKey = { kind: 'sm2', number: makeSm2Key() }
  const wrong = anAdministrator(t, node, { ...keys.SM2, key: other })
  const unknown = anAdministrator(t, node, { ...keys.RSA, as: { handle: admin, index: 399 } })

  t.equal(await wrong.logIn(soon()), responseCodes.AUTHENTICATION_FAILED)
  t.equal(await unknown.logIn(soon()), responseCodes.AUTHENTICATION_FAILED)
  t.equal(
    await wrong.perform({ do: 'delete', handle: admin }, soon()),
    responseCodes.INVALID_ADMIN,
    'who is not logged in may nothing',
  )
})

t.test('qxm site check says whether a key logs in', async t => {
  const pem = join(t.testdir(), 'key.pem')
  await writeFile(pem, pemOfPrivateKey(pkcs8OfSm2(sm2, publicKeyOfSm2(sm2))))
  const check = (...more: readonly string[]) =>
    runProgram(['site', 'check', '--key', pem, '--server', node.node.ready.handle ?? '', ...more])

  const right = await check('--as', `301:${admin}`, '--lang', 'en')
  const wrong = await check('--as', `300:${admin}`, '--json')
  const unreadable = await check('--as', admin)

  t.match(right, { code: 0, stdout: `301:${admin}  logged in\n` })
  t.match(wrong, { code: 4, stdout: /"responseCode": 403/ })
  t.equal(unreadable.code, 2)
})

/** A node where ADMIN's keys administer 88.118.8. */
async function aNodeWithAdmin(t: Test, env: Record<string, string> = {}): Promise<RunningNode> {
  const node = await aNode(t, { demo: true, env })
  const permissions = '111111111111'
  await put(
    node,
    '0.NA/88.118.8',
    [300, 301, 302].map((index, at) => ({
      index: 100 + at,
      type: 'HS_ADMIN',
      data: { format: 'admin', value: { handle: admin, index, permissions } },
    })),
  )
  await put(node, admin, [
    aKey(300, makeRsaSigner(rsa).publicKey),
    aKey(301, publicKeyOfSm2(sm2)),
    { index: 302, type: 'HS_SECKEY', data: secret, permissions: '1100' },
  ])
  return node
}

function aKey(index: number, value: PublicJwk): object {
  return { index, type: 'HS_PUBKEY', data: { format: 'key', value } }
}

/** Writes records as the operator does. */
async function put(node: RunningNode, identifier: string, values: readonly object[]) {
  const answer = await fetch(`${node.http}/v1/identifiers/${encodeURIComponent(identifier)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ values }),
  })
  if (!answer.ok) throw new Error(`${identifier}: ${await answer.text()}`)
}

function anAdministrator(
  t: Test,
  { node }: RunningNode,
  login: Pick<AdministratorParts, 'as' | 'key'>,
): Administrator {
  const { host, port } = placeOf(node.ready.handle ?? '')
  const client = openAdministrator({
    ...login,
    place: { address: host, port },
    clock: systemClock,
    random: randomBytes,
    attemptTimeoutMs: 20_000,
  })
  t.teardown(() => client[Symbol.dispose]())
  return client
}

function resolve(node: RunningNode, identifier: string): Promise<Response> {
  return fetch(`${node.http}/v1/resolve/${encodeURIComponent(identifier)}`)
}

/** The values' data by their indexes. */
async function textsOf(node: RunningNode, identifier: string): Promise<Record<string, unknown>> {
  const { values } = (await (await resolve(node, identifier)).json()) as {
    values: { index: number; data: { value: unknown } }[]
  }
  return Object.fromEntries(values.map(({ index, data }) => [index, data.value]))
}

async function inTurn(steps: readonly (() => Promise<number>)[]): Promise<number[]> {
  const codes: number[] = []
  for (const step of steps) codes.push(await step())
  return codes
}

function soon(): AbortSignal {
  return AbortSignal.timeout(20_000)
}
