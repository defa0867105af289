import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { createSigner, httpbis } from 'http-message-signatures'
import t from 'tap'
import { factsOf } from '../../../../src/crypto/certificate.ts'
import { issue, makeAuthority } from '../../../../src/crypto/pki.ts'
import { Failure } from '../../../../src/model/failures.ts'
import { say } from '../../../../src/model/text.ts'
import { contentDigestOf } from '../../../../src/protocols/http/message-signature/content-digest.ts'
import { aKey, aTopnode, bits, type SendOptions } from '../../../support/topnode.ts'
import { anImportDoor } from './an-import-door.ts'

const topnode = await aTopnode()
const rows = '{"identifier":"88.118.1/A"}\n{"identifier":"88.118.1/B"}\n'
const good = await topnode.bundle({ 'identifiers.ndjson': rows })

t.test('a signed batch is received with its files, and the receipt is the answer', async t => {
  const door = await anImportDoor(t, topnode)

  const answer = await topnode.send(door.url, good.zip)

  t.match(answer, { status: 201, json: { seq: 1, state: 'received', manifest: good.digest } })
  const [{ batch, files, caller } = door.received[0]!] = door.received
  t.match(batch, { signer: 'top-1', via: 'push', manifestDigest: good.digest })
  t.strictSame(files, { 'identifiers.ndjson': rows })
  t.strictSame(caller, { id: `x5t:${topnode.pin}`, role: 'topnode', subject: null, prefixes: [] })
  t.strictSame(door.leftovers(), [])
  t.equal((await topnode.send(door.url, good.zip)).status, 200, 'the same again')
  t.strictSame(door.refusals, [])
})

t.test('a manifest may be signed as CMS, by a pinned certificate', async t => {
  const door = await anImportDoor(t, topnode)
  const cms = await topnode.bundle({ 'prefixes.ndjson': '{}\n' }, { by: 'cms' })

  t.match(await topnode.send(door.url, cms.zip), { status: 201 })
  t.match(door.received[0]?.batch, { signer: topnode.pin, manifestDigest: cms.digest })
})

t.test('nobody without a certificate of the authority gets as far as HTTP', async t => {
  const door = await anImportDoor(t, topnode)
  const other = await makeAuthority({ name: 'top-level node', now: new Date(), days: 9, bits })
  const stranger = await issue(other, 'client', { name: 'top', now: new Date(), days: 9, bits })
  const past = new Date(Date.now() - 20 * 86_400_000)
  const ended = await issue(topnode.authority, 'client', { name: 'top', now: past, days: 2, bits })

  for (const client of [undefined, stranger, ended]) {
    await t.rejects(topnode.send(door.url, good.zip, { client }))
  }
  t.match(await door.registry.metrics(), /handshakes_refused_total [123]/)
  t.strictSame(door.received, [])
})

t.test('a certificate of the authority that is not the top-level node’s is refused', async t => {
  const now = new Date()
  const make = (kind: 'client' | 'server', uris: readonly string[]) =>
    issue(topnode.authority, kind, { name: 'x', uris, now, days: 9, bits })
  const [unpinned, forServers] = await Promise.all([make('client', []), make('server', [])])
  const door = await anImportDoor(t, topnode)

  t.match(await topnode.send(door.url, good.zip, { client: unpinned }), {
    status: 403,
    json: { errors: [{ rule: 'certificate.pin' }] },
  })
  await t.rejects(topnode.send(door.url, good.zip, { client: forServers }), 'TLS looks at the use')
  door.believe({ uris: ['urn:topnode:87'] })
  t.match(await topnode.send(door.url, good.zip), {
    status: 403,
    json: { errors: [{ rule: 'certificate.uri' }] },
  })
  door.believe({ uris: ['urn:topnode:86', 'urn:topnode:87'] })
  t.match(await topnode.send(door.url, good.zip), { status: 201 })
  door.believe({ pins: new Set() })
  t.match(await topnode.send(door.url, good.zip), { status: 403 }, 'none pinned, none let in')
  t.strictSame(
    door.refusals.map(({ rule }) => rule),
    ['certificate.pin', 'certificate.uri', 'certificate.pin'],
  )
  const { thumbprint } = factsOf(new X509Certificate(unpinned.certificate))
  t.match(door.refusals[0], { signer: thumbprint, caller: `x5t:${thumbprint}` })
})

