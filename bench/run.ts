/**
 * `npm run bench [-- --rounds N --seconds N --only http,handle --out FILE]`: what a resolve costs, beside
 * bare servers that send the same bytes, and how that compares to our goals. Rounds are interleaved and medians shown;
 * ratios of answers per CPU second can be compared between machines, absolute rates cannot.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeBenchRun } from '../src/load/bench-run.ts'
import { awayChapter } from './away.ts'
import { handleChapter } from './handle.ts'
import { httpChapter } from './http.ts'
import type { Chapter, ChapterParts } from './load/chapter.ts'
import { report } from './load/print.ts'
import { scriptChapter } from './load/script.ts'
import { makeDemoNodes } from './load/server-node.ts'
import { postgresMissing, redisMissing } from './load/servers.ts'
import { workersChapter } from './workers.ts'

const chapters: Readonly<Record<string, (parts: ChapterParts) => Promise<Chapter>>> = {
  http: httpChapter,
  handle: handleChapter,
  stores: scriptChapter(['stores.js', '100000'], postgresMissing),
  redis: scriptChapter(['redis.js'], redisMissing),
  away: awayChapter,
  workers: workersChapter,
  memory: scriptChapter(['micro/answer-arena.js']),
  codec: scriptChapter(['micro/codec.js']),
}

const { values: given } = parseArgs({
  options: {
    // Short and many: what else the machine does comes and goes within seconds.
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: Object.keys(chapters).join(',') },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'bench-result.json') },
  },
})
const rounds = { rounds: Number(given.rounds), seconds: Number(given.seconds) }
const names = given.only.split(',')

await using nodes = await makeDemoNodes()
const startedAt = new Date()
const told: Chapter[] = []
for (const name of names) {
  const chapter = chapters[name]
  if (chapter === undefined) throw new Error(`--only takes ${Object.keys(chapters).join(',')}`)
  told.push(await chapter({ nodes, rounds }).catch(error => failed(name, error)))
}
const run = makeBenchRun(startedAt, {
  facts: { ...rounds, minutes: (Date.now() - startedAt.getTime()) / 60_000 },
  figures: told.flatMap(({ figures }) => figures),
  groups: told.flatMap(({ groups }) => groups),
  leftOut: told.flatMap(({ leftOut }) => leftOut),
})
await report(run, given.out)

/** The chapters before it took minutes: they are kept. */
function failed(name: string, error: unknown): Chapter {
  process.exitCode = 1
  return { groups: [], figures: [], leftOut: [`${name}, which failed: ${error}`] }
}
