import { writeFile } from 'node:fs/promises'
import { syntheticIdentifier, syntheticRow } from '../load/synthetic.ts'
import { say, type Text } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { sendJob } from './import.ts'
import { endOfJob, followJob } from './jobs.ts'
import { type NodeClient, ProblemError } from './node-client.ts'
import { sheetTypes } from './sheet-files.ts'

/** A file of them is what `bench --from` reads at most. */
const recordsMax = 1_000_000
/** Rows in one piece of what is sent. */
const rowsAtOnce = 500

/** Records to test load with, under a prefix of their own: made by a job, which can be taken back as one. */
export const benchData: Command = {
  name: 'bench data',
  summary: say(
    '登记压测用的合成标识，自成前缀，可整体撤销',
    'register made-up records to test load with, under a prefix of their own',
  ),
  arguments: [{ name: 'prefix' }],
  options: {
    records: {
      kind: 'text',
      value: 'N',
      help: say('条数，默认 10000', 'how many, 10000 unless told'),
    },
    out: {
      kind: 'text',
      value: 'FILE',
      help: say('写入标识清单，供 bench --from', 'the identifiers, for bench --from'),
    },
    ...nodeOptions,
  },
  run(call) {
    const prefix = call.arguments[0] ?? ''
    const count = countOf(call)
    return withNode(call, async node => {
      await allot(node, prefix)
      const bytes = rowsOf(prefix, count)
      const job = await sendJob(node, {
        query: { into: 'identifiers', mode: 'best' },
        file: { type: sheetTypes.ndjson, bytes },
        headers: {},
      })
      const ended = await followJob(call, node, job)
      const out = call.given.text('out')
      if (out !== undefined) await writeFile(out, listOf(prefix, count))
      const code = await endOfJob(call, node, ended)
      call.remark(nextHint(job.id, out)[call.language])
      return code
    })
  },
}

function countOf({ given }: Call): number {
  const text = given.text('records') ?? '10000'
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= recordsMax) return count
  throw new UsageError(say(`--records 须为 1 至 ${recordsMax}`, `--records is 1 to ${recordsMax}`))
}

/** A prefix that is there already may be from the last time. */
async function allot(node: NodeClient, prefix: string): Promise<void> {
  try {
    await node.call('POST', '/v1/prefixes', { body: { prefix } })
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'ALREADY_EXISTS') throw error
  }
}

async function* rowsOf(prefix: string, count: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < count; from += rowsAtOnce) {
    const rows = Array.from({ length: Math.min(rowsAtOnce, count - from) }, (_, at) =>
      JSON.stringify(syntheticRow(prefix, from + at)),
    )
    yield Buffer.from(`${rows.join('\n')}\n`)
  }
}

function listOf(prefix: string, count: number): string {
  return Array.from({ length: count }, (_, at) => `${syntheticIdentifier(prefix, at)}\n`).join('')
}

function nextHint(id: string, out: string | undefined): Text {
  const file = out ?? 'FILE'
  return say(
    `压测：qxm bench --from ${file} --via http；撤销这些标识：qxm undo ${id} --wait`,
    `to load the node: qxm bench --from ${file} --via http; to take them back: qxm undo ${id} --wait`,
  )
}
