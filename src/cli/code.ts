import { say } from '../model/text.ts'
import { type Call, type Command, type Options, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { placementOf, placementOptions } from './placement.ts'
import { json, table } from './print.ts'

/** The card of an enterprise as the node's JSON has it. */
interface Enterprise {
  readonly code: string
  readonly name: string
  readonly status: string
  readonly reason: string | null
  readonly successor: string | null
  readonly region: string | null
  readonly industry: string | null
  readonly grade?: string | null
  readonly prefixes: readonly { readonly system: string; readonly prefix: string }[]
  readonly basic?: Readonly<Record<string, string | number>>
}

const reasonOptions = {
  reason: {
    kind: 'text',
    value: 'TEXT',
    help: say('原因，会公开显示', 'why; it is shown to anybody'),
  },
} as const satisfies Options

export const codeShow: Command = {
  name: 'code show',
  summary: say('显示一个企信码及其主体', 'show a code and whose it is'),
  arguments: [{ name: 'code' }],
  options: nodeOptions,
  run: call => print(call, 'GET', pathOf(call)),
}

export const codeSuspend: Command = {
  name: 'code suspend',
  summary: say(
    '暂停一个企信码，解析时如实告知',
    'suspend a code: it answers so until it is resumed',
  ),
  arguments: [{ name: 'code' }],
  options: { ...reasonOptions, ...nodeOptions },
  run: call => turn(call, 'suspend'),
}

export const codeResume: Command = {
  name: 'code resume',
  summary: say('恢复被暂停的企信码', 'resume a suspended code'),
  arguments: [{ name: 'code' }],
  options: { ...reasonOptions, ...nodeOptions },
  run: call => turn(call, 'resume'),
}

export const codeRevoke: Command = {
  name: 'code revoke',
  summary: say('撤销一个企信码，不可恢复', 'revoke a code, for good'),
  arguments: [{ name: 'code' }],
  options: {
    ...reasonOptions,
    successor: {
      kind: 'text',
      value: 'CODE',
      help: say('接替它的企信码', 'the code that takes over'),
    },
    ...nodeOptions,
  },
  run: call => turn(call, 'revoke'),
}

export const codePlace: Command = {
  name: 'code place',
  summary: say('更正主体的地区、行业或等级', 'correct region, industry or grade of a subject'),
  arguments: [{ name: 'code' }],
  options: { ...placementOptions, ...nodeOptions },
  run: call => {
    const body = placementOf(call)
    if (Object.keys(body).length > 0) return print(call, 'PATCH', pathOf(call), body)
    throw new UsageError(say('没有要更正的内容', 'there is nothing to correct'))
  },
}

function turn(call: Call, step: 'suspend' | 'resume' | 'revoke') {
  const reason = call.given.text('reason')
  const successor = call.given.text('successor')
  if (reason === undefined) throw new UsageError(say('需要 --reason', '--reason is needed'))
  const body = { reason, ...(successor === undefined ? {} : { successor }) }
  return print(call, 'POST', `${pathOf(call)}:${step}`, body)
}

function pathOf({ arguments: [code = ''] }: Call): string {
  return `/v1/enterprises/${encodeURIComponent(code)}`
}

async function print(call: Call, method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown) {
  const enterprise = await withNode(call, node =>
    node.call<Enterprise>(method, path, body === undefined ? {} : { body }),
  )
  await call.write(call.isJson ? json(enterprise) : enterpriseText(call, enterprise))
  return exitCodes.ok
}

const texts = {
  code: say('企信码', 'code'),
  name: say('名称', 'name'),
  status: say('状态', 'status'),
  reason: say('原因', 'reason'),
  successor: say('继任', 'successor'),
  region: say('地区', 'region'),
  industry: say('行业', 'industry'),
  grade: say('等级', 'grade'),
} as const

function enterpriseText({ language }: Call, enterprise: Enterprise): string {
  const names = Object.keys(texts) as (keyof typeof texts)[]
  const facts = names.flatMap(name => {
    const value = enterprise[name] ?? null
    return value === null ? [] : [[texts[name][language], value]]
  })
  const { prefixes, basic = {} } = enterprise
  const parts = [
    table(facts),
    table(prefixes.map(({ system, prefix }) => [system, prefix])),
    table(Object.entries(basic).map(([name, value]) => [name, String(value)])),
  ]
  return parts.filter(part => part !== '').join('\n')
}
