import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'

interface ImportView {
  readonly id: string
  readonly source: string
  readonly seq: number
  readonly state: string
  readonly files: readonly { readonly name: string; readonly rows: number }[]
  readonly counts: Readonly<Record<string, number>>
  readonly fault: {
    readonly rule: string
    readonly detail: string
    readonly file?: string
    readonly row?: number
  } | null
  readonly releasedBy: readonly string[]
  readonly receivedAt: string
}

interface PlannedChange {
  readonly file: string
  readonly row: number
  readonly target: string | null
  readonly outcome: string
  readonly isConflicting: boolean
}

interface Question {
  readonly row: number
  readonly basic: Readonly<Record<string, unknown>>
  readonly prefix: string | null
  readonly candidates: readonly string[]
}

export const importTopList: Command = {
  name: 'import-top list',
  summary: say(
    '列出国家顶级节点送来的批次，新的在前',
    'list the batches of the top-level node, the newest first',
  ),
  options: {
    state: { kind: 'text', value: 'STATE', help: say('只要此状态的', 'only those in this state') },
    ...nodeOptions,
  },
  async run(call) {
    const query = { state: call.given.text('state') }
    const imports = await withNode(call, node => allOf<ImportView>(node, '/v1/imports', query))
    await call.write(call.isJson ? json(imports) : importTable(call, imports))
    return exitCodes.ok
  },
}

export const importTopShow: Command = {
  name: 'import-top show',
  summary: say('显示一个批次', 'show a batch, and why it is parked where it is'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'GET', pathOf(call)),
}

export const importTopPlan: Command = {
  name: 'import-top plan',
  summary: say('预览：放行后每一行会做什么', 'what releasing a batch would do, row by row'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  async run(call) {
    const path = pathOf(call)
    const changes = await withNode(call, async node => {
      const { files } = await node.call<ImportView>('GET', path, {})
      const found: PlannedChange[] = []
      for (const { name: file } of files) {
        found.push(...(await allOf<PlannedChange>(node, `${path}/rows`, { file })))
      }
      return found
    })
    await call.write(call.isJson ? json(changes) : planTable(call, changes))
    return exitCodes.ok
  },
}

export const importTopRelease: Command = {
  name: 'import-top release',
  summary: say(
    '放行一个批次；须由两名审核员先后放行',
    'let a batch in; two reviewers do, one after the other',
  ),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'POST', `${pathOf(call)}:release`),
}

export const importTopRollback: Command = {
  name: 'import-top rollback',
  summary: say(
    '整批回滚；尚未写入的则搁置',
    'take a batch back, or put one aside that is not written yet',
  ),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'POST', `${pathOf(call)}:rollback`),
}

export const importTopPull: Command = {
  name: 'import-top pull',
  summary: say('立即向国家顶级节点查询新批次', 'ask the feed of the top-level node now'),
  options: nodeOptions,
  async run(call) {
    const outcome = await withNode(call, node =>
      node.call<{ received: number }>('POST', '/v1/imports:pull', {}),
    )
    const text = say(`收到 ${outcome.received} 个批次`, `${outcome.received} batches came`)
    await call.write(call.isJson ? json(outcome) : `${text[call.language]}\n`)
    return exitCodes.ok
  },
}

export const importTopQuestions: Command = {
  name: 'import-top questions',
  summary: say(
    '列出须由人指认主体的行；查阅会记入审计',
    'list rows of which a person says whom they concern; looking is put on record',
  ),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  async run(call) {
    const path = `${pathOf(call)}/questions`
    const questions = await withNode(call, node => allOf<Question>(node, path))
    await call.write(call.isJson ? json(questions) : questionTable(call, questions))
    return exitCodes.ok
  },
}

export const importTopAnswer: Command = {
  name: 'import-top answer',
  summary: say('指认一行所涉的主体', 'say whom a row concerns'),
  arguments: [{ name: 'id' }, { name: 'row' }],
  options: {
    subject: {
      kind: 'text',
      value: 'CODE',
      help: say('该主体的企信码', 'the code of the subject'),
    },
    new: { kind: 'flag', help: say('尚无企信码的新主体', 'one that has no code yet') },
    skip: { kind: 'flag', help: say('不采用此行', 'the row is not taken') },
    ...nodeOptions,
  },
  run(call) {
    const [, row = ''] = call.arguments
    return show(
      call,
      'POST',
      `${pathOf(call)}/questions/${encodeURIComponent(row)}:answer`,
      answerIn(call),
    )
  },
}

function answerIn({ given }: Call) {
  const subject = given.text('subject')
  const answers = [
    ...(subject === undefined ? [] : [{ subject }]),
    ...(given.has('new') ? [{ new: true }] : []),
    ...(given.has('skip') ? [{ skip: true }] : []),
  ]
  const [answer] = answers
  if (answer !== undefined && answers.length === 1) return answer
  throw new UsageError(
    say(
      '须给出 --subject、--new、--skip 之一',
      'give one of --subject, --new and --skip, and one only',
    ),
  )
}

function pathOf({ arguments: [id = ''] }: Call): string {
  return `/v1/imports/${encodeURIComponent(id)}`
}

async function show(call: Call, method: 'GET' | 'POST', path: string, body?: unknown) {
  const view = await withNode(call, node =>
    node.call<ImportView>(method, path, body === undefined ? {} : { body }),
  )
  await call.write(call.isJson ? json(view) : importTable(call, [view]) + faultLine(view))
  return exitCodes.ok
}

function faultLine({ fault }: ImportView): string {
  if (fault === null) return ''
  const place = [fault.file, fault.row].filter(part => part !== undefined).join(':')
  return `${[fault.rule, place, fault.detail].filter(part => part !== '').join('  ')}\n`
}

function importTable({ language }: Call, imports: readonly ImportView[]): string {
  const header = [
    say('编号', 'id'),
    say('来源', 'source'),
    say('序号', 'seq'),
    say('状态', 'state'),
    say('新增', 'added'),
    say('变更', 'changed'),
    say('不变', 'same'),
    say('撤回', 'gone'),
    say('冲突', 'conflicts'),
    say('待指认', 'questions'),
    say('放行', 'released by'),
  ]
  const rows = imports.map(({ id, source, seq, state, counts, releasedBy }) => [
    id,
    source,
    String(seq),
    state,
    ...['added', 'changed', 'unchanged', 'withdrawn', 'conflicting', 'questions'].map(name =>
      String(counts[name] ?? 0),
    ),
    releasedBy.join(' '),
  ])
  return table([header.map(text => text[language]), ...rows])
}

function planTable({ language }: Call, changes: readonly PlannedChange[]): string {
  const header = [
    say('文件', 'file'),
    say('行', 'row'),
    say('对象', 'what'),
    say('结果', 'outcome'),
    say('冲突', 'conflict'),
  ]
  const rows = changes.map(({ file, row, target, outcome, isConflicting }) => [
    file,
    String(row),
    target ?? '',
    outcome,
    isConflicting ? '!' : '',
  ])
  return table([header.map(text => text[language]), ...rows])
}

function questionTable({ language }: Call, questions: readonly Question[]): string {
  const header = [
    say('行', 'row'),
    say('企业名称', 'name'),
    say('前缀', 'prefix'),
    say('可能的主体', 'candidates'),
  ]
  const rows = questions.map(({ row, basic, prefix, candidates }) => [
    String(row),
    String(basic['producerName'] ?? ''),
    prefix ?? '',
    candidates.join(' '),
  ])
  return table([header.map(text => text[language]), ...rows])
}
