import assert from 'node:assert/strict'
import type { Parameter, Queries } from './database.ts'
import type { Answer, Question, Table } from './embedded-messages.ts'
import { parameterToText, parserOf } from './sql-text.ts'

/** Characters of COPY lines in one message; UTF-8 makes at most 3 bytes of each, and a message holds 8 MB. */
const copyCharactersMax = 2 ** 21

/** The three kinds of questions, over whatever carries them to the engine. */
export function makeQueries(ask: (question: Question) => Promise<Answer>): Queries {
  return {
    async query<Row extends object>(sql: string, parameters: readonly Parameter[] = []) {
      const answer = await ask({ kind: 'query', sql, values: parameters.map(parameterToText) })
      assert(answer.kind === 'table')
      return rowsOf(answer.table) as Row[]
    },

    async exec(sql) {
      await ask({ kind: 'exec', sql })
    },

    async copy(sql, chunks) {
      let count = 0
      for await (const lines of sizedFor(copyCharactersMax, chunks)) {
        const answer = await ask({ kind: 'copy', sql, lines })
        assert(answer.kind === 'done')
        count += Number(answer.tag.slice('COPY '.length))
      }
      return count
    },
  }
}

function rowsOf({ columns, types, cells }: Table): object[] {
  const parsers = types.map(parserOf)
  const rows: object[] = []
  for (let start = 0; start < cells.length; start += columns.length) {
    const row: Record<string, unknown> = {}
    for (let i = 0; i < columns.length; i++) {
      const cell = cells[start + i] as string | null
      row[columns[i] as string] = cell === null ? null : parsers[i]?.(cell)
    }
    rows.push(row)
  }
  return rows
}

/** Gathers small chunks of lines and splits large ones, at ends of lines. */
async function* sizedFor(charactersMax: number, chunks: AsyncIterable<string | Buffer>) {
  let gathered = ''
  for await (const chunk of chunks) {
    gathered += String(chunk)
    while (gathered.length >= charactersMax) {
      const end = gathered.lastIndexOf('\n', charactersMax - 1) + 1
      assert(end > 0, 'a COPY line is longer than a message may be')
      yield gathered.slice(0, end)
      gathered = gathered.slice(end)
    }
  }
  if (gathered !== '') yield gathered
}
