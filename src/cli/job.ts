import { say } from '../model/text.ts'
import type { Call, Command } from './command.ts'
import { UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import {
  endOfJob,
  followJob,
  type JobView,
  jobPath,
  jobTable,
  printJob,
  writeErrors,
} from './jobs.ts'
import { allOf } from './pages.ts'
import { json } from './print.ts'
import { writeText } from './sheet-files.ts'

const waitOption = {
  wait: { kind: 'flag', help: say('等待任务结束', 'wait until the job has ended') },
} as const

export const jobList: Command = {
  name: 'job list',
  summary: say('列出批量任务，新的在前', 'list bulk jobs, the newest first'),
  options: nodeOptions,
  async run(call) {
    const jobs = await withNode(call, node => allOf<JobView>(node, '/v1/jobs'))
    await call.write(call.isJson ? json(jobs) : jobTable(call, jobs))
    return exitCodes.ok
  },
}

export const jobShow: Command = {
  name: 'job show',
  summary: say('显示一个任务的状态与计数', 'show how a job stands, and its counts'),
  arguments: [{ name: 'job' }],
  options: { ...waitOption, ...nodeOptions },
  run: call =>
    withNode(call, async node => {
      const job = await node.call<JobView>('GET', jobPath(call))
      await printJob(call, call.given.has('wait') ? await followJob(call, node, job) : job)
      return exitCodes.ok
    }),
}

export const jobApply: Command = {
  name: 'job apply',
  summary: say('写入试运行已检查的行', 'write what a dry run has checked'),
  arguments: [{ name: 'job' }],
  options: { ...waitOption, ...nodeOptions },
  run: call => step(call, ':apply'),
}

export const jobCancel: Command = {
  name: 'job cancel',
  summary: say(
    '取消任务：已写入的保留，mode=all 时一行不留',
    'end a job: what is written stays, and with mode=all nothing is',
  ),
  arguments: [{ name: 'job' }],
  options: { ...waitOption, ...nodeOptions },
  run: call => step(call, ':cancel'),
}

export const jobErrors: Command = {
  name: 'job errors',
  summary: say(
    '取回被拒绝的行及原因，格式同原文件；改正后可再次导入',
    'the refused rows with their reasons, in the format that came: correct and import them',
  ),
  arguments: [{ name: 'job' }],
  options: {
    out: {
      kind: 'text',
      short: 'o',
      value: 'FILE',
      help: say('写入此文件；缺省写到标准输出', 'the file; by default standard output'),
    },
    ...nodeOptions,
  },
  run: call =>
    withNode(call, async node => {
      const file = call.given.text('out')
      if (file === undefined) return printErrors(call, node.stream('GET', jobPath(call, '/errors')))
      await writeErrors(node, call.arguments[0] ?? '', file)
      const written = say(`已写入 ${file}`, `wrote ${file}`)[call.language]
      await call.write(call.isJson ? json({ file }) : `${written}\n`)
      return exitCodes.ok
    }),
}

export const undoJob: Command = {
  name: 'undo',
  summary: say(
    '撤销整个任务；其中有行此后被改动则拒绝',
    'take back a whole job, unless some of its rows were written again since',
  ),
  arguments: [{ name: 'job' }],
  options: { ...waitOption, ...nodeOptions },
  run: call => step(call, ':undo'),
}

/** A step is taken when the node has got round to it. */
function step(call: Call, name: string): Promise<ExitCode> {
  return withNode(call, async node => {
    const job = await node.call<JobView>('POST', jobPath(call, name))
    if (call.given.has('wait')) return endOfJob(call, node, await followJob(call, node, job))
    await printJob(call, job)
    return exitCodes.ok
  })
}

async function printErrors(
  call: Call,
  asked: Promise<{
    readonly headers: Record<string, unknown>
    readonly bytes: AsyncIterable<Buffer>
  }>,
): Promise<ExitCode> {
  const { headers, bytes } = await asked
  if (String(headers['content-type']).includes('spreadsheetml')) {
    throw new UsageError(say('xlsx 需要 --out', 'xlsx needs --out'))
  }
  await writeText(call, bytes)
  return exitCodes.ok
}
