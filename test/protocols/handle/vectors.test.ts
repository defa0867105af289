import { createPublicKey } from 'node:crypto'
import t from 'tap'
import type { Reference, Value } from '../../../src/model/value.ts'
import { ByteReader } from '../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocols/bytes/writer.ts'
import { decodeKeySignature } from '../../../src/protocols/handle/bodies/challenge-answer.ts'
import {
  decodeSecretAnswer,
  encodeSecretAnswer,
} from '../../../src/protocols/handle/bodies/secret-answer.ts'
import {
  decodeFragment,
  joinFragments,
  splitFragments,
} from '../../../src/protocols/handle/fragments.ts'
import { handleHash, serverNumberOf } from '../../../src/protocols/handle/server-hash.ts'
import { decodeValue, encodeValue } from '../../../src/protocols/handle/values/handle-value.ts'
import { decodeValueData, valueDataBytes } from '../../../src/protocols/handle/values/value-data.ts'
import { decodeAll, encodeAll } from './recode.ts'
import {
  type Annotation,
  bytesOf,
  count,
  keys,
  vector,
  vectors,
  vectorsOf,
} from './wire-vectors.ts'

const serverKey = createPublicKey({
  key: Buffer.from(keys['rsaPublicSpkiHex'] ?? '', 'hex'),
  format: 'der',
  type: 'spki',
}).export({ format: 'jwk' })

t.test('every vector is of a kind that is tested here', async t => {
  const tested = vectorsOf(
    'request',
    'response',
    'handle-value',
    'value-data',
    'signed-response',
    'udp',
    'hash',
  )

  t.equal(tested.length, count)
  t.equal(vectors.length, count)
})

for (const { name, hex, decoded } of vectorsOf('request', 'response')) {
  t.test(`${name} means what its annotation says`, async t => {
    const message = decodeAll(Buffer.from(hex, 'hex'))

    if (decoded.envelope !== undefined) t.match(message.envelope, envelopeOf(decoded.envelope))
    t.match(message.header, headerOf(decoded.header))
    t.strictSame(comparable(message.body), bodyOf(decoded.body))
    t.equal(message.digest?.digest.toString('hex'), answeredDigest(decoded))
  })

  // id-pointer leaves out the length of an absent credential here; RFC 3652 §2.2.4 wants it.
  if (name === 'login-2001-pointer') continue

  t.test(`${name} is written with the same bytes`, async t => {
    t.equal(encodeAll(decodeAll(Buffer.from(hex, 'hex'))).toString('hex'), hex)
  })
}

t.test(
  "id-pointer's login is written with a credential length and is otherwise the same",
  async t => {
    const theirs = bytesOf('login-2001-pointer')

    const ours = encodeAll(decodeAll(theirs))

    t.equal(ours.readUInt32BE(16), theirs.readUInt32BE(16) + 4)
    t.equal(ours.toString('hex', 20), `${theirs.toString('hex', 20)}00000000`)
  },
)

for (const { name, hex, decoded } of vectorsOf('handle-value')) {
  t.test(`${name} is read and written`, async t => {
    const reader = new ByteReader(Buffer.from(hex, 'hex'))
    const writer = new ByteWriter(65_536)

    const value = decodeValue(reader)
    encodeValue(writer, value)

    t.equal(reader.remaining, 0)
    t.strictSame(comparableValue(value), annotatedValue(decoded))
    t.equal(writer.taken().toString('hex'), hex)
  })
}

const dataFormats: Readonly<Record<string, readonly [type: string, format: string]>> = {
  'hs-admin': ['HS_ADMIN', 'admin'],
  'hs-admin-legacy': ['HS_ADMIN', 'admin'],
  'hs-vlist': ['HS_VLIST', 'vlist'],
  'hs-vlist-empty': ['HS_VLIST', 'vlist'],
  'hs-pubkey-rsa': ['HS_PUBKEY', 'key'],
  'hs-pubkey-dsa': ['HS_PUBKEY', 'key'],
  'hs-pubkey-sm2': ['HS_PUBKEY', 'key'],
  // A key form would be written as typed binary, and a signature over the value would be lost.
  'hs-pubkey-sm2-pem': ['HS_PUBKEY', 'string'],
  'hs-pubkey-rsa-pem': ['HS_PUBKEY', 'string'],
  'hs-seckey-hashed': ['HS_SECKEY', 'string'],
  'hs-site': ['HS_SITE', 'site'],
  'hs-signature-rsa': ['HS_SIGNATURE', 'string'],
  'hs-cert-rsa': ['HS_CERT', 'string'],
  'hs-cert-sm2': ['HS_CERT', 'string'],
  'caict-signature-sm2': ['HS_SIGNATURE', 'string'],
}

