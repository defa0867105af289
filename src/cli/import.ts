import { json as readJson } from 'node:stream/consumers'
import { say } from '../model/text.ts'
import { jobModes, jobTargets } from '../registry/jobs/parts.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { endOfJob, followJob, type JobView, oneOf, printJob } from './jobs.ts'
import { readLocalFile } from './local-files.ts'
import type { NodeClient } from './node-client.ts'
import { formatOption, sheetFormatOf, sheetTypes } from './sheet-files.ts'

/** A file of rows becomes a job. */
export const importFile: Command = {
  name: 'import',
  summary: say(
    '批量登记：NDJSON、CSV 或 xlsx 文件，每行一条',
    'register a file of rows: NDJSON, CSV or xlsx',
  ),
  arguments: [{ name: 'file' }],
  options: {
    into: {
      kind: 'text',
      value: 'identifiers|prefixes',
      help: say('行的内容，缺省 identifiers', 'what the rows are; identifiers by default'),
    },
    'dry-run': {
      kind: 'flag',
      help: say('只检查，不写入；之后可 qxm job apply', 'check and write nothing; see job apply'),
    },
    mode: {
      kind: 'text',
      value: 'all|best',
      help: say(
        'all：全部写入或一行不写；best（缺省）：写入合格的行',
        'all: every row or none; best, the default: what can be written',
      ),
    },
    wait: { kind: 'flag', help: say('等待任务结束', 'wait until the job has ended') },
    errors: {
      kind: 'text',
      value: 'FILE',
      help: say(
        '等待结束，并将被拒绝的行写入此文件',
        'wait, and write the refused rows into this file',
      ),
    },
    'idempotency-key': {
      kind: 'text',
      value: 'KEY',
      help: say('同一键的重复请求得到同一任务', 'the same key again gives the same job back'),
    },
    ...formatOption,
    ...nodeOptions,
  },
  async run(call) {
    const { given } = call
    const file = call.arguments[0] ?? ''
    const waits = given.has('wait') || given.has('errors')
    const type = typeOf(call, file)
    const query = queryOf(call)
    const key = given.text('idempotency-key')
    const bytes = await readLocalFile(file)
    return withNode(call, async node => {
      const job = await sendJob(node, {
        query,
        file: { type, bytes: counted(call, bytes) },
        headers: key === undefined ? {} : { 'Idempotency-Key': key },
      })
      call.showProgress('')
      if (waits) return endOfJob(call, node, await followJob(call, node, job))
      await printJob(call, job)
      return exitCodes.ok
    })
  },
}

function typeOf(call: Call, file: string): string {
  const format = sheetFormatOf(call, file)
  if (format !== undefined) return sheetTypes[format]
  throw new UsageError(
    say(
      `无法由文件名 ${file} 得知格式：请给出 --format`,
      `the name ${file} says no format: use --format`,
    ),
  )
}

function queryOf(call: Call) {
  return {
    into: oneOf(call, 'into', jobTargets) ?? 'identifiers',
    mode: oneOf(call, 'mode', jobModes),
    dryRun: call.given.has('dry-run') ? '1' : undefined,
  }
}

/** Sends rows, which become a job. */
export async function sendJob(
  node: NodeClient,
  request: Parameters<NodeClient['stream']>[2],
): Promise<JobView> {
  const { bytes } = await node.stream('POST', '/v1/jobs', request)
  return (await readJson(bytes)) as JobView
}

/** Shows how much has been sent. */
async function* counted(call: Call, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let byteCount = 0
  for await (const piece of bytes) {
    yield piece
    byteCount += piece.length
    const megabytes = (byteCount / 2 ** 20).toFixed(1)
    call.showProgress(say(`已发送 ${megabytes} MB`, `sent ${megabytes} MB`)[call.language])
  }
}
