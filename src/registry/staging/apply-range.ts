import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { Failure } from '../../model/failures.ts'
import type { StoredRecord } from '../../model/record.ts'
import { claimAliases, type Leads, refuseAliasOf } from '../aliases.ts'
import { buriedOver, type WrittenBy, writtenOver } from '../record-rules.ts'
import { reasonOf } from './check-rows.ts'
import type {
  AnnouncedItem,
  Applied,
  PlannedRow,
  RecordPair,
  RefusedRow,
  RowRange,
  StagedRow,
  StagingLedger,
  StagingOwner,
} from './parts.ts'

export interface ApplyRange {
  readonly ledger: StagingLedger
  readonly owner: StagingOwner
  readonly range: RowRange
  readonly aliasLeads: Leads
  /** Writes nothing but the refusals, and tells what would be. */
  readonly dry?: boolean
}

/**
 * Makes staged rows records, in the transaction of the ledger: set by set where rows are plain, and by the rules of single
 * writes where they meet something. Rows that cannot be written are refused and kept with their reason; the others
 * are announced. Whoever calls has asked for the authority over their places.
 * @throws Failure `ALREADY_EXISTS` when another transaction was faster: the range can be applied again
 */
export async function applyRange({
  ledger,
  owner,
  range,
  aliasLeads,
  dry = false,
}: ApplyRange): Promise<Applied> {
  const { staged } = ledger
  const total = await staged.count(owner.id, range)
  const added = await staged.addPlain(owner, range, dry)
  if (added === total) return { added, changed: 0, unchanged: 0, withdrawn: 0, refused: 0 }

  const rest = await staged.lockRest(owner, range, dry)
  const by = { at: ledger.at, submitter: owner.submitter, basis: owner.basis }
  const { pairs, same, refused } = judge(rest, by)
  const { kept, takenOver, beaten } = await claim(ledger, pairs, aliasLeads)
  const refusals = [...refused, ...beaten]
  await staged.refuse(owner.id, refusals)
  if (!dry) await write(ledger, owner.id, kept, takenOver)
  const isNew = ({ before }: RecordPair) => before === undefined || before.gone !== null
  const isWithdrawn = ({ record }: RecordPair) => record.gone !== null
  const addedToo = kept.filter(pair => isNew(pair)).length
  const withdrawn = kept.filter(isWithdrawn).length
  return {
    added: added + addedToo,
    changed: kept.length - addedToo - withdrawn,
    unchanged: total - added - rest.length + same,
    withdrawn,
    refused: refusals.length,
  }
}

type Judged = RecordPair & { readonly row: number }

/** What each row makes of its record, before aliases are looked at. */
function judge(rest: readonly PlannedRow[], by: WrittenBy) {
  const pairs: Judged[] = []
  const refused: RefusedRow[] = []
  let same = 0
  for (const { row, before } of rest) {
    if (row.op === 'put') {
      const record = writtenOver(checkedOf(row), before, by)
      if (before !== undefined && saysTheSame(record, before)) same += 1
      else pairs.push({ row: row.row, record, before })
    } else if (before === undefined) {
      refused.push(refusedFor(row.row, new Failure('IDENTIFIER_UNKNOWN')))
    } else if (before.gone !== null) {
      same += 1
    } else {
      const record = buriedOver(before, by, null, row.successor ?? undefined)
      pairs.push({ row: row.row, record, before })
    }
  }
  return { pairs, same, refused }
}

function checkedOf({ key, identifier: text, system, prefix, ...row }: StagedRow) {
  return { ...row, identifier: { key, text, system }, prefix: { prefix } }
}

/** Whether writing it would change nothing but its serial, its times and who wrote it. */
function saysTheSame(record: StoredRecord, before: StoredRecord): boolean {
  return (
    before.gone === null &&
    record.kind === before.kind &&
    record.successor === before.successor &&
    isDeepStrictEqual(record.values, before.values) &&
    isDeepStrictEqual(record.aliases, before.aliases)
  )
}

/** Who gets which alias: as if the rows were written one after the other. */
async function claim(ledger: StagingLedger, pairs: readonly Judged[], leads: Leads) {
  const kept: Judged[] = []
  const beaten: RefusedRow[] = []
  const takenOver: string[] = []
  const asked = pairs.flatMap(({ record, before }) => [
    ...record.aliases.map(({ key }) => key),
    ...(before === undefined && record.system !== 'handle' ? [record.key] : []),
  ])
  const holders = new Map(await ledger.lockAliases([...new Set(asked)]))
  for (const pair of pairs) {
    const { row, record, before } = pair
    try {
      if (before === undefined) refuseAliasOf(record.key, holders.get(record.key), leads)
      takenOver.push(...claimAliases(record, holders, leads))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      beaten.push(refusedFor(row, error))
      continue
    }
    for (const { key } of before?.aliases ?? []) {
      if (holders.get(key)?.key === record.key) holders.delete(key)
    }
    for (const key of [record.key, ...record.aliases.map(alias => alias.key)]) {
      holders.set(key, record)
    }
    kept.push(pair)
  }
  return { kept, beaten, takenOver }
}

/** Writes records with their aliases, and announces them. */
export async function write(
  { staged }: StagingLedger,
  source: string,
  pairs: readonly RecordPair[],
  takenOver: readonly string[],
): Promise<void> {
  if (pairs.length === 0) return
  await staged.putRecords(source, pairs)
  const aliased = pairs.filter(
    ({ record, before }) => record.aliases.length + (before?.aliases.length ?? 0) > 0,
  )
  if (aliased.length > 0) await staged.putAliases(aliased, takenOver)
  await staged.announceAll(pairs.map(announced))
}

function announced({ record, before }: RecordPair): AnnouncedItem {
  const { identifier, prefix, serial, kind, key } = record
  assert(serial === (before?.serial ?? 0) + 1, 'a version follows the one before it')
  const aliases = [...record.aliases, ...(before?.aliases ?? [])].map(alias => alias.key)
  return { identifier, prefix, serial, op: opOf({ record, before }), kind, keys: [key, ...aliases] }
}

function opOf({ record, before }: RecordPair): AnnouncedItem['op'] {
  if (record.gone !== null) return 'deleted'
  return before === undefined || before.gone !== null ? 'created' : 'replaced'
}

function refusedFor(row: number, failure: Failure): RefusedRow {
  return { row, error: reasonOf(failure), cells: null }
}
