import { say } from '../model/text.ts'
import type { Command } from './command.ts'
import { UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { type NodeClient, ProblemError, parallelMax } from './node-client.ts'
import { pagesOf } from './pages.ts'

interface Summary {
  readonly identifier: string
  readonly kind: string
}

/** What `POST /v1/identifiers` takes. */
interface Exported {
  readonly identifier: string
  readonly kind: string
  readonly values: readonly unknown[]
  readonly successor: string | null
}

/** Records under a prefix as lines that can be registered again. */
export const exportRecords: Command = {
  name: 'export',
  summary: say(
    '导出前缀下的记录，每行一条 JSON',
    'write the records under a prefix, one line of JSON each',
  ),
  options: {
    prefix: {
      kind: 'text',
      value: 'PREFIX',
      help: say('前缀，如 88.118.8 或 gs1:6901234', 'such as 88.118.8 or gs1:6901234'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const prefix = call.given.text('prefix')
    if (prefix === undefined) throw new UsageError(say('需要 --prefix', '--prefix is needed'))
    const codeCount = await withNode(call, async node => {
      let codes = 0
      for await (const page of pagesOf<Summary>(node, '/v1/identifiers', { prefix })) {
        const records = page.filter(({ kind }) => kind !== 'subject')
        codes += page.length - records.length
        await call.write((await readAll(node, records)).map(toLine).join(''))
      }
      return codes
    })
    if (codeCount > 0) call.remark(codesLeftOut(codeCount)[call.language])
    return exitCodes.ok
  },
}

/** Reads records a few at a time, in their order; who reads the lines slowly is waited for between pages. */
async function readAll(node: NodeClient, summaries: readonly Summary[]): Promise<Exported[]> {
  const records = new Array<Exported | undefined>(summaries.length)
  let next = 0
  async function work(): Promise<void> {
    while (next < summaries.length) {
      const at = next++
      records[at] = await readOne(node, summaries[at]?.identifier ?? '')
    }
  }
  await Promise.all(Array.from({ length: parallelMax }, work))
  return records.filter(record => record !== undefined)
}

/** @returns undefined for a record that was withdrawn since it was listed */
async function readOne(node: NodeClient, identifier: string): Promise<Exported | undefined> {
  try {
    return await node.call('GET', `/v1/identifiers/${encodeURIComponent(identifier)}`)
  } catch (error) {
    if (error instanceof ProblemError && [404, 410].includes(error.problem.status)) return undefined
    throw error
  }
}

/** Serials, submitters and aliases are given again by the node that registers. */
function toLine({ identifier, kind, values, successor }: Exported): string {
  return `${JSON.stringify({ identifier, kind, values, successor })}\n`
}

function codesLeftOut(count: number) {
  return say(
    `略去 ${count} 个企信码：它们由审核签发，不能登记`,
    `left out ${count} enterprise codes: they are issued by review, not registered`,
  )
}
