import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { makeHasAuthority } from '../../../src/access/authority.ts'
import { makePermissions } from '../../../src/access/permissions.ts'
import { makeSealing } from '../../../src/crypto/sealing.ts'
import { printPrefixKey } from '../../../src/mapping/prefix-key.ts'
import { isUnder, parsePrefix } from '../../../src/mapping/prefix-walk.ts'
import type { Caller } from '../../../src/model/caller.ts'
import { makeReadRecord } from '../../../src/protocols/http/record-shape.ts'
import { makeImportDesk } from '../../../src/registry/imports/desk.ts'
import type { GrantToken } from '../../../src/registry/imports/grant-token.ts'
import { makeGrants } from '../../../src/registry/imports/grants.ts'
import type { Manifest } from '../../../src/registry/imports/manifest.ts'
import type { ReceivedBatch } from '../../../src/registry/imports/parts.ts'
import { makeInbox } from '../../../src/registry/imports/receive.ts'
import { workOnce } from '../../../src/registry/imports/work.ts'
import { applicationReads } from '../../../src/storage/postgres/applications.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import {
  makeClaimNonce,
  makeImportLeases,
  makeImportLists,
  makePieceRows,
} from '../../../src/storage/postgres/import-store.ts'
import { importReads } from '../../../src/storage/postgres/imports.ts'
import { makeStagedRows } from '../../../src/storage/postgres/staging.ts'
import { anOperator, codePrefix, nodePrefix } from '../../support/builders.ts'
import { anOffice } from '../../support/filing.ts'

export const theTopnode: Caller = { id: 'x5t:top', role: 'topnode', subject: null, prefixes: [] }
export const aReviewer: Caller = { id: 'rev1ewer', role: 'reviewer', subject: null, prefixes: [] }
export const anotherReviewer: Caller = { ...aReviewer, id: 'another1' }

export type Room = Awaited<ReturnType<typeof anImportRoom>>

interface RoomOptions {
  readonly isAuto?: boolean
  readonly issueCodes?: boolean
}

/** One process of a node that takes what the top-level node brings, over a store of its own. */
export async function anImportRoom(database: Database, options: RoomOptions = {}) {
  const office = await anOffice(database)
  const { clock, directory, transactions, identifierRules } = office
  const { demand } = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  const now = () => new Date(clock.now())
  const staged = makeStagedRows(database)
  const failed: unknown[] = []
  const shared = {
    ...identifierRules,
    transactions,
    reads: importReads(database),
    lists: makeImportLists(database),
    filings: applicationReads(database),
    pieces: makePieceRows(database, now),
    sealing: makeSealing({ dek: Buffer.alloc(32, 9), profile: 'gm', random: randomBytes }),
    staged,
    keysOf: office.subjectKeys.of,
    makeFirstKeys: office.subjectKeys.makeFirst,
    usccIndex: office.usccIndex,
    codes: office.codes,
    parsePrefix,
    subjectIdByCode: (code: string) => directory.subjectByCode(code)?.id ?? 'unknown',
    codeOf: (id: string) => directory.subject(id)?.code,
    printPrefix: printPrefixKey,
    findPrefix: directory.find.bind(directory),
    findHandlePrefix: (prefix: string) => directory.find('handle', prefix),
    parseHandlePrefix: (text: string) => parsePrefix('handle', text),
    isNodes: (prefix: string) => [nodePrefix, codePrefix].includes(prefix),
    subjectById: (id: string) => directory.subject(id),
    readRecord: makeReadRecord(),
    issueCodes: () => options.issueCodes ?? false,
    demand,
    makeGiveWay: () => async () => undefined,
    engine: database.engine,
    claimNonce: makeClaimNonce(database),
    now,
    nudge: () => undefined,
  }
  const workParts = {
    ...shared,
    leases: makeImportLeases(database),
    worker: randomUUID(),
    isAuto: () => options.isAuto ?? false,
    onFailed: (error: unknown) => failed.push(error),
  }
  const inbox = makeInbox(shared)
  const desk = makeImportDesk(shared)
  const grants = makeGrants({
    ...shared,
    verify: async jws => ({ grant: JSON.parse(jws) as GrantToken, signer: 'top-1' }),
  })

  async function work(): Promise<void> {
    while (await workOnce(workParts));
  }

  return {
    ...office,
    clock,
    shared,
    workParts,
    inbox,
    desk,
    grants,
    failed,
    work,
    /** A grant for 88.118.8 and everything that can be imported, unless told otherwise. */
    async grant(more: Partial<GrantToken> = {}) {
      const token = JSON.stringify({ ...aGrant, ...more })
      return (await grants.add(token, { caller: anOperator })).grant
    },
    receive: (batch: ReceivedBatch) => inbox.receive(batch, theTopnode),
    /** Receives and plans; released by two where it is to be applied. */
    async bring(batch: ReceivedBatch) {
      const { receipt } = await inbox.receive(batch, theTopnode)
      await work()
      return receipt.id
    },
    async release(id: string) {
      await desk.release(id, { caller: aReviewer })
      await desk.release(id, { caller: anotherReviewer })
      await work()
      return desk.read(id, aReviewer)
    },
    look: (id: string) => desk.read(id, aReviewer),
  }
}

