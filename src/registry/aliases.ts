import { Failure, type FieldError } from '../model/failures.ts'
import type { Identifier, System } from '../model/identifier.ts'
import type { Alias, StoredRecord } from '../model/record.ts'
import { say } from '../model/text.ts'
import { aliasTypes, type Value } from '../model/value.ts'
import type { Ledger } from './parts.ts'

/** A record has its names in other systems, not a catalogue of them. */
const aliasesMax = 64

export interface AliasParts {
  readonly parseIdentifier: (text: string, system: System) => Identifier
  /** Where the caller put the value with this index. */
  readonly pointerOf: (index: number) => string
}

/**
 * Reads the aliases among a record's values: each value of an alias type must hold an identifier of that system.
 * @param standing what the writer's word is worth
 * @throws Failure `INPUT_INVALID` naming the value whose text is no identifier of its system
 */
export function aliasesIn(
  values: readonly Value[],
  parts: AliasParts,
  standing: Alias['standing'],
): Alias[] {
  const aliases = new Map<string, Alias>()
  for (const value of values) {
    if (!isAliasType(value.type) || value.data.format !== 'string') continue
    const named = parseAlias(value, parts)
    aliases.set(named.key, {
      system: named.system,
      text: named.text,
      key: named.key,
      authority: named.authority,
      standing,
    })
  }
  if (aliases.size > aliasesMax) {
    const detail = say(`最多 ${aliasesMax} 个别名`, `a record has at most ${aliasesMax} aliases`)
    throw new Failure('INPUT_INVALID', detail, {
      errors: [{ pointer: '/values', rule: 'alias.count', detail }],
    })
  }
  return [...aliases.values()]
}

/** An alias that the record had keeps the better standing it had. */
export function keepStanding(
  aliases: readonly Alias[],
  before: readonly Alias[] = [],
): readonly Alias[] {
  if (before.length === 0) return aliases
  return aliases.map(alias => {
    const former = before.find(({ key }) => key === alias.key)
    return former === undefined || alias.standing !== 'claimed'
      ? alias
      : { ...alias, standing: former.standing }
  })
}

function isAliasType(type: string): boolean {
  return (aliasTypes as readonly string[]).includes(type.toUpperCase())
}

function parseAlias(value: Value, { parseIdentifier, pointerOf }: AliasParts): Identifier {
  try {
    return parseIdentifier(String(value.data.value), value.type.toLowerCase() as System)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const errors: FieldError[] = error.errors.map(({ rule, detail }) => ({
      pointer: `${pointerOf(value.index)}/data`,
      rule,
      detail,
    }))
    throw new Failure('INPUT_INVALID', error.detail, { errors, cause: error })
  }
}

/** Whether an alias leads to its record now; the same question is asked again at every answer. */
export type Leads = (alias: Alias, record: Pick<StoredRecord, 'system' | 'prefix'>) => boolean

/**
 * Points aliases at a record. One alias leads to one record: a second record gets `ALREADY_EXISTS`, unless the first
 * one's claim leads nowhere and this one's does, so that nobody can squat on names of prefixes they do not hold.
 * @returns the keys whose answers changed
 */
export async function writeAliases(
  ledger: Ledger,
  record: StoredRecord,
  before: StoredRecord | undefined,
  leads: Leads,
): Promise<string[]> {
  const holders = await ledger.lockAliases(record.aliases.map(({ key }) => key))
  await ledger.putAliases(record, claimAliases(record, holders, leads))
  return [...record.aliases, ...(before?.aliases ?? [])].map(({ key }) => key)
}

/**
 * The rule of {@link writeAliases}.
 * @param holders what the aliases lead to now
 * @returns the keys that are taken from records which they did not lead to
 * @throws Failure `ALREADY_EXISTS`
 */
export function claimAliases(
  record: StoredRecord,
  holders: ReadonlyMap<string, StoredRecord>,
  leads: Leads,
): string[] {
  const squatted: string[] = []
  for (const alias of record.aliases) {
    const holder = holders.get(alias.key)
    if (holder === undefined || holder.key === record.key) continue
    const held = holder.aliases.find(({ key }) => key === alias.key)
    const isSquatted = held !== undefined && !leads(held, holder) && leads(alias, record)
    if (!isSquatted) throw alreadyNamed(alias)
    squatted.push(alias.key)
  }
  return squatted
}

/**
 * A name that leads to another record is taken; one that is merely claimed keeps nobody from registering it.
 * @throws Failure `ALREADY_EXISTS`
 */
export function refuseAliasOf(key: string, holder: StoredRecord | undefined, leads: Leads): void {
  const alias = holder?.aliases.find(held => held.key === key)
  if (holder === undefined || alias === undefined || !leads(alias, holder)) return
  throw new Failure('ALREADY_EXISTS', say('它已是另一条记录的别名', 'it is an alias of a record'))
}

function alreadyNamed(alias: Alias): Failure {
  return new Failure(
    'ALREADY_EXISTS',
    say(
      `别名 ${alias.text} 已属于另一条记录`,
      `the alias ${alias.text} names another record already`,
    ),
    {
      errors: [
        {
          pointer: '/values',
          rule: 'alias.taken',
          detail: say('一个别名只能指向一条记录', 'one alias, one record'),
        },
      ],
    },
  )
}
