import type { Cell } from '../../registry/jobs/parts.ts'

/** A cell as text: what has members, as JSON. */
export function cellText(cell: Exclude<Cell, null>): string {
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}