t.test('a request that is not signed as it must be is refused before its body is read', async t => {
  const door = await anImportDoor(t, topnode)
  const cases: Readonly<Record<string, readonly [SendOptions, number, string]>> = {
    'no signature': [
      { headers: { Signature: undefined, 'Signature-Input': undefined } },
      401,
      'signature.missing',
    ],
    'another use': [{ tag: 'other' }, 401, 'signature.missing'],
    'a component missing': [
      { components: ['@method', '@target-uri', 'content-type'] },
      403,
      'signature.components',
    ],
    'another key of the same name': [{ key: aKey('top-1').privateKey }, 403, 'signature.value'],
    'created too long ago': [{ nowMs: Date.now() - 400_000 }, 403, 'signature.created'],
    'created too late': [{ nowMs: Date.now() + 400_000 }, 403, 'signature.created'],
    'a header changed': [
      { headers: { 'content-type': 'application/zip; x=1' } },
      403,
      'signature.value',
    ],
    'for another host': [{ headers: { host: 'other.example.cn' } }, 403, 'signature.host'],
    'a host that is none': [{ headers: { host: 'a/b' } }, 403, 'signature.host'],
    'for another port': [{ headers: { host: '127.0.0.1:1' } }, 403, 'signature.value'],
  }

  for (const [what, [options, status, rule]] of Object.entries(cases)) {
    const answer = await topnode.send(door.url, good.zip, options)
    t.match(answer, { status, json: { errors: [{ rule }] } }, what)
  }
  t.strictSame(door.received, [])
  t.equal(door.refusals.length, Object.keys(cases).length)
})

t.test('a request signed by the library of others is received', async t => {
  const door = await anImportDoor(t, topnode)
  const fields = {
    'content-type': 'application/zip',
    'content-digest': contentDigestOf(good.zip),
  }
  const { headers } = await httpbis.signMessage(
    {
      key: createSigner(topnode.key.privateKey, 'ed25519', topnode.key.kid),
      fields: ['@method', '@target-uri', 'content-digest', 'content-type'],
      params: ['created', 'expires', 'nonce', 'keyid', 'tag'],
      paramValues: { nonce: 'theirs', tag: 'qxm-import' },
    },
    { method: 'POST', url: `${door.url}/v1/imports`, headers: fields },
  )

  t.match(await topnode.send(door.url, good.zip, { headers: headers as Record<string, string> }), {
    status: 201,
  })
  t.ok(door.nonces.has('top-1 theirs'))
})

t.test('a nonce is good once', async t => {
  const door = await anImportDoor(t, topnode)

  t.match(await topnode.send(door.url, good.zip, { nonce: 'once' }), { status: 201 })
  t.match(await topnode.send(door.url, good.zip, { nonce: 'once' }), {
    status: 403,
    json: { errors: [{ rule: 'signature.replay' }] },
  })
  const until = door.nonces.get('top-1 once')?.getTime() ?? 0
  t.ok(until > Date.now() + 86_400_000, 'kept a day beyond its end')
})

t.test(
  'a body that is not the one that was announced is refused, and nothing is left of it',
  async t => {
    const door = await anImportDoor(t, topnode)
    const changed = Buffer.from(good.zip)
    changed[60] = (changed[60] ?? 0) ^ 1
    const both = contentDigestOf(good.zip, ['sha-256', 'sm3'])
    const send = (options: SendOptions) => topnode.send(door.url, good.zip, options)

    t.match(await send({ sent: changed }), {
      status: 400,
      json: { errors: [{ rule: 'digest.mismatch' }] },
    })
    t.match(await send({ sent: good.zip.subarray(0, 50), headers: { 'content-length': '50' } }), {
      status: 400,
    })
    t.match(await send({ headers: { 'content-digest': both } }), {
      status: 403,
      json: { errors: [{ rule: 'signature.value' }] },
    })
    t.match(await send({ headers: { 'content-encoding': 'gzip' }, sent: gzipSync(good.zip) }), {
      status: 415,
    })
    t.match(await send({ contentType: 'application/json' }), { status: 415 })
    t.match(await send({ headers: { 'content-length': String(60_000_000) }, sent: good.zip }), {
      status: 413,
    })
    t.strictSame(door.leftovers(), [])
  },
)

