import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { readCertificates } from '../../../../src/crypto/certificate.ts'
import type { Issued } from '../../../../src/crypto/pki.ts'
import { readKeySet, type TrustedKeys } from '../../../../src/crypto/trusted-key.ts'
import type { Caller } from '../../../../src/model/caller.ts'
import { buildImportDoor } from '../../../../src/protocols/http/imports/import-app.ts'
import { makeOpenBundle } from '../../../../src/protocols/http/imports/open-bundle.ts'
import type { ImportDoorParts, ImportTrust } from '../../../../src/protocols/http/imports/parts.ts'
import {
  checkManifest,
  compareFiles,
  parseManifest,
} from '../../../../src/registry/imports/manifest.ts'
import type { ReceivedBatch, RefusedDelivery } from '../../../../src/registry/imports/parts.ts'
import { makeLog } from '../../../../src/runtime/log.ts'
import type { Topnode } from '../../../support/topnode.ts'

export interface DoorOptions {
  readonly trust?: Partial<ImportTrust>
  readonly server?: Issued
  readonly now?: () => number
  readonly receive?: ImportDoorParts['inbox']['receive']
}

/** The trust of a node that knows one top-level node. */
export function trustIn({ authority, pin, keySet }: Topnode): ImportTrust {
  return {
    authorities: readCertificates(authority.certificate),
    pins: new Set([pin]),
    uris: [],
    keys: readKeySet(keySet) as TrustedKeys,
  }
}

/** An import door on a free port of loopback, that keeps in memory what it receives. */
export async function anImportDoor(t: Test, topnode: Topnode, options: DoorOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'qxm-door-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  let trust: ImportTrust = { ...trustIn(topnode), ...options.trust }
  const now = options.now ?? Date.now
  const received: { batch: ReceivedBatch; files: Record<string, string>; caller: Caller }[] = []
  const refusals: (RefusedDelivery & { caller: string })[] = []
  const grants: string[] = []
  const nonces = new Map<string, Date>()

  const parts: ImportDoorParts = {
    inbox: {
      async receive(batch, caller) {
        if (options.receive !== undefined) return options.receive(batch, caller)
        const files: Record<string, string> = {}
        // Twice: it may be read more than once.
        for (const _ of [1, 2]) {
          for (const file of batch.files) files[file.name] = String(await buffer(file.read()))
        }
        received.push({ batch, files, caller })
        const { source, batch: id, seq } = batch.manifest
        const receipt = {
          id: 'r1',
          source,
          batch: id,
          seq,
          manifest: batch.manifestDigest,
          rows: 0,
          state: 'received' as const,
          receivedAt: new Date(now()).toISOString(),
        }
        return { receipt, isNew: received.length === 1 }
      },
      async refused(why, caller) {
        refusals.push({ ...why, caller: caller.id })
      },
      async claimNonce(keyId, nonce, until) {
        if (nonces.has(`${keyId} ${nonce}`)) return false
        nonces.set(`${keyId} ${nonce}`, until)
        return true
      },
    },
    grants: {
      async add(jws) {
        grants.push(jws)
        return { grant: { id: 'g1' } as never, isNew: grants.length === 1 }
      },
    },
    openBundle: makeOpenBundle({
      parse: parseManifest,
      check: checkManifest,
      compareFiles,
      targets: ['88.118', '88.118.1'],
      trust: () => trust,
      now: () => new Date(now()),
    }),
    trust: () => trust,
    isOurHost: host => host === '127.0.0.1',
    folder,
    limits: {
      headerBytesMax: 16_384,
      urlBytesMax: 8_192,
      bodyBytesMax: 1_000_000,
      headersTimeoutMs: 5_000,
      bodyTimeoutMs: 10_000,
      idleTimeoutMs: 10_000,
      keepAliveTimeoutMs: 5_000,
      socketRequestsMax: 0,
      socketsMax: 64,
    },
    publicUrl: () => 'https://node.example.cn',
    registry: new Registry(),
    log: makeLog({ level: 'silent' }),
    clock: { now },
  }
  const { certificate: cert, key } = options.server ?? topnode.server
  const { app } = buildImportDoor(parts, { cert, key, ca: topnode.authority.certificate })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    received,
    refusals,
    grants,
    nonces,
    leftovers: () => readdirSync(folder),
    believe: (more: Partial<ImportTrust>) => {
      trust = { ...trust, ...more }
    },
    registry: parts.registry,
  }
}
