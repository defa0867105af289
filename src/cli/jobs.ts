import { setTimeout as sleep } from 'node:timers/promises'
import { say, type Text } from '../model/text.ts'
import { type Call, UsageError } from './command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { writeLocalFile } from './local-files.ts'
import { type NodeClient, Unreachable } from './node-client.ts'
import { json, table } from './print.ts'

/** A job as the node tells of it. */
export interface JobView {
  readonly id: string
  readonly state: keyof typeof stateTexts
  readonly counts: Readonly<Record<keyof typeof countTexts, number>>
  readonly into: string
  readonly dryRun: boolean
  readonly reached: number
  readonly lastRow: number
  readonly reason: { readonly code: string; readonly detail: string } | null
  readonly receipt: string | null
  readonly createdAt: string
}

const stateTexts = {
  received: say('已接收', 'received'),
  checking: say('检查中', 'checking'),
  checked: say('已检查，未写入', 'checked, nothing written'),
  applying: say('写入中', 'applying'),
  done: say('已完成', 'done'),
  failed: say('失败', 'failed'),
  cancelled: say('已取消', 'cancelled'),
  undone: say('已撤销', 'undone'),
} as const satisfies Record<string, Text>

const countTexts = {
  rows: say('行', 'rows'),
  added: say('新增', 'added'),
  changed: say('变更', 'changed'),
  unchanged: say('未变', 'unchanged'),
  refused: say('拒绝', 'refused'),
} as const satisfies Record<string, Text>

export function jobPath(call: Call, step = ''): string {
  return `/v1/jobs/${encodeURIComponent(call.arguments[0] ?? '')}${step}`
}

/** A node that is started again is back within this. */
const reconnectsMax = 30
const reconnectAfterMs = 1_000

/** In these the node has something to do. */
const workingStates: readonly JobView['state'][] = ['received', 'checking', 'applying']

/**
 * Waits until a job has nothing more to do, and shows how far it is. A connection that breaks is made again: the job
 * goes on without it.
 */
export async function followJob(call: Call, node: NodeClient, job: JobView): Promise<JobView> {
  let last = job
  for (let reconnects = 0; ; reconnects++) {
    try {
      for await (const next of progressOf(node, job.id)) {
        last = next
        call.showProgress(progressLine(call, next))
      }
      if (!workingStates.includes(last.state)) break
    } catch (error) {
      if (!(error instanceof Unreachable) || reconnects === reconnectsMax) throw error
    }
    await sleep(reconnectAfterMs)
  }
  call.showProgress('')
  return last
}

/** The node ends the stream behind the last event. */
async function* progressOf(node: NodeClient, id: string): AsyncGenerator<JobView> {
  const { bytes } = await node.stream('GET', `/v1/jobs/${encodeURIComponent(id)}`, {
    headers: { Accept: 'text/event-stream' },
  })
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of bytes) {
    text += decoder.decode(piece, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) yield JSON.parse(data)
    }
  }
}

const barWidth = 30

function progressLine({ language }: Call, { state, reached, lastRow, counts }: JobView): string {
  const share = lastRow === 0 ? 0 : Math.min(1, reached / lastRow)
  const full = Math.round(share * barWidth)
  const bar = '█'.repeat(full) + '░'.repeat(barWidth - full)
  const refused = `${countTexts.refused[language]} ${counts.refused}`
  return `${bar} ${Math.floor(share * 100)} % ${stateTexts[state][language]} ${reached}/${lastRow} ${refused}`
}

/** What became of a job, with the refused rows in a file where one was asked for. */
export async function endOfJob(call: Call, node: NodeClient, job: JobView): Promise<ExitCode> {
  const file = call.given.text('errors')
  const hasErrors = job.state !== 'undone' && job.counts.refused > 0
  if (file !== undefined && hasErrors) await writeErrors(node, job.id, file)
  await printJob(call, job)
  if (hasErrors) call.remark(whereErrorsAre(job.id, file)[call.language])
  return exitCodeOf(job)
}

export async function writeErrors(node: NodeClient, id: string, file: string): Promise<void> {
  const path = `/v1/jobs/${encodeURIComponent(id)}/errors`
  const { bytes } = await node.stream('GET', path, { headers: { Accept: '*/*' } })
  await writeLocalFile(file, bytes)
}

function whereErrorsAre(id: string, file: string | undefined): Text {
  return file === undefined
    ? say(
        `被拒绝的行：qxm job errors ${id} --out FILE，改正后可再次导入`,
        `the refused rows: qxm job errors ${id} --out FILE; corrected, they can be imported`,
      )
    : say(
        `被拒绝的行已写入 ${file}，改正后可再次导入`,
        `the refused rows are in ${file}: correct and import them`,
      )
}

/** A check that found something, and work that was not done, are no success. */
function exitCodeOf({ state, counts }: JobView): ExitCode {
  if (state === 'undone') return exitCodes.ok
  const isBad = state === 'failed' || state === 'cancelled' || counts.refused > 0
  return isBad ? exitCodes.failed : exitCodes.ok
}

export async function printJob(call: Call, job: JobView): Promise<void> {
  await call.write(call.isJson ? json(job) : jobLines(call, job))
}

function jobLines({ language }: Call, job: JobView): string {
  const counts = Object.keys(countTexts) as (keyof typeof countTexts)[]
  const lines = [
    ['job', say('任务', 'job'), job.id],
    ['state', say('状态', 'state'), stateTexts[job.state][language]],
    ...counts.map(name => [name, countTexts[name], String(job.counts[name])] as const),
    ...(job.reason === null
      ? []
      : [['reason', say('原因', 'reason'), `${job.reason.detail} [${job.reason.code}]`] as const]),
  ] as const
  return table(lines.map(([, label, value]) => [label[language], value]))
}

export function jobTable({ language }: Call, jobs: readonly JobView[]): string {
  const counts = Object.keys(countTexts) as (keyof typeof countTexts)[]
  const header = [say('任务', 'job'), say('时间', 'at'), say('写入', 'into'), say('状态', 'state')]
  return table(
    jobs.map(job => [
      job.id,
      job.createdAt,
      job.into,
      stateTexts[job.state][language],
      ...counts.map(name => String(job.counts[name])),
    ]),
    [...header, ...counts.map(name => countTexts[name])].map(text => text[language]),
  )
}

/** @throws UsageError for anything but these */
export function oneOf<Word extends string>(
  call: Call,
  option: string,
  words: readonly Word[],
): Word | undefined {
  const said = call.given.text(option)
  if (said === undefined) return undefined
  const word = words.find(each => each === said)
  if (word !== undefined) return word
  const all = words.join(', ')
  throw new UsageError(say(`--${option} 须为 ${all} 之一`, `--${option} is one of ${all}`))
}
