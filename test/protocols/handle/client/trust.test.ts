import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import t from 'tap'
import { makeSm2Key, publicKeyOfSm2, signSm2 } from '../../../../src/crypto/sm2.ts'
import type { PublicJwk, Value } from '../../../../src/model/value.ts'
import { makeJudge } from '../../../../src/protocols/handle/client/trust.ts'
import { digestedValueBytes } from '../../../../src/protocols/handle/values/handle-value.ts'
import { spkiOfPublicKey } from '../../../../src/protocols/handle/values/pem-key.ts'
import { aValue } from '../../../support/builders.ts'

const nowSeconds = 1_795_000_000
const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')

interface Signer {
  readonly alg: string
  readonly key: PublicJwk
  /** As a certificate says it. */
  readonly written: object
  sign(bytes: Buffer): Buffer
}

function anRsaSigner(): Signer {
  const pair: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
  })
  const key = pair.publicKey.export({ format: 'jwk' }) as PublicJwk
  return { alg: 'RS256', key, written: key, sign: bytes => sign('sha256', bytes, pair.privateKey) }
}

function anSm2Signer(): Signer {
  const number = makeSm2Key()
  const key = publicKeyOfSm2(number)
  const written = { kty: 'SM2', d: spkiOfPublicKey(key).toString('base64url') }
  return { alg: 'SM2256', key, written, sign: bytes => signSm2(number, bytes, { form: 'der' }) }
}

function aToken({ alg, sign }: Signer, claims: object): string {
  const signed = `${encode({ alg })}.${encode(claims)}`
  return `${signed}.${sign(Buffer.from(signed)).toString('base64url')}`
}

const inForce = { iat: nowSeconds - 10, nbf: nowSeconds - 10, exp: nowSeconds + 10 }
const everything = [{ perm: 'everything' }]
const rootHandle = '88.111.1/0.0'
const value = aValue()
const root = anRsaSigner()
const middle = anSm2Signer()

function aText(type: string, text: string, index: number): Value {
  return aValue({ index, type, data: { format: 'string', value: text } })
}

function aSignature(signer: Signer, more: object = {}): Value {
  const digest = createHash('sha256').update(digestedValueBytes(value)).digest('base64')
  const claims = {
    iss: '300:0.NA/88.1',
    sub: '88.1/x',
    ...inForce,
    digests: { alg: 'SHA-256', digests: [{ index: value.index, digest }] },
    ...more,
  }
  return aText('HS_SIGNATURE', aToken(signer, claims), 400)
}

function aCertificate(by: Signer, of: Signer, claims: object): Value {
  const all = { ...inForce, publicKey: of.written, perms: everything, ...claims }
  return aText('HS_CERT', aToken(by, all), 401)
}

const rootCertificate = aCertificate(root, root, {
  iss: `300:${rootHandle}`,
  sub: `300:${rootHandle}`,
})

function certificates(more: object = {}, by: Signer = root): Record<string, readonly Value[]> {
  return {
    [rootHandle]: [rootCertificate],
    '0.NA/88.1': [
      aCertificate(by, middle, { iss: `300:${rootHandle}`, sub: '300:0.NA/88.1', ...more }),
    ],
  }
}

function judge(
  values: readonly Value[],
  known: Readonly<Record<string, readonly Value[]>> = certificates(),
) {
  return makeJudge({
    root: { handle: rootHandle, key: root.key },
    findValues: async handle => known[handle] ?? [],
    now: () => nowSeconds * 1000,
  })('88.1/x', values)
}

t.test('a record is proven by a signature whose certificates lead to the root', async t => {
  t.equal(await judge([value, aSignature(middle)]), 'proven')
})

t.test('a record that says something else than its signature is refuted', async t => {
  const changed = aValue({ data: { format: 'string', value: 'changed' } })

  t.equal(await judge([changed, aSignature(middle)]), 'refuted')
  t.equal(await judge([value, aSignature(middle, { sub: '88.1/y' })]), 'refuted')
  t.equal(await judge([value, aSignature(anSm2Signer())]), 'refuted')
  t.equal(await judge([value, aSignature(middle)], certificates({}, anRsaSigner())), 'refuted')
})

const unproven: Record<string, () => Promise<string>> = {
  'no signature': () => judge([value]),
  'a signature that cannot be read': () => judge([value, aText('HS_SIGNATURE', 'x.y.z', 400)]),
  'a value that is not covered': () => judge([value, aValue({ index: 9 }), aSignature(middle)]),
  'a covered value that is missing': () => judge([aSignature(middle)]),
  'a signature that has expired': () => judge([value, aSignature(middle, { exp: nowSeconds - 1 })]),
  'a certificate that has expired': () =>
    judge([value, aSignature(middle)], certificates({ exp: nowSeconds - 1 })),
  'a certificate for something else': () =>
    judge(
      [value, aSignature(middle)],
      certificates({ perms: [{ perm: 'handlesUnderThisPrefix', handle: '0.NA/88.2' }] }),
    ),
  'a certificate that cannot be had': () => judge([value, aSignature(middle)], {}),
  'certificates in a circle': () =>
    judge([value, aSignature(middle)], {
      '0.NA/88.1': [aCertificate(middle, middle, { iss: '300:0.NA/88.1', sub: '300:0.NA/88.1' })],
    }),
  "an algorithm that is not the key's": () =>
    judge([value, aSignature({ ...middle, alg: 'RS256' })]),
  'no algorithm at all': () => judge([value, aSignature({ ...middle, alg: 'none' })]),
}
for (const [what, verdict] of Object.entries(unproven)) {
  t.test(`${what} proves nothing`, async t => {
    t.equal(await verdict(), 'unproven')
  })
}

t.test('a root of the right name with another key is no root', async t => {
  const impostor = anRsaSigner()
  const name = `300:${rootHandle}`
  const known = {
    [rootHandle]: [aCertificate(impostor, impostor, { iss: name, sub: name })],
    '0.NA/88.1': [aCertificate(impostor, middle, { iss: name, sub: '300:0.NA/88.1' })],
  }

  t.equal(await judge([value, aSignature(middle)], known), 'unproven')
})

for (const [perm, handle] of [
  ['thisHandle', '88.1/X'],
  ['handlesUnderThisPrefix', '0.NA/88.1'],
] as const) {
  t.test(`a certificate for ${perm} ${handle} covers the record`, async t => {
    t.equal(
      await judge([value, aSignature(middle)], certificates({ perms: [{ perm, handle }] })),
      'proven',
    )
  })
}
