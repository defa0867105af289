import { randomBytes } from 'node:crypto'
import type { Permissions } from '../../access/permissions.ts'
import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { basicFile, prefixesFile } from './batch-files.ts'
import { placeInChain } from './chain.ts'
import { demandCovered } from './cover.ts'
import type { ImportInbox, ImportReceipt, ReceivedBatch, RefusedDelivery } from './parts.ts'
import { keepFiles, type PieceParts } from './pieces.ts'
import {
  type GrantRow,
  type ImportLedger,
  type ImportReads,
  type ImportRow,
  type ImportTransactions,
  noCounts,
  type SourceRow,
} from './rows.ts'

export interface ReceiveParts extends PieceParts {
  readonly transactions: ImportTransactions
  readonly reads: ImportReads
  readonly claimNonce: ImportInbox['claimNonce']
  readonly demand: Permissions['demand']
  readonly engine: 'embedded' | 'postgres'
  readonly now: () => Date
  /** There may be something to do. */
  readonly nudge: () => void
}

/** A batch is applied in one transaction, and the embedded engine answers nobody while one runs. */
const embeddedRowsMax = 20_000
/** What one transaction of a server writes in some minutes. */
const serverRowsMax = 2_000_000
/** These have neighbours that the rules ask about one by one. */
const rowsMaxOf: Readonly<Record<string, number>> = {
  [prefixesFile]: 10_000,
  [basicFile]: 20_000,
}
/** Batches that may wait for a gap before them: beyond, the source had better send what is missing. */
const aheadMax = 100
/** Batches of a source that are not over; each has its files in the store. */
const waitingMax = 300
/** When a source that sends faster than we apply might try again. */
const waitSeconds = 60

/**
 * Receives batches: each is kept for good in its place of its source's chain before it is acknowledged, once, however
 * often it comes.
 */
export function makeInbox(parts: ReceiveParts): ImportInbox {
  const { transactions, reads, demand } = parts

  return {
    claimNonce: parts.claimNonce,

    async receive(batch, caller) {
      demand(caller, 'import.receive', {})
      const former = await findFormer(reads, batch)
      if (former !== undefined) return again(parts, former, batch, caller)
      const place = await accept(parts, batch, caller)
      // Of several who bring the same at once, one was faster.
      if (place.former !== undefined) return again(parts, place.former, batch, caller)
      parts.nudge()
      return { receipt: place.receipt, isNew: true }
    },

    async refused(why, caller) {
      await leaveTrace(transactions, why, caller)
    },

    async headOf(source) {
      return headOf(await reads.findSource(source))
    },
  }
}

/** A batch that is refused leaves a trace and nothing else; one that may come again later leaves none. */
async function accept(parts: ReceiveParts, batch: ReceivedBatch, caller: Caller): Promise<Place> {
  try {
    const grant = await coveringGrant(parts, batch)
    demandSize(parts, batch)
    return await keep(parts, batch, grant, caller)
  } catch (error) {
    if (!(error instanceof Failure) || error.retryAfterSeconds !== undefined) throw error
    const { manifest, manifestDigest, signer, via } = batch
    const { source, seq, authorization } = manifest
    const rule = error.errors[0]?.rule ?? error.code
    const known = { source, seq, batch: manifest.batch, manifest: manifestDigest, authorization }
    await leaveTrace(parts.transactions, { rule, ...known, signer, via }, caller)
    throw error
  }
}

async function leaveTrace(
  transactions: ImportTransactions,
  why: RefusedDelivery,
  caller: Caller,
): Promise<void> {
  const target = `source:${why.source ?? 'unknown'}`
  await transactions.write(caller, ledger =>
    ledger.audit({ action: 'import.refused', target, detail: { ...why } }),
  )
}

