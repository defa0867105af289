import type { RunningNode } from '../support/node.ts'
import { until } from './a-program.ts'

export interface AuditRow {
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly detail: object
}

/** The rows of a question, once they are what is waited for: rows are numbered and chained a moment after their commit. */
export async function auditRows(
  { http, key }: Pick<RunningNode, 'http' | 'key'>,
  query: string,
  isThere: (rows: readonly AuditRow[]) => boolean,
): Promise<readonly AuditRow[]> {
  let rows: readonly AuditRow[] = []
  await until(`the audit of ${query}`, async () => {
    const answer = await fetch(`${http}/v1/audit?${query}`, {
      headers: { authorization: `Bearer ${key}` },
    })
    rows = ((await answer.json()) as { items: readonly AuditRow[] }).items
    return isThere(rows)
  })
  return rows
}