for (const { name, hex } of vectorsOf('value-data')) {
  t.test(`${name} is read in its form and written with the same bytes`, async t => {
    const [type = 'untested', format] = dataFormats[name] ?? []

    const data = decodeValueData(type, Buffer.from(hex, 'hex'))

    t.equal(data.format, format)
    t.equal(valueDataBytes(data).toString('hex'), hex)
  })
}

for (const { name, hex } of vectorsOf('signed-response')) {
  t.test(`${name} is read and written`, async t => {
    const writer = new ByteWriter(1024)

    encodeSecretAnswer(writer, decodeSecretAnswer(Buffer.from(hex, 'hex')))

    t.equal(writer.taken().toString('hex'), hex)
  })
}

t.test('udp-fragments are put together and cut the same way', async t => {
  const { hex, datagrams = [] } = vector('udp-fragments')
  const fragments = datagrams.map(datagram => decodeFragment(Buffer.from(datagram, 'hex')))

  const { envelope, message } = joinFragments(fragments.toReversed())
  const again = splitFragments(envelope, message)

  t.equal(message.toString('hex'), hex)
  t.equal(envelope.truncated, false)
  t.strictSame(
    again.map(datagram => datagram.toString('hex')),
    datagrams,
  )
})

t.test('server-hash finds the servers the real clients find', async t => {
  const options = ['HASH_TYPE_BY_PREFIX', 'HASH_TYPE_BY_SUFFIX', undefined] as const

  for (const { handle, hashOption, hash, of3, of7 } of vector('server-hash').decoded) {
    const option = options[hashOption as 0 | 1 | 2]
    t.equal(handleHash(handle, option), hash)
    t.equal(serverNumberOf(handle, option, 3), of3)
    t.equal(serverNumberOf(handle, option, 7), of7)
  }
})

/*
 * The annotations, in our words: only what an annotation names is compared (`t.match`).
 */

function envelopeOf({ sequence, ...rest }: Annotation): object {
  return { ...rest, sequenceNumber: sequence }
}

function headerOf(header: Annotation): object {
  const { opFlags, siteSerial, expiration, reserved: _, ...rest } = header
  return {
    ...rest,
    opFlags: Number.parseInt(opFlags, 16),
    ...(siteSerial === undefined ? {} : { siteInfoSerialNumber: siteSerial }),
    ...(expiration === undefined ? {} : { expirationTime: expiration }),
  }
}

function answeredDigest({ header, body }: Annotation): string | undefined {
  return header.responseCode === 402 ? undefined : body.digestHex
}

type BodyForm = (body: Annotation) => unknown

/** By the member that gives an annotated body away; the first that is there decides. */
const bodyForms: readonly (readonly [member: string, form: BodyForm])[] = [
  ['types', resolutionOf],
  ['indexes', ({ handle, indexes }) => ({ handle, indexes })],
  ['values', valuesOf],
  ['handles', ({ handles }) => handles],
  ['message', ({ message }) => message],
  ['valid', ({ valid }) => valid],
  ['signedResponse', challengeAnswerOf],
  ['signedResponseHex', verifyOf],
  ['nonceHex', challengeOf],
  ['timeout', sessionOf],
  ['dataHex', ({ mode, dataHex }) => ({ mode, data: dataHex })],
  ['servers', siteOf],
  ['index', ({ handle, index }) => ({ handle, index })],
  ['pullAll', retrieveOf],
  [
    'hashType',
    ({ hashType, numServers, serverNum }) =>
      hex(hashType, 1) + hex(numServers, 4) + hex(serverNum, 4),
  ],
  ['nextTxnId', ({ nextTxnId }) => hex(nextTxnId, 8)],
  ['handle', ({ handle }) => handle],
]

function bodyOf(body: Annotation): unknown {
  return bodyForms.find(([member]) => member in body)?.[1](body)
}

function resolutionOf({ handle, indexes, types, trailingAuthString }: Annotation): unknown {
  if (handle === 'operator') return { user: handle, password: types[0] }
  return {
    handle,
    indexes,
    types,
    ...(trailingAuthString === undefined ? {} : { identity: trailingAuthString }),
  }
}