/** Files first, then their place: what is in its place can be gone on with, whoever dies. */
async function keep(
  parts: ReceiveParts,
  batch: ReceivedBatch,
  grant: GrantRow,
  caller: Caller,
): Promise<Place> {
  const { transactions, pieces } = parts
  const id = randomBytes(12).toString('hex')
  await keepFiles(parts, id, batch.files)
  try {
    const place = await transactions.write(caller, ledger =>
      putInPlace(ledger, { id, batch, grant }),
    )
    if (place.former !== undefined) await pieces.drop(id)
    return place
  } catch (error) {
    // Where the store did not answer, the batch may be in its place after all; if not, its files are swept.
    if (error instanceof Failure && error.code !== 'STORE_AWAY') await pieces.drop(id)
    throw error
  }
}

/** The batch that has this one's number or id already. */
async function findFormer(
  reads: Pick<ImportReads, 'findSent'>,
  { manifest: { source, seq, batch } }: ReceivedBatch,
): Promise<ImportRow | undefined> {
  const [former] = await reads.findSent(source, seq, batch)
  return former
}

/** What was said the first time, as long as it is the same to the last byte. */
async function again(
  { transactions, reads }: ReceiveParts,
  former: ImportRow,
  { manifest, manifestDigest, via }: ReceivedBatch,
  caller: Caller,
): Promise<{ receipt: ImportReceipt; isNew: boolean }> {
  const isSame = former.digest === manifestDigest
  const { source, seq, batch } = manifest
  await transactions.write(caller, ledger =>
    ledger.audit({
      action: isSame ? 'import.repeated' : 'import.refused',
      target: `import:${former.id}`,
      detail: { source, seq, batch, manifest: manifestDigest, via },
    }),
  )
  if (isSame) return { receipt: former.receipt, isNew: false }
  throw conflict(
    headOf(await reads.findSource(source)),
    'import.changed',
    say('同一序号或批次号对应了不同的内容', 'this number or batch id came with another content'),
  )
}

async function coveringGrant(
  { reads, now }: ReceiveParts,
  { manifest }: ReceivedBatch,
): Promise<GrantRow> {
  const grant = await reads.findGrant(manifest.authorization)
  demandCovered(grant, manifest, now())
  return grant
}

function demandSize({ engine }: ReceiveParts, { manifest }: ReceivedBatch): void {
  const rows = rowsIn(manifest)
  for (const file of manifest.files) {
    const fileRowsMax = rowsMaxOf[file.name]
    if (fileRowsMax === undefined || file.rows <= fileRowsMax) continue
    const detail = say(
      `${file.name} 最多 ${fileRowsMax} 行，请分成几个批次`,
      `${file.name} has at most ${fileRowsMax} rows: make it several batches`,
    )
    throw new Failure('TOO_LARGE', detail, { facts: { rowsMax: fileRowsMax } })
  }
  const isEmbedded = engine === 'embedded'
  const rowsMax = isEmbedded ? embeddedRowsMax : serverRowsMax
  if (rows <= rowsMax) return
  const detail = isEmbedded
    ? say(
        `内嵌数据库上一个批次最多 ${rowsMax} 行；更大的批次需要 PostgreSQL（QXM_DATABASE_URL）`,
        `on the embedded store a batch has at most ${rowsMax} rows; larger ones need PostgreSQL (QXM_DATABASE_URL)`,
      )
    : say(`一个批次最多 ${rowsMax} 行`, `a batch has at most ${rowsMax} rows`)
  throw new Failure('TOO_LARGE', detail, { facts: { rowsMax } })
}

interface Placed {
  readonly id: string
  readonly batch: ReceivedBatch
  readonly grant: GrantRow
}

type Place =
  | { readonly former: ImportRow }
  | { readonly former: undefined; readonly receipt: ImportReceipt }

/** Gives a batch its place, under the lock of its source; what waited for it follows. */
async function putInPlace(ledger: ImportLedger, placed: Placed): Promise<Place> {
  const { manifest } = placed.batch
  const source = await ledger.lockSource(manifest.source)
  const former = await findFormer(ledger, placed.batch)
  if (former !== undefined) return { former }
  const place = placeInChain(source, manifest)
  if (place === 'fork' || place === 'older') throw forked(source, place)
  await demandRoom(ledger, source, manifest.seq)
  const row = rowOf(placed, ledger.at, place === 'later')
  await ledger.insertImport(row, placed.batch.signed)
  await ledger.audit({
    action: 'import.received',
    target: `import:${row.id}`,
    detail: { ...row.receipt, grant: row.grant, signer: row.signer, via: row.via },
  })
  const head = place === 'later' ? source : { ...source, seq: row.seq, digest: row.digest }
  await ledger.putSource(await adoptFollowers(ledger, head))
  return { former: undefined, receipt: row.receipt }
}

