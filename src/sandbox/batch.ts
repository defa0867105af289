import { createHash, randomUUID } from 'node:crypto'
import { type JwsSigner, signJws } from '../crypto/jws.ts'
import { writeZip } from '../protocols/bytes/zip.ts'
import type { Manifest } from '../registry/imports/manifest.ts'

/** What the top-level node sends: parts by their name, a row a line. */
export type BatchParts = Readonly<Record<string, readonly object[]>>

export interface BatchFacts
  extends Pick<Manifest, 'source' | 'target' | 'seq' | 'prev' | 'authorization' | 'prefixes'> {
  readonly parts: BatchParts
}

/** A batch as it travels. */
export interface Batch {
  readonly seq: number
  /** SHA-256 of the manifest's bytes, hex: what the next one's `prev` names. */
  readonly digest: string
  readonly zip: Buffer
}

const manifestSeconds = 24 * 60 * 60

/** Writes rows, manifest and signature into one archive. */
export async function makeBatch(facts: BatchFacts, signer: JwsSigner, now: Date): Promise<Batch> {
  const { parts, ...place } = facts
  const files = Object.entries(parts).map(([part, rows]) => {
    const bytes = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
    return { name: `${part}.ndjson`, rows: rows.length, bytes }
  })
  const iat = Math.floor(now.getTime() / 1000)
  const manifest: Manifest = {
    v: 1,
    ...place,
    batch: randomUUID(),
    iat,
    exp: iat + manifestSeconds,
    files: files.map(({ name, rows, bytes }) => ({
      name,
      bytes: bytes.length,
      rows,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sm3: createHash('sm3').update(bytes).digest('hex'),
    })),
  }
  const said = Buffer.from(JSON.stringify(manifest))
  const jws = Buffer.from(await signJws(said, signer, 'qxm-manifest+jws'))
  return {
    seq: facts.seq,
    digest: createHash('sha256').update(said).digest('hex'),
    zip: await writeZip([{ name: 'manifest.jws', bytes: jws }, ...files], now),
  }
}
