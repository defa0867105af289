import { createHash } from 'node:crypto'
import { verifyJws } from '../../../crypto/jws.ts'
import { Failure, invalid } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { Manifest, ManifestContext, ManifestFile } from '../../../registry/imports/manifest.ts'
import type { ReceivedFile } from '../../../registry/imports/parts.ts'
import { openZip, type Zip, type ZipBounds, zipBounds } from '../../bytes/zip.ts'
import type { ImportTrust, OpenBundle } from './parts.ts'

/** The rules of manifests, and what they are held against. */
export interface BundleParts {
  readonly parse: (bytes: Buffer) => Manifest
  readonly check: (manifest: Manifest, context: ManifestContext) => void
  readonly compareFiles: (manifest: Manifest, found: readonly ManifestFile[]) => void
  /** The prefixes under which the world knows us. */
  readonly targets: readonly string[]
  readonly trust: () => ImportTrust
  readonly now: () => Date
}

/** The files of a batch, its manifest, and a signature beside that. */
export const bundleBounds: ZipBounds = { ...zipBounds, entriesMax: 12 }
/** A manifest of nine files and a thousand prefixes has a tenth of it. */
const manifestBytesMax = 1_048_576

const names = { jws: 'manifest.jws', cms: 'manifest.p7s', content: 'manifest.json' } as const

/** The order is the safeguard: what is not signed is not read, and what was changed is not parsed. */
export function makeOpenBundle(parts: BundleParts): OpenBundle {
  return async function openBundle(path, via, onKnown) {
    const zip = await openZip({ path }, bundleBounds)
    try {
      const { bytes, signed, signer } = await readManifest(zip, parts)
      const manifest = parts.parse(bytes)
      const { source, batch, seq } = manifest
      onKnown?.({ source, batch, seq, signer })
      parts.check(manifest, { targets: parts.targets, now: parts.now() })
      parts.compareFiles(manifest, await digestFiles(zip, manifest))
      return {
        manifest,
        manifestDigest: createHash('sha256').update(bytes).digest('hex'),
        signed,
        signer,
        via,
        files: manifest.files.map(file => fileOf(path, file)),
      }
    } finally {
      zip.close()
    }
  }
}

interface SignedManifest {
  /** The JSON that was signed. */
  readonly bytes: Buffer
  /** As it came. */
  readonly signed: Buffer
  readonly signer: string
}

async function readManifest(zip: Zip, { trust, now }: BundleParts): Promise<SignedManifest> {
  const has = (name: string) => zip.names.includes(name)
  if (has(names.jws) === has(names.cms)) throw noManifest()
  if (has(names.jws)) {
    const signed = await readSmall(zip, names.jws)
    const verified = await verifyJws(signed.toString('latin1').trim(), trust().keys)
    if (typeof verified === 'string') throw notSigned(verified)
    return { bytes: verified.payload, signed, signer: verified.kid }
  }
  if (!has(names.content)) throw noManifest()
  const signed = await readSmall(zip, names.cms)
  const bytes = await readSmall(zip, names.content)
  const { authorities, pins } = trust()
  // Loaded by who needs it only: it is as large as all the rest.
  const { verifyCms } = await import('../../../crypto/cms.ts')
  const verified = await verifyCms(signed, bytes, { authorities, at: now() })
  if (typeof verified === 'string') throw notSigned(verified)
  // The authority signs for others too.
  if (!pins.has(verified.thumbprint)) throw notSigned('pin')
  return { bytes, signed, signer: verified.thumbprint }
}

async function readSmall(zip: Zip, name: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let byteCount = 0
  for await (const chunk of zip.read(name)) {
    byteCount += chunk.length
    if (byteCount > manifestBytesMax) {
      const detail = say(`${name} 过大`, `${name} is too large`)
      throw new Failure('TOO_LARGE', detail, { facts: { manifestBytesMax } })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Of what the manifest does not name the name is enough. */
async function digestFiles(zip: Zip, { files }: Manifest): Promise<readonly ManifestFile[]> {
  const known = new Set(files.map(({ name }) => name))
  const manifests: readonly string[] = Object.values(names)
  const found: ManifestFile[] = []
  for (const name of zip.names) {
    if (manifests.includes(name)) continue
    found.push(known.has(name) ? await digestFile(zip, name) : { ...nothing, name })
  }
  return found
}

const nothing = { bytes: 0, rows: 0, sha256: '', sm3: '' }
const lineFeed = 0x0a

async function digestFile(zip: Zip, name: string): Promise<ManifestFile> {
  const [sha256, sm3] = [createHash('sha256'), createHash('sm3')]
  let bytes = 0
  let rows = 0
  let last = lineFeed
  for await (const chunk of zip.read(name)) {
    sha256.update(chunk)
    sm3.update(chunk)
    bytes += chunk.length
    rows += countLines(chunk)
    last = chunk.at(-1) ?? last
  }
  // A last line may do without its end.
  if (last !== lineFeed) rows += 1
  return { name, bytes, rows, sha256: sha256.digest('hex'), sm3: sm3.digest('hex') }
}

function countLines(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) count += 1
  return count
}

/** Each reading opens the archive anew: its bounds count what is read from one opening. */
function fileOf(path: string, { name, rows }: ManifestFile): ReceivedFile {
  return {
    name,
    rows,
    async *read() {
      const zip = await openZip({ path }, bundleBounds)
      try {
        yield* zip.read(name)
      } finally {
        zip.close()
      }
    },
  }
}

function noManifest(): Failure {
  const detail = say(
    '压缩包须含 manifest.jws，或 manifest.json 与其 manifest.p7s',
    'the archive holds manifest.jws, or manifest.json with its manifest.p7s',
  )
  return invalid('', 'bundle.manifest', detail)
}

/** @param fault what of the signature does not hold, a short constant */
function notSigned(fault: string): Failure {
  const detail = say(
    `清单的签名不成立（${fault}）`,
    `the signature of the manifest does not hold (${fault})`,
  )
  const errors = [{ pointer: '/manifest', rule: `manifest.signature.${fault}`, detail }]
  return new Failure('NOT_PERMITTED', detail, { errors })
}
