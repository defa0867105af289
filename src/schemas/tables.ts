import type { Table, TableName } from './field.ts'
import { basic } from './tables/basic.ts'
import { equipment } from './tables/equipment.ts'
import { finance } from './tables/finance.ts'
import { products } from './tables/products.ts'
import { resumption } from './tables/resumption.ts'
import { staff } from './tables/staff.ts'
import { supplies } from './tables/supplies.ts'

/** The seven tables of AII/002-2020 §4 as printed, with the forms in which we read their items. */
export const tables: Readonly<Record<TableName, Table>> = {
  basic,
  resumption,
  products,
  supplies,
  staff,
  finance,
  equipment,
}
