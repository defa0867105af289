import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'

interface MandateView {
  readonly id: string
  readonly state: string
  readonly agent: string
  readonly name: string
  readonly scope: readonly string[]
  readonly until: string
  readonly document: string | null
  readonly claimant: string | null
}

export const mandateNew: Command = {
  name: 'mandate new',
  summary: say(
    '代理人提出委托，经企业或审核员确认后生效',
    'say whom one is to file for; it holds once it is confirmed',
  ),
  options: {
    uscc: {
      kind: 'text',
      value: 'USCC',
      help: say('企业的统一社会信用代码', 'the credit code of the enterprise'),
    },
    name: { kind: 'text', value: 'NAME', help: say('企业名称', 'the name of the enterprise') },
    scope: {
      kind: 'texts',
      value: 'code|change',
      help: say('委托事项，可重复，默认两者', 'what it is for, repeatable; both by default'),
    },
    until: {
      kind: 'text',
      value: 'INSTANT',
      help: say('到期时刻（RFC 3339）', 'when it ends (RFC 3339)'),
    },
    document: {
      kind: 'text',
      value: 'ID',
      help: say('委托书文件的编号', 'the id of the signed document'),
    },
    ...nodeOptions,
  },
  run({ given, ...call }) {
    const [uscc, name, until] = ['uscc', 'name', 'until'].map(option => given.text(option))
    if (uscc === undefined || name === undefined || until === undefined) {
      throw new UsageError(
        say('需要 --uscc、--name 和 --until', '--uscc, --name and --until are needed'),
      )
    }
    const document = given.text('document')
    const scope = given.has('scope') ? given.texts('scope') : ['code', 'change']
    const body = { uscc, name, until, scope, ...(document === undefined ? {} : { document }) }
    return print({ given, ...call }, 'POST', '/v1/mandates', body)
  },
}

export const mandateList: Command = {
  name: 'mandate list',
  summary: say('列出与自己有关的委托', 'list the mandates one is a party to'),
  options: nodeOptions,
  async run(call) {
    const { isJson, write } = call
    const found = await withNode(call, node => allOf<MandateView>(node, '/v1/mandates'))
    await write(isJson ? json(found) : mandateTable(call, found))
    return exitCodes.ok
  },
}

export const mandateConfirm: Command = {
  name: 'mandate confirm',
  summary: say(
    '确认委托：企业出示信用代码，或由审核员确认',
    'confirm a mandate: the enterprise with its credit code, or a reviewer',
  ),
  arguments: [{ name: 'id' }],
  options: {
    uscc: {
      kind: 'text',
      value: 'USCC',
      help: say('企业自己的统一社会信用代码', "the enterprise's own credit code"),
    },
    ...nodeOptions,
  },
  run(call) {
    const uscc = call.given.text('uscc')
    return print(call, 'POST', `${pathOf(call)}:confirm`, uscc === undefined ? {} : { uscc })
  },
}

export const mandateEnd: Command = {
  name: 'mandate end',
  summary: say('终止委托，不可恢复', 'end a mandate, for good'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => print(call, 'POST', `${pathOf(call)}:end`),
}

function pathOf({ arguments: [id = ''] }: Call): string {
  return `/v1/mandates/${encodeURIComponent(id)}`
}

async function print(call: Call, method: 'POST', path: string, body?: unknown) {
  const mandate = await withNode(call, node =>
    node.call<MandateView>(method, path, body === undefined ? {} : { body }),
  )
  await call.write(call.isJson ? json(mandate) : mandateTable(call, [mandate]))
  return exitCodes.ok
}

function mandateTable({ language }: Call, mandates: readonly MandateView[]): string {
  const header = [
    say('编号', 'id'),
    say('状态', 'state'),
    say('代理人', 'agent'),
    say('企业的凭证', "the enterprise's client"),
    say('事项', 'scope'),
    say('到期', 'until'),
    say('企业', 'enterprise'),
  ].map(text => text[language])
  return table(
    mandates.map(({ id, state, agent, claimant, scope, until, name }) => [
      id,
      state,
      agent,
      claimant ?? '-',
      scope.join(' '),
      until,
      name,
    ]),
    header,
  )
}
