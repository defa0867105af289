import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeOpenBundle } from '../protocols/http/imports/open-bundle.ts'
import type { ImportTrust, OpenBundle } from '../protocols/http/imports/parts.ts'
import { makePullFeed } from '../protocols/http/imports/pull-client.ts'
import { checkManifest, compareFiles, parseManifest } from '../registry/imports/manifest.ts'
import type { PullFeed } from '../registry/imports/parts.ts'
import type { Config } from '../runtime/config.ts'
import {
  followImportTrust,
  importTargets,
  makeVerifyGrant,
  type VerifyGrant,
} from './import-trust.ts'
import type { BuildParts } from './parts.ts'
import type { LiveConfig } from './reload.ts'

/** What verifies the top-level node's word, whichever way it comes. */
export interface ImportWire {
  readonly trust: () => ImportTrust
  readonly verifyGrant: VerifyGrant
  /** Absent where no authority of the top-level node is configured: nothing is received then. */
  readonly bundles: Bundles | undefined
}

export interface Bundles {
  readonly openBundle: OpenBundle
  /** Where bodies lie until they are received. */
  readonly folder: string
  /** Absent where batches are pushed only. */
  readonly feed: PullFeed | undefined
}

const folderBeginning = 'qxm-imports-'
/** Whatever lies there for so long was left by a process that was killed. */
const leftoverMs = 86_400_000

export async function openImportWire({
  config,
  clock,
  closers,
  live,
}: Pick<BuildParts, 'config' | 'clock' | 'closers'> & {
  readonly live: LiveConfig
}): Promise<ImportWire> {
  const trust = followImportTrust(live)
  const targets = importTargets(config)
  const verifyGrant = makeVerifyGrant(trust, targets, clock)
  if (config.import.ca === undefined) return { trust, verifyGrant, bundles: undefined }
  const folder = await makeFolder(clock.now())
  closers.add('folder of imports', () => rm(folder, { recursive: true, force: true }))
  const openBundle = makeOpenBundle({
    parse: parseManifest,
    check: checkManifest,
    compareFiles,
    targets,
    trust,
    now: () => new Date(clock.now()),
  })
  return { trust, verifyGrant, bundles: { openBundle, folder, feed: feedOf() } }

  function feedOf(): PullFeed | undefined {
    const { feedUrl, source } = config.import
    if (feedUrl === undefined) return undefined
    const credentials = live.follow(credentialsOf)
    return makePullFeed({ url: feedUrl, source, credentials, openBundle, folder })
  }
}

async function makeFolder(nowMs: number): Promise<string> {
  const above = tmpdir()
  for (const name of await readdir(above)) {
    if (!name.startsWith(folderBeginning)) continue
    const path = join(above, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && nowMs - found.mtimeMs > leftoverMs) {
      await rm(path, { recursive: true, force: true })
    }
  }
  return mkdtemp(join(above, folderBeginning))
}

function credentialsOf({ tls, import: { ca = '', feedCert, feedKey } }: Config) {
  const cert = feedCert ?? tls.cert ?? ''
  const key = feedKey ?? tls.key ?? ''
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) }
}