function valuesOf({ handle, values }: Annotation): unknown {
  return { handle, ...(values === null ? {} : { values: values.map(annotatedValue) }) }
}

function challengeOf({ digestType, digestHex, nonceHex }: Annotation): unknown {
  return { requestDigest: { type: digestType, digest: digestHex }, nonce: nonceHex }
}

function challengeAnswerOf({ authType, userHandle, userIndex, signedResponse }: Annotation) {
  const signature = {
    hashName: signedResponse.hashAlg,
    signature: signedResponse.signatureHex,
  }
  return { authType, key: { handle: userHandle, index: userIndex }, signedResponse: signature }
}

function verifyOf(body: Annotation): unknown {
  return {
    key: { handle: body.handle, index: body.index },
    nonce: body.nonceHex,
    requestDigest: body.requestDigestHex,
    signedResponse: body.signedResponseHex,
  }
}

function sessionOf(body: Annotation): unknown {
  return {
    mode: body.mode,
    timeoutSeconds: body.timeout,
    identity: { handle: body.identityHandle, index: body.identityIndex },
    ...(body.publicKeyHex === undefined ? {} : { publicKey: body.publicKeyHex }),
    ...(body.exchangeKeyHandle === undefined
      ? {}
      : { exchangeKey: { handle: body.exchangeKeyHandle, index: body.exchangeKeyIndex } }),
  }
}

/** Replication stays opaque: its bodies are carried, not understood. */
function retrieveOf(body: Annotation): string {
  const { pullAll, lastTxnId, lastQueryDate, hashType, numServers, serverNum } = body
  const since = hex(pullAll, 1) + hex(lastTxnId, 8) + hex(lastQueryDate, 8)
  return since + hex(hashType, 1) + hex(numServers, 4) + hex(serverNum, 4)
}

function hex(number: number, bytes: number): string {
  return number.toString(16).padStart(bytes * 2, '0')
}

function siteOf(site: Annotation): unknown {
  const protocols = ['UDP', 'TCP', 'HTTP', 'HTTPS']
  return {
    version: site.formatVersion,
    protocolVersion: `${site.majorVersion}.${site.minorVersion}`,
    serialNumber: site.serial,
    primarySite: site.primaryMask === '80',
    multiPrimary: false,
    attributes: site.attributes,
    servers: site.servers.map((server: Annotation) => ({
      serverId: server.serverId,
      address: server.address,
      ...(server.publicKeyHex === '' ? {} : { publicKey: { format: 'key', value: serverKey } }),
      interfaces: server.interfaces.map(({ type, protocol, port }: Annotation) => ({
        admin: type % 2 === 1,
        query: type >= 2,
        protocol: protocols[protocol],
        port,
      })),
    })),
  }
}

interface ComparableValue {
  readonly index: number
  readonly type: string
  readonly ttl: number | string
  readonly timestamp: string
  readonly permissions: string
  readonly references: readonly Reference[]
  readonly data: string
}

function annotatedValue(value: Annotation): ComparableValue {
  const bits = [value.adminRead, value.adminWrite, value.publicRead, value.publicWrite]
  return {
    index: value.index,
    type: value.type,
    ttl: value.ttlType === 1 ? instant(value.ttl) : value.ttl,
    timestamp: instant(value.timestamp),
    permissions:
      value.permissions === undefined
        ? bits.map(Number).join('')
        : Number.parseInt(value.permissions, 16).toString(2),
    references: value.references ?? [],
    data: value.dataHex ?? Buffer.from(value.dataText).toString('hex'),
  }
}

function comparableValue({ data, ...value }: Value): ComparableValue {
  return { ...value, data: valueDataBytes(data).toString('hex') }
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** A decoded body with its buffers as hex text and its values' data as bytes. */
function comparable(body: unknown): unknown {
  if (Buffer.isBuffer(body)) return body.toString('hex')
  if (Array.isArray(body)) return body.map(comparable)
  if (typeof body !== 'object' || body === null) return body
  if ('ttl' in body) return comparableValue(body as Value)
  return Object.fromEntries(
    Object.entries(body).map(([name, member]) => [name, comparableMember(name, member, body)]),
  )
}

function comparableMember(name: string, member: unknown, body: object): unknown {
  const isKeySignature = name === 'signedResponse' && 'authType' in body
  return comparable(isKeySignature ? decodeKeySignature(member as Buffer) : member)
}