export const aGrant: GrantToken = {
  v: 1,
  id: 'grant-1',
  source: '86',
  target: nodePrefix,
  prefixes: ['88.118.8', '88.118.80'],
  tables: ['identifiers', 'prefixes', 'basic', 'products'],
  fields: {},
  rows: 1_000,
  nbf: Date.UTC(2026, 10, 1) / 1_000,
  exp: Date.UTC(2027, 10, 1) / 1_000,
}

export interface BatchOptions {
  readonly seq?: number
  readonly prev?: string | null
  readonly manifest?: Partial<Manifest>
}

type Files = Readonly<Record<string, readonly unknown[] | string>>

/** A top-level node that makes batches, each going on from the one before. */
export function aTopnode() {
  let last: { seq: number; digest: string | null } = { seq: 0, digest: null }
  return {
    next(files: Files, { manifest = {}, ...options }: BatchOptions = {}): ReceivedBatch {
      const seq = options.seq ?? last.seq + 1
      const prev = options.prev === undefined ? last.digest : options.prev
      const batch = aBatch(files, { seq, prev, ...manifest })
      last = { seq, digest: batch.manifestDigest }
      return batch
    },
  }
}

/** A batch as the import door hands it over. A file is lines of JSON, or its text. */
export function aBatch(files: Files, more: Partial<Manifest> = {}): ReceivedBatch {
  const bodies = Object.entries(files).map(([table, lines]) => {
    const text =
      typeof lines === 'string' ? lines : lines.map(line => `${JSON.stringify(line)}\n`).join('')
    return { name: `${table}.ndjson`, rows: text.split('\n').length - 1, bytes: Buffer.from(text) }
  })
  const manifest: Manifest = {
    v: 1,
    source: '86',
    target: nodePrefix,
    batch: randomUUID(),
    seq: 1,
    prev: null,
    iat: Date.UTC(2026, 10, 23, 5) / 1_000,
    exp: Date.UTC(2026, 10, 24) / 1_000,
    authorization: 'grant-1',
    prefixes: ['88.118.8'],
    files: bodies.map(({ name, rows, bytes }) => ({
      name,
      rows,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sm3: createHash('sm3').update(bytes).digest('hex'),
    })),
    ...more,
  }
  const signed = Buffer.from(JSON.stringify(manifest))
  return {
    manifest,
    manifestDigest: createHash('sha256').update(signed).digest('hex'),
    signed,
    signer: 'top-1',
    via: 'push',
    files: bodies.map(({ name, rows, bytes }) => ({
      name,
      rows,
      async *read() {
        yield bytes
      },
    })),
  }
}

/** A line of `identifiers.ndjson` with one URL. */
export function aLine(identifier: string, url = 'https://example.cn/') {
  return { identifier, kind: 'product', values: [{ index: 1, type: 'URL', data: url }] }
}
