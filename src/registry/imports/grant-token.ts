import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { batchParts, type ManifestContext } from './manifest.ts'
import { type Members, membersOf, prefixesIn, readSigned } from './signed-json.ts'

/** What the top-level node permits itself to import here, as it signed it. */
export interface GrantToken {
  readonly v: 1
  /** What `authorization` of a manifest names. */
  readonly id: string
  readonly source: string
  /** Whom it is for: our node prefix, or the prefix of our codes. */
  readonly target: string
  readonly prefixes: readonly string[]
  /** Parts of a batch: `identifiers`, `prefixes`, names of tables. */
  readonly tables: readonly string[]
  /** The fields of a part that may be imported, by its name; a part that is not here may bring all its fields. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  /** How many rows may be imported in all. */
  readonly rows: number
  /** Unix seconds. */
  readonly nbf: number
  /** Unix seconds; from then on it permits nothing. */
  readonly exp: number
}

const nameCharactersMax = 128
/** The widest table has some 20 fields; HS types of identifiers' values are few. */
const fieldsMax = 200
const secondsMax = 253_402_300_799

/**
 * Reads the payload of a grant's JWS. Members that we do not know stay outside.
 * @throws Failure `INPUT_INVALID` `grant.…`
 */
export function parseGrant(payload: Buffer): GrantToken {
  const members = readSigned(payload, 'grant')
  if (members.value('v') !== 1) throw members.refuse('v', 'v')
  const tables = tablesIn(members)
  const nbf = members.integer('nbf', 0, secondsMax)
  return {
    v: 1,
    id: members.text('id', nameCharactersMax),
    source: members.text('source', nameCharactersMax),
    target: members.text('target', nameCharactersMax),
    prefixes: prefixesIn(members),
    tables,
    fields: fieldsIn(members, tables),
    rows: members.integer('rows', 1, Number.MAX_SAFE_INTEGER),
    nbf,
    exp: members.integer('exp', nbf + 1, secondsMax),
  }
}

/**
 * Whether a grant is for us and not over yet; one that begins later may be kept already.
 * @throws Failure `NOT_PERMITTED` `grant.target`, `grant.expired`
 */
export function checkGrant(
  { target, exp }: Pick<GrantToken, 'target' | 'exp'>,
  { targets, now }: ManifestContext,
): void {
  if (!targets.includes(target)) {
    throw refused('target', '授权令的接收方不是本节点', 'the grant is for another node')
  }
  if (now.getTime() >= exp * 1000) throw refused('expired', '授权令已过期', 'the grant has ended')
}

function tablesIn(members: Members): readonly string[] {
  const list = members.list('tables', 1, batchParts.length)
  const isPart = (each: unknown): each is string =>
    typeof each === 'string' && batchParts.includes(each)
  if (!list.every(isPart)) throw members.refuse('tables', 'tables')
  return [...new Set(list)]
}

/** A field of a part that the grant does not name would be a mistake of who signed it: it is said, not guessed. */
function fieldsIn(members: Members, tables: readonly string[]): GrantToken['fields'] {
  const said = members.value('fields')
  if (said === undefined || said === null) return {}
  const byTable = membersOf(said, 'grant', '/fields')
  const names = Object.keys(said)
  if (!names.every(name => tables.includes(name))) throw members.refuse('fields', 'fields')
  return Object.fromEntries(
    names.map(name => {
      const fields = byTable.list(name, 0, fieldsMax)
      const isField = (each: unknown): each is string =>
        typeof each === 'string' && /^[\w.-]{1,64}$/.test(each)
      if (!fields.every(isField)) throw byTable.refuse(name, 'fields')
      return [name, fields]
    }),
  )
}

function refused(rule: string, zh: string, en: string): Failure {
  const detail = say(zh, en)
  const errors = [{ pointer: '/grant', rule: `grant.${rule}`, detail }]
  return new Failure('NOT_PERMITTED', detail, { errors })
}
