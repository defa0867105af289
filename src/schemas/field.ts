import type { Text } from '../model/text.ts'

/** The standard's two data types: 字符型 and 数字型 (AII/002 §4). */
export type FieldType = 'char' | 'number'

/**
 * How a value is read beyond its type: what the standard's words mean by it. Lengths are counted in characters
 * (code points), not bytes.
 */
export type Form =
  /** @property prose may have line breaks */
  | { readonly kind: 'text'; readonly charsMax: number; readonly prose?: boolean }
  /** A unified social credit code, `model/uscc.ts`. */
  | { readonly kind: 'uscc' }
  /** A resident identity number, `model/resident-id.ts`. */
  | { readonly kind: 'residentId' }
  /**
   * A civil day as the number `YYYYMMDD`.
   * @property mayBeEndless 99991231 says "long-term" here, and is refused elsewhere
   * @property past what happened cannot lie in the future
   */
  | { readonly kind: 'date'; readonly mayBeEndless?: boolean; readonly past?: boolean }
  /** How long something is good for: whole days, or its last day as the number `YYYYMMDD`. */
  | { readonly kind: 'period' }
  /** People: whole, not negative. */
  | { readonly kind: 'count' }
  /** Goods or money: not negative, fractions allowed. */
  | { readonly kind: 'quantity' }
  /** Any number. */
  | { readonly kind: 'number' }
  /** @property mobile no landline */
  | { readonly kind: 'phone'; readonly mobile?: boolean }

/** One data item of the standard. */
export interface Field {
  /** Name in the code and on our wires: the English name in lowerCamelCase, acronyms as words. */
  readonly name: string
  /** 中文名称, as printed. */
  readonly zh: string
  /** 英文名称, as printed. */
  readonly en: string
  readonly type: FieldType
  readonly required: boolean
  readonly form: Form
  readonly description: Text
  /** After how many seconds a value of a fast-changing item no longer counts as fresh (AII/002 §4, last sentence). */
  readonly maxAgeSeconds?: number
}

/** One table of the standard. */
export interface Table {
  readonly name: TableName
  readonly zh: string
  readonly en: string
  /** The clause of AII/002-2020 in which the table and its fields stand. */
  readonly clause: string
  /** A subject has one row of it, named `current`, or any number. */
  readonly rows: 'one' | 'many'
  /** In the order of the standard. */
  readonly fields: readonly Field[]
  /** Pairs of dates by name: the second is not before the first. */
  readonly order: readonly (readonly [earlier: string, later: string])[]
}

/** In the order of the standard, tables 1 to 7. */
export const tableNames = [
  'basic',
  'resumption',
  'products',
  'supplies',
  'staff',
  'finance',
  'equipment',
] as const
export type TableName = (typeof tableNames)[number]
