import t from 'tap'
import { failures } from '../../src/model/failures.ts'
import type { Text } from '../../src/model/text.ts'
import { failureStatuses, wireFailures } from '../../src/protocols/http/problem.ts'
import { followsTable } from './tree.ts'

const statuses: Readonly<Record<string, number>> = failureStatuses

t.test('docs/errors.md has every failure', async t => {
  const rows = Object.entries(failures).map(([code, text]) => row(code, statuses[code], text))

  followsTable(t, 'docs/errors.md', tableOf(rows), 'failures')
})

t.test('docs/errors.md has every problem that only HTTP knows', async t => {
  const rows = Object.entries(wireFailures).map(([code, { status, title }]) =>
    row(code, status, title),
  )

  followsTable(t, 'docs/errors.md', tableOf(rows), 'http')
})

function tableOf(rows: readonly string[]): string {
  return `| \`code\` | HTTP | 中文 | English |\n|---|---|---|---|\n${rows.join('')}`
}

function row(code: string, status: number | undefined, { zh, en }: Text): string {
  return `| \`${code}\` | ${status} | ${zh} | ${en} |\n`
}
