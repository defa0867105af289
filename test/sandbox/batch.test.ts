import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { verifyJws } from '../../src/crypto/jws.ts'
import { readKeySet, type TrustedKeys } from '../../src/crypto/trusted-key.ts'
import { readZip } from '../../src/protocols/bytes/zip.ts'
import { checkGrant, parseGrant } from '../../src/registry/imports/grant-token.ts'
import { checkManifest, compareFiles, parseManifest } from '../../src/registry/imports/manifest.ts'
import { alterBatch } from '../../src/sandbox/alter-batch.ts'
import { makeBatch } from '../../src/sandbox/batch.ts'
import { makeGrant } from '../../src/sandbox/grant.ts'
import { aForger, openIdentity } from '../../src/sandbox/identity.ts'
import { exampleRows } from '../../src/sandbox/rows.ts'
import { aTop, now } from './a-top.ts'

const { folder, identity } = await aTop(t)
const keys = readKeySet(readFileSync(join(folder, 'keys.json'), 'utf8')) as TrustedKeys
const context = { targets: ['88.118'], now }
const facts = {
  source: '86',
  target: '88.118',
  authorization: 'G-1',
  prefixes: ['88.118.8'],
  parts: { identifiers: exampleRows('88.118.8', 1, 2) },
}

async function unpack(zip: Buffer) {
  const files = new Map<string, Buffer>()
  for await (const { name, bytes } of readZip(zip)) files.set(name, await buffer(bytes))
  return files
}

async function manifestIn(zip: Buffer) {
  const jws = (await unpack(zip)).get('manifest.jws')?.toString() ?? ''
  const verified = await verifyJws(jws, keys)
  if (typeof verified === 'string') throw new Error(verified)
  return { manifest: parseManifest(verified.payload), bytes: verified.payload }
}

async function filesIn(zip: Buffer) {
  const digest = (name: string, bytes: Buffer) => createHash(name).update(bytes).digest('hex')
  return [...(await unpack(zip))]
    .filter(([name]) => name !== 'manifest.jws')
    .map(([name, bytes]) => ({
      name,
      bytes: bytes.length,
      rows: bytes.toString().split('\n').length - 1,
      sha256: digest('sha256', bytes),
      sm3: digest('sm3', bytes),
    }))
}

t.test('a batch is one that a node takes', async t => {
  const { zip } = await makeBatch({ ...facts, seq: 1, prev: null }, identity.signer, now)
  const { manifest } = await manifestIn(zip)

  t.match(manifest, { source: '86', seq: 1, prev: null, authorization: 'G-1' })
  checkManifest(manifest, context)
  compareFiles(manifest, await filesIn(zip))
})

t.test('batches are a chain of digests', async t => {
  const first = await makeBatch({ ...facts, seq: 1, prev: null }, identity.signer, now)
  const second = await makeBatch({ ...facts, seq: 2, prev: first.digest }, identity.signer, now)
  const { bytes } = await manifestIn(first.zip)
  const { manifest } = await manifestIn(second.zip)

  t.equal(manifest.prev, createHash('sha256').update(bytes).digest('hex'))
})

t.test('an altered batch keeps its manifest and loses its digests', async t => {
  const { zip } = await makeBatch({ ...facts, seq: 1, prev: null }, identity.signer, now)
  const altered = await alterBatch(zip, now)
  const { manifest } = await manifestIn(altered)
  const files = await filesIn(altered)

  t.throws(() => compareFiles(manifest, files), { code: 'INPUT_INVALID' })
})

t.test('a forger signs under the same name, and is not believed', async t => {
  const { zip } = await makeBatch({ ...facts, seq: 1, prev: null }, aForger(), now)

  await t.rejects(manifestIn(zip), { message: 'signature' })
})

t.test('a grant is one that a node takes, until it ends', async t => {
  const scope = { source: '86', target: '88.118', prefixes: ['88.118.8'], tables: ['basic'] }
  const { id, jws } = await makeGrant({ ...scope, rows: 10, lifeSeconds: 60 }, identity.signer, now)
  const verified = await verifyJws(jws, keys)
  if (typeof verified === 'string') return t.fail(verified)
  const grant = parseGrant(verified.payload)

  t.match(grant, { ...scope, id, rows: 10 })
  checkGrant(grant, context)
  const later = new Date(now.getTime() + 60_000)
  t.throws(() => checkGrant(grant, { ...context, now: later }), { code: 'NOT_PERMITTED' })
})

t.test('keys and certificates are the same at the next start', async t => {
  const again = await openIdentity(folder, now)

  t.strictSame(again.client, identity.client)
  t.ok(again.signer.key.equals(identity.signer.key))
})
