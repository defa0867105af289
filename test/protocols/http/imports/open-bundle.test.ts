import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { issue } from '../../../../src/crypto/pki.ts'
import { Failure } from '../../../../src/model/failures.ts'
import { writeZip } from '../../../../src/protocols/bytes/zip.ts'
import { makeOpenBundle } from '../../../../src/protocols/http/imports/open-bundle.ts'
import {
  checkManifest,
  compareFiles,
  parseManifest,
} from '../../../../src/registry/imports/manifest.ts'
import { aKey, aTopnode, bits, signCms } from '../../../support/topnode.ts'
import { trustIn } from './an-import-door.ts'

const topnode = await aTopnode()
const rows = '{"identifier":"88.118.1/A"}\n{"identifier":"88.118.1/B"}\n'
const good = await topnode.bundle({ 'identifiers.ndjson': rows })
const folder = mkdtempSync(join(tmpdir(), 'qxm-bundle-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const trust = trustIn(topnode)
const openBundle = makeOpenBundle({
  parse: parseManifest,
  check: checkManifest,
  compareFiles,
  targets: ['88.118', '88.118.1'],
  trust: () => trust,
  now: () => new Date(),
})

function open(zip: Buffer) {
  const path = join(folder, `${randomBytes(6).toString('hex')}.zip`)
  writeFileSync(path, zip)
  return openBundle(path, 'push')
}

/** Why it is refused: code and rule. */
async function send(zip: Buffer): Promise<readonly unknown[]> {
  try {
    return [(await open(zip)).signer]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [error.code, error.errors[0]?.rule].filter(each => each !== undefined)
  }
}

t.test('a bundle is its manifest, the signature, and files that may be read again', async t => {
  const text = `${rows}{"identifier":"88.118.1/中"}`
  const { zip, digest } = await topnode.bundle({
    'identifiers.ndjson': text,
    'prefixes.ndjson': '',
  })
  const batch = await open(zip)

  t.match(batch, { via: 'push', signer: 'top-1', manifestDigest: digest, manifest: { seq: 1 } })
  t.equal(batch.signed.toString().split('.').length, 3)
  t.strictSame(
    batch.files.map(({ name, rows }) => [name, rows]),
    [
      ['identifiers.ndjson', 3],
      ['prefixes.ndjson', 0],
    ],
  )
  for (const _ of [1, 2]) t.equal(String(await buffer(batch.files[0]!.read())), text)

  const cms = await topnode.bundle({ 'identifiers.ndjson': rows }, { by: 'cms' })
  const signed = await open(cms.zip)
  t.match(signed, { signer: topnode.pin, manifestDigest: cms.digest })
  t.equal(
    signed.manifestDigest,
    createHash('sha256').update(JSON.stringify(cms.manifest)).digest('hex'),
  )
})

t.test('an archive is judged before its manifest, and the manifest before its files', async t => {
  const of = async (options: Parameters<typeof topnode.bundle>[1]) =>
    send((await topnode.bundle({ 'identifiers.ndjson': rows }, options)).zip)
  const iat = Math.floor(Date.now() / 1000)
  const at = new Date()
  const foreign = aKey('top-1')
  const { jwk: _, ...unknown } = aKey('nobody')
  const bomb = Buffer.alloc(8 * 1024 * 1024, 0x20)
  const other = await issue(topnode.authority, 'client', { name: 'o', now: at, days: 9, bits })
  const json = Buffer.from(JSON.stringify(good.manifest))

  t.strictSame(await send(gzipSync(good.zip)), ['INPUT_INVALID', 'zip.malformed'])
  t.strictSame(await send(randomBytes(1_000)), ['INPUT_INVALID', 'zip.malformed'])
  t.strictSame(await send(good.zip.subarray(0, -30)), ['INPUT_INVALID', 'zip.malformed'])
  t.match(await of({ entries: { 'bomb.ndjson': bomb } }), ['INPUT_INVALID', 'files.unknown'])
  t.match(await of({ entries: { 'identifiers.ndjson': bomb } }), ['TOO_LARGE'])
  t.match(await of({ entries: { 'inner.zip': good.zip, 'identifiers.ndjson': good.zip } }), [
    'INPUT_INVALID',
    'zip.nested',
  ])
  t.match(
    await of({ entries: Object.fromEntries([...'abcdefghijkl'].map(each => [each, json])) }),
    ['TOO_LARGE'],
  )

  t.strictSame(await of({ entries: { 'manifest.jws': undefined } }), [
    'INPUT_INVALID',
    'bundle.manifest',
  ])
  t.strictSame(await of({ entries: { 'manifest.p7s': json } }), [
    'INPUT_INVALID',
    'bundle.manifest',
  ])
  t.strictSame(await of({ by: 'cms', entries: { 'manifest.json': undefined } }), [
    'INPUT_INVALID',
    'bundle.manifest',
  ])
  for (const [text, fault] of [
    ['no JWS', 'form'],
    [`${Buffer.from('{"alg":"none","kid":"top-1"}').toString('base64url')}.e30.AA`, 'alg'],
    [
      `${Buffer.from(`{"alg":"EdDSA","kid":"${unknown.kid}"}`).toString('base64url')}.e30.AA`,
      'kid',
    ],
    [`${Buffer.from('{"alg":"EdDSA","kid":"top-1"}').toString('base64url')}.e30.AA`, 'signature'],
    [
      `${Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: 'top-1', jwk: foreign.jwk })).toString('base64url')}.e30.AA`,
      'header',
    ],
  ]) {
    t.strictSame(await of({ entries: { 'manifest.jws': Buffer.from(String(text)) } }), [
      'NOT_PERMITTED',
      `manifest.signature.${fault}`,
    ])
  }
  const cms = (signed: Buffer) =>
    of({ by: 'cms', entries: { 'manifest.json': json, 'manifest.p7s': signed } })
  t.strictSame(await cms(await signCms(json, other)), ['NOT_PERMITTED', 'manifest.signature.pin'])
  t.strictSame(await cms(await signCms(Buffer.from('{}'), topnode.client)), [
    'NOT_PERMITTED',
    'manifest.signature.signature',
  ])

  t.strictSame(await of({ manifest: { target: '88.119' } }), ['NOT_PERMITTED', 'manifest.target'])
  t.strictSame(await of({ manifest: { iat: iat - 9, exp: iat - 1 } }), [
    'NOT_PERMITTED',
    'manifest.expired',
  ])
  t.strictSame(await of({ manifest: { iat: iat + 400, exp: iat + 999 } }), [
    'NOT_PERMITTED',
    'manifest.notYet',
  ])
  t.strictSame(await of({ manifest: { seq: 0 } }), ['INPUT_INVALID', 'manifest.seq'])

  t.strictSame(
    await of({ entries: { 'identifiers.ndjson': Buffer.from(rows.replace('A', 'C')) } }),
    ['INPUT_INVALID', 'files.sha256'],
  )
  t.strictSame(await of({ entries: { 'identifiers.ndjson': Buffer.from(`${rows}\n`) } }), [
    'INPUT_INVALID',
    'files.bytes',
  ])
  t.strictSame(await of({ entries: { 'identifiers.ndjson': undefined } }), [
    'INPUT_INVALID',
    'files.missing',
  ])
  t.strictSame(await of({ entries: { 'prefixes.ndjson': Buffer.from('{}') } }), [
    'INPUT_INVALID',
    'files.unknown',
  ])
  t.strictSame(await send(await writeZip([], at)), ['INPUT_INVALID', 'bundle.manifest'])
})