t.test(
  'what is wrong inside a bundle is answered and put on record with what is known of it',
  async t => {
    const door = await anImportDoor(t, topnode)
    const other = { 'identifiers.ndjson': Buffer.from(rows.replace('A', 'C')) }
    const changed = await topnode.bundle({ 'identifiers.ndjson': rows }, { entries: other })
    const unsigned = await topnode.bundle({}, { entries: { 'manifest.jws': Buffer.from('x') } })

    t.match(await topnode.send(door.url, changed.zip), {
      status: 400,
      json: { errors: [{ rule: 'files.sha256' }] },
    })
    t.match(await topnode.send(door.url, unsigned.zip), {
      status: 403,
      json: { errors: [{ rule: 'manifest.signature.form' }] },
    })
    t.match(await topnode.send(door.url, gzipSync(good.zip)), {
      status: 400,
      json: { errors: [{ rule: 'zip.malformed' }] },
    })
    t.match(door.refusals, [
      { source: '86', seq: 1, signer: 'top-1', rule: 'files.sha256' },
      { signer: topnode.pin, rule: 'manifest.signature.form' },
      { signer: topnode.pin, rule: 'zip.malformed' },
    ])
    t.strictSame(door.received, [])
    t.strictSame(door.leftovers(), [])
  },
)

t.test('what the work refuses is answered, and traced there alone', async t => {
  const last = { seq: 41, digest: 'ab' }
  const receive = () => {
    throw new Failure('STATE_CONFLICT', say('有缺口', 'a gap'), { facts: { last } })
  }
  const door = await anImportDoor(t, topnode, { receive })

  t.match(await topnode.send(door.url, good.zip), { status: 409, json: { last } })
  t.strictSame(door.refusals, [])
  t.strictSame(door.leftovers(), [])
})

t.test('a body without end is left at its bound, and its sender told so', async t => {
  const door = await anImportDoor(t, topnode)
  const body = Buffer.alloc(200_000, 'x')

  const answer = await topnode.send(door.url, body, {
    path: '/v1/grants',
    contentType: 'application/jose',
    headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
  })

  t.match(answer, { status: 413, json: { code: 'TOO_LARGE' } })
})

t.test('the same batch ten times at once is received ten times', async t => {
  const door = await anImportDoor(t, topnode)

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => topnode.send(door.url, good.zip)),
  )

  t.strictSame(answers.map(({ status }) => status).sort(), [...Array(9).fill(200), 201])
  t.strictSame(door.leftovers(), [])
})

t.test('grants come by the same door, as themselves or in JSON', async t => {
  const door = await anImportDoor(t, topnode)
  const jws = await topnode.sign({ v: 1 })
  const send = (body: string, contentType: string, more: SendOptions = {}) =>
    topnode.send(door.url, Buffer.from(body), { path: '/v1/grants', contentType, ...more })

  t.match(await send(jws, 'application/jose'), { status: 201, json: { id: 'g1' } })
  t.match(await send(JSON.stringify({ grant: jws }), 'application/json'), { status: 200 })
  t.strictSame(door.grants, [jws, jws])
  t.match(await send('{}', 'application/json'), { status: 400 })
  t.match(await send(jws, 'application/zip'), { status: 415 })
  t.match(await send('x'.repeat(140_000), 'application/jose'), { status: 413 })
  t.match(await send(jws, 'application/jose', { sent: Buffer.from(`${jws.slice(0, -1)}_`) }), {
    status: 400,
  })
})

t.test('nothing else is behind this door, and health asks for no signature', async t => {
  const door = await anImportDoor(t, topnode)
  const none = { Signature: undefined, 'Signature-Input': undefined }

  for (const path of ['/v1/identifiers', '/metrics', '/', '/v1/imports/x']) {
    t.match(await topnode.send(door.url, good.zip, { path, headers: none }), { status: 404 }, path)
  }
  t.equal(await getLive(door.url), 'HTTP/1.1 200 OK')
})

t.test('TLS below 1.2 is not spoken', async t => {
  const door = await anImportDoor(t, topnode)

  await t.rejects(getLive(door.url, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }))
})

function getLive(url: string, more: object = {}): Promise<string> {
  const { client, authority } = topnode
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      ca: authority.certificate,
      cert: client.certificate,
      key: client.key,
      ...more,
    })
    socket.once('error', reject)
    socket.once('data', data => {
      resolve(data.toString().split('\r\n')[0] ?? '')
      socket.destroy()
    })
    socket.write('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
  })
}
