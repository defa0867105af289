import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { foldAscii } from '../../src/model/identifier.ts'

/** The records that {@link fillRecords} writes; under a prefix of the demo, and none of the demo's own. */
export function identifierAt(number: number): string {
  return `88.118.8/BENCH-${number}`
}

/** Writes so many records of five values each, behind the node's back, unless there are some. */
export async function fillRecords(pool: pg.Pool, recordCount: number): Promise<void> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('select 1 from records where submitter = $1 limit 1', [
      'bench',
    ])
    if (rows.length > 0) return
    const copy = `copy records (key, prefix, identifier, system, kind, values, aliases, submitter, basis, serial,
      created_at, updated_at) from stdin`
    await pipeline(lines(recordCount), client.query(copyFrom(copy)))
    await client.query('vacuum analyze records')
  } finally {
    client.release()
  }
}

/** Rows in COPY's text format, some hundred a piece. */
function* lines(recordCount: number): Generator<string> {
  for (let from = 0; from < recordCount; from += 500) {
    const count = Math.min(500, recordCount - from)
    yield Array.from({ length: count }, (_, at) => line(from + at)).join('')
  }
}

function line(number: number): string {
  const at = '2026-11-23T06:00:00Z'
  const values = [1, 2, 3, 4, 5].map(index => ({
    index,
    type: 'URL',
    data: { format: 'string', value: `https://example.com/products/${number}/${index}` },
    ttl: 86_400,
    timestamp: at,
    permissions: '1110',
    references: [],
  }))
  const [key, identifier] = [foldAscii(identifierAt(number)), identifierAt(number)]
  const columns = [key, '88.118.8', identifier, 'handle', 'product', JSON.stringify(values), '[]']
  return `${[...columns, 'bench', 'authority', 1, at, at].join('\t')}\n`
}