/** What came too early and goes on from the head is received now; what names another past is passed by. */
async function adoptFollowers(ledger: ImportLedger, source: SourceRow): Promise<SourceRow> {
  let head = source
  for (;;) {
    const follower = await ledger.findBySeq(head.source, head.seq + 1)
    if (follower === undefined) break
    const isNext = placeInChain(head, follower) === 'next'
    await ledger.putImport({
      ...follower,
      ...(isNext
        ? { state: 'received', fault: null }
        : { isPassedBy: true, isDone: true, fault: { rule: 'fork', detail: forkDetail } }),
      updatedAt: ledger.at,
      serial: follower.serial + 1,
    })
    await ledger.audit({
      action: isNext ? 'import.followed' : 'import.parked',
      target: `import:${follower.id}`,
      detail: { seq: follower.seq, ...(isNext ? {} : { rule: 'fork' }) },
    })
    if (!isNext) break
    head = { ...head, seq: follower.seq, digest: follower.digest }
  }
  const { behindGap } = await ledger.waitingOf(head.source)
  return { ...head, gapSince: behindGap === 0 ? null : (head.gapSince ?? ledger.at) }
}

async function demandRoom(
  ledger: ImportLedger,
  { source, seq: last }: SourceRow,
  seq: number,
): Promise<void> {
  if (seq > last + aheadMax) {
    const head = headOf(await ledger.findSource(source))
    throw conflict(
      head,
      'import.ahead',
      say('与上一批次之间的间隔过大', 'too many batches are missing before it'),
    )
  }
  const { count } = await ledger.waitingOf(source)
  if (count < waitingMax) return
  throw new Failure('TOO_MANY', undefined, { retryAfterSeconds: waitSeconds })
}

function rowOf({ id, batch, grant }: Placed, at: Date, isEarly: boolean): ImportRow {
  const { manifest, manifestDigest, signer, via } = batch
  const { source, seq, prev } = manifest
  const rows = rowsIn(manifest)
  const state = isEarly ? 'parked' : 'received'
  return {
    id,
    source,
    batch: manifest.batch,
    seq,
    prev,
    digest: manifestDigest,
    grant: grant.id,
    signer,
    via,
    manifest,
    receipt: {
      id,
      source,
      batch: manifest.batch,
      seq,
      manifest: manifestDigest,
      rows,
      state,
      receivedAt: at.toISOString(),
    },
    state,
    fault: isEarly ? { rule: 'gap', detail: gapDetail } : null,
    isPassedBy: false,
    isDone: false,
    rows,
    counts: noCounts,
    planDigest: null,
    releasers: [],
    tries: 0,
    receivedAt: at,
    updatedAt: at,
    appliedAt: null,
    serial: 1,
  }
}

function rowsIn({ files }: ReceivedBatch['manifest']): number {
  return files.reduce((sum, { rows }) => sum + rows, 0)
}

function headOf(source: SourceRow | undefined) {
  return { seq: source?.seq ?? 0, digest: source?.digest ?? null }
}

const gapDetail = say('等待之前缺失的批次', 'it waits for a batch before it that has not come')
const forkDetail = say('与已收到的批次不相连', 'it does not follow the batch that came before it')

function forked(source: SourceRow, place: 'fork' | 'older'): Failure {
  const detail =
    place === 'fork' ? forkDetail : say('该序号已使用', 'its number is used by another batch')
  return conflict(headOf(source), `import.${place}`, detail)
}

/** With where the chain stands, so that the source can go on from there. */
function conflict(
  last: ReturnType<typeof headOf>,
  rule: string,
  detail: ReturnType<typeof say>,
): Failure {
  return new Failure('STATE_CONFLICT', detail, {
    errors: [{ pointer: '/seq', rule, detail }],
    facts: { last },
  })
}
