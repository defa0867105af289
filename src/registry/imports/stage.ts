import { walk } from '../../mapping/prefix-walk.ts'
import type { Identifier, System } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import {
  checkRecord,
  demandPlace,
  parseTarget,
  type RecordInput,
  type RecordRules,
} from '../record-rules.ts'
import { type MakeGiveWay, rowsPerTurn } from '../staging/give-way.ts'
import type { StagedRow, StagedRows } from '../staging/parts.ts'
import { type BasicParts, stageBasics } from './basics.ts'
import {
  demandTables,
  hasFile,
  identifiersFile,
  prefixesFile,
  readPrefixLines,
  scopeOf,
} from './batch-files.ts'
import { atRow, beyondFields, beyondGrant, inFile, onRow, repeated } from './faults.ts'
import { importerOf } from './importer.ts'
import { readLines } from './pieces.ts'
import { type PrefixLineParts, prefixSaid } from './prefix-lines.ts'
import { type Members, readIdentifierLine, readMembers } from './read-rows.ts'
import type { GrantRow, ImportRow } from './rows.ts'
import type { Scope } from './scope.ts'

export interface StageParts extends PrefixLineParts, BasicParts {
  readonly staged: StagedRows
  readonly names: RecordRules['names']
  readonly matchPrefix: RecordRules['matchPrefix']
  readonly findPrefix: (system: System, prefix: string) => Prefix | undefined
  /** @throws Failure `INPUT_INVALID` where the members are no record's body */
  readonly readRecord: (members: Members) => RecordInput
  /** Lets others have the process meanwhile; one for each step of a batch. */
  readonly makeGiveWay: MakeGiveWay
}

/** A batch while it is read. */
export interface Reading {
  readonly batch: ImportRow
  readonly grant: GrantRow
  readonly scope: Scope
  /** Prefixes as the batch has them: its other rows may lie under one that comes with them. */
  readonly said: ReadonlyMap<string, Prefix>
  /** Told as it goes on, so that nobody else takes it over. */
  readonly onward: () => Promise<void>
}

/**
 * Reads a kept batch and puts its rows where they can be compared with what is here; whatever an earlier attempt left is
 * forgotten first.
 * @throws Failure with the facts `file` and `row` where a row is wrong: then the whole batch is
 */
export async function stageBatch(
  parts: StageParts,
  batch: ImportRow,
  grant: GrantRow,
  onward: () => Promise<void>,
): Promise<void> {
  while (await parts.staged.drop(batch.id)) await onward()
  demandTables(batch, grant)
  const scope = scopeOf(batch, grant)
  const said = await readSaid(parts, batch, scope)
  const reading = { batch, grant, scope, said, onward }
  await stageIdentifiers(parts, reading)
  await stageBasics(parts, reading)
}

async function readSaid(
  parts: StageParts,
  batch: ImportRow,
  scope: Scope,
): Promise<ReadonlyMap<string, Prefix>> {
  const said = new Map<string, Prefix>()
  const lines = await readPrefixLines(parts, batch)
  await inFile(prefixesFile, async () => {
    for (const { row, line } of lines) {
      const prefix = onRow(row, () => prefixSaid(parts, line, scope, parts.findPrefix))
      const name = nameOf(prefix)
      if (said.has(name)) throw atRow(repeated(), row)
      said.set(name, prefix)
    }
  })
  return said
}

async function stageIdentifiers(parts: StageParts, reading: Reading): Promise<void> {
  const { staged } = parts
  const { batch, said, onward } = reading
  if (!hasFile(batch, identifiersFile)) return
  const rules = { ...parts, matchPrefix: matchAlso(parts.matchPrefix, said) }
  const check = rowChecker(rules, reading)
  const appender = staged.append(batch.id)
  const giveWay = parts.makeGiveWay('process')
  await inFile(identifiersFile, async () => {
    for await (const lines of readLines(parts, batch.id, identifiersFile)) {
      for (const [at, { row, text }] of lines.entries()) {
        if (at % rowsPerTurn === 0) await giveWay()
        appender.hold(onRow(row, () => check(row, readMembers(text))))
      }
      await appender.commit([])
      await onward()
    }
    if ((await staged.refuseRepeated(batch.id)) === 0) return
    const [first] = await staged.refused(batch.id, 0, 1)
    throw atRow(repeated(), first?.row ?? 0)
  })
}

function rowChecker(
  rules: Omit<RecordRules, 'demandAuthority'> & Pick<StageParts, 'readRecord'>,
  { batch, grant, scope }: Reading,
): (row: number, members: Members) => StagedRow {
  const importer = importerOf(batch.source)
  const types = grant.fields['identifiers']
  const demandAuthority: RecordRules['demandAuthority'] = (_caller, _action, place) => {
    if (!scope(place.system, place.authority)) throw beyondGrant('/identifier')
  }
  const placeRules = { ...rules, demandAuthority }

  return (row, members) => {
    const { identifier: text, withdraw, record } = readIdentifierLine(members)
    const identifier = parseTarget(rules, text, { creating: !withdraw })
    const action = withdraw ? 'identifier.delete' : 'identifier.replace'
    const prefix = demandPlace(placeRules, identifier, importer, action)
    const place = { ...placeOf(identifier), row, prefix: prefix.prefix }
    if (withdraw) return { ...place, ...withdrawal(record, rules) }
    const input = rules.readRecord(record)
    if (types !== undefined) demandTypes(input, types)
    // The top-level node's word about aliases is as good as an operator's.
    const target = { identifier, prefix, standing: 'granted' } as const
    const { receivedAt } = batch
    const { kind, values, aliases, successor } = checkRecord(rules, target, input, receivedAt)
    return { ...place, op: 'put', kind, values, aliases, successor }
  }
}

function placeOf({ key, text, system, authority }: Identifier) {
  return { key, identifier: text, system, authority }
}

function withdrawal({ successor }: Members, { names }: Pick<RecordRules, 'names'>) {
  const to = typeof successor === 'string' ? names.parse(successor).text : undefined
  return { op: 'withdraw', kind: null, values: [], aliases: [], successor: to } as const
}

/** Of identifiers, a grant names the types of values that may come. */
function demandTypes({ values = [] }: RecordInput, types: readonly string[]): void {
  const position = values.findIndex(({ type }) => !types.includes(type))
  if (position !== -1) throw beyondFields(`/values/${position}/type`)
}

/** The longer of the prefix that is known and the one that comes with the batch; of the same, what the batch says. */
function matchAlso(
  match: RecordRules['matchPrefix'],
  said: ReadonlyMap<string, Prefix>,
): RecordRules['matchPrefix'] {
  if (said.size === 0) return match
  return place => {
    const known = match(place)
    for (const prefix of walk(place.system, place.authority)) {
      const found = said.get(nameOf({ system: place.system, prefix }))
      if (found !== undefined) return found
      if (prefix === known?.prefix) return known
    }
    return known
  }
}

/** How {@link Reading.said} is keyed. */
export function nameOf({ system, prefix }: Pick<Prefix, 'system' | 'prefix'>): string {
  return `${system} ${prefix}`
}
