import pg from 'pg'
import type { Parameter } from './database.ts'

/** What a parameter looks like in PostgreSQL's text format; the statement decides its type. */
export function parameterToText(parameter: Parameter): string | null {
  if (parameter === null) return null
  if (typeof parameter === 'string') return parameter
  if (isList(parameter)) return arrayToText(parameter)
  return scalarToText(parameter)
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(parameter: Parameter): parameter is Extract<Parameter, readonly unknown[]> {
  return Array.isArray(parameter)
}

function scalarToText(scalar: string | number | bigint | boolean | Buffer | Date): string {
  if (Buffer.isBuffer(scalar)) return `\\x${scalar.toString('hex')}`
  if (scalar instanceof Date) return scalar.toISOString()
  return String(scalar)
}

/** An array literal with every element quoted, so that no text in it can mean anything else. */
function arrayToText(list: Extract<Parameter, readonly unknown[]>): string {
  const elements = list.map(element =>
    element === null ? 'null' : `"${scalarToText(element).replace(/["\\]/g, '\\$&')}"`,
  )
  return `{${elements.join(',')}}`
}

export type CellParser = (text: string) => unknown

/**
 * How a cell's text becomes a value, by the type's OID (`pg_type.dat`): one table for both engines.
 * Where `pg` would guess a time zone or lose digits, the text stays as it is.
 */
export function parserOf(typeOid: number): CellParser {
  return ours.get(typeOid) ?? parserOfPg(typeOid, 'text')
}

/** The package's types list fewer OIDs than it knows. */
const parserOfPg = pg.types.getTypeParser as (typeOid: number, format: 'text') => CellParser

const asIs: CellParser = text => text

const int8: CellParser = text => {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

/** One-dimensional arrays; `text[]` (OID 1009) is how `pg` takes any of them apart. */
function arrayOf(element: CellParser): CellParser {
  const takeApart = parserOfPg(1009, 'text') as (text: string) => (string | null)[]
  return text => takeApart(text).map(part => (part === null ? null : element(part)))
}

const ours = new Map<number, CellParser>([
  [20, int8],
  [1016, arrayOf(int8)],
  [1082, asIs], // date
  [1182, arrayOf(asIs)],
  [1114, asIs], // timestamp without time zone
  [1115, arrayOf(asIs)],
  [1186, asIs], // interval
  [1187, arrayOf(asIs)],
  [1700, asIs], // numeric
  [1231, arrayOf(asIs)],
])
