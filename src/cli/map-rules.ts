import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { pathOf } from './map.ts'
import { json, table } from './print.ts'
import { readJsonFile } from './read-json-file.ts'

interface RuleView {
  readonly id: string
  readonly prefix: string
  readonly kind: string
  readonly from?: string
  readonly to?: string
  readonly rows?: readonly unknown[]
}

interface TestView {
  readonly asked: string
  readonly identifier: string
  readonly system: string
  readonly prefix: string
  readonly code: string | null
  readonly answer: { readonly rule: string; readonly identifier: string } | null
  readonly considered: readonly {
    readonly rule: string
    readonly kind: string
    readonly to: string | null
    readonly text: string | null
  }[]
}

export const mapRule: Command = {
  name: 'map rule',
  summary: say(
    '增加一条规则：由前缀下的标识得到记录',
    'add a rule that leads from identifiers under a prefix to records',
  ),
  arguments: [{ name: 'code' }, { name: 'prefix' }],
  options: {
    kind: {
      kind: 'text',
      value: 'KIND',
      help: say(
        'prefix（默认）、template、exact 或 table',
        'prefix (the default), template, exact or table',
      ),
    },
    from: {
      kind: 'text',
      value: 'TEXT',
      help: say('来源：标识、模板或前缀', 'an identifier, a template, or a prefix'),
    },
    to: { kind: 'text', value: 'TEXT', help: say('目标', 'where it leads') },
    rows: {
      kind: 'text',
      value: 'FILE',
      help: say('对照表：{"来源": "目标", …}', 'a table as a JSON object: {"from": "to", …}'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const { given, arguments: words } = call
    const [code, prefix] = words
    const kind = given.text('kind') ?? (given.has('rows') ? 'table' : 'prefix')
    const member = (name: 'from' | 'to') => {
      const value = given.text(name)
      return value === undefined ? {} : { [name]: value }
    }
    const file = given.text('rows')
    const body = {
      prefix,
      kind,
      ...member('from'),
      ...member('to'),
      ...(file === undefined ? {} : { rows: rowsOf(file, await readJsonFile(file)) }),
    }
    const rule = await withNode(call, node =>
      node.call<RuleView>('POST', pathOf(code, '/mapping-rules'), { body }),
    )
    await call.write(call.isJson ? json(rule) : ruleTable(call, [rule]))
    return exitCodes.ok
  },
}

export const mapRules: Command = {
  name: 'map rules',
  summary: say('列出主体各前缀的规则', 'list the rules of an enterprise’s prefixes'),
  arguments: [{ name: 'code' }],
  options: nodeOptions,
  async run(call) {
    const path = pathOf(call.arguments[0], '/mapping-rules')
    const { items } = await withNode(call, node =>
      node.call<{ items: readonly RuleView[] }>('GET', path),
    )
    await call.write(call.isJson ? json(items) : ruleTable(call, items))
    return exitCodes.ok
  },
}

export const mapUnrule: Command = {
  name: 'map unrule',
  summary: say('删除一条规则', 'take a rule away'),
  arguments: [{ name: 'code' }, { name: 'id' }],
  options: nodeOptions,
  async run(call) {
    const [code, id = ''] = call.arguments
    const path = pathOf(code, `/mapping-rules/${encodeURIComponent(id)}`)
    await withNode(call, node => node.call('DELETE', path))
    const done = say(`已删除 ${id}`, `removed ${id}`)[call.language]
    await call.write(call.isJson ? json({ id, removed: true }) : `${done}\n`)
    return exitCodes.ok
  },
}

export const mapTest: Command = {
  name: 'map test',
  summary: say(
    '说明哪条规则对一个标识作答，其余为何不作答',
    'say which rule answers an identifier, and why the others do not',
  ),
  arguments: [{ name: 'text' }],
  options: {
    system: {
      kind: 'text',
      value: 'SYSTEM',
      help: say('标识体系', 'identifier system, where the text could be of several'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const system = call.given.text('system')
    const body = { text: call.arguments[0], ...(system === undefined ? {} : { system }) }
    const found = await withNode(call, node =>
      node.call<TestView>('POST', '/v1/mapping:test', { body }),
    )
    await call.write(call.isJson ? json(found) : testText(call, found))
    return found.answer === null ? exitCodes.notFound : exitCodes.ok
  },
}

function rowsOf(file: string, content: Readonly<Record<string, unknown>>) {
  return Object.entries(content).map(([from, to]) => {
    if (typeof to === 'string') return { from, to }
    throw new UsageError(
      say(`${file} 中“${from}”的目标须为文本`, `${file}: "${from}" leads to no text`),
    )
  })
}

function ruleTable({ language }: Call, rules: readonly RuleView[]): string {
  const header = [
    say('编号', 'id'),
    say('前缀', 'prefix'),
    say('种类', 'kind'),
    say('来源', 'from'),
    say('目标', 'to'),
  ].map(text => text[language])
  const rowCount = (count: number) => say(`${count} 行`, `${count} rows`)[language]
  return table(
    rules.map(({ id, prefix, kind, from, to, rows }) => [
      id,
      prefix,
      kind,
      from ?? rowCount(rows?.length ?? 0),
      to ?? '',
    ]),
    header,
  )
}

function testText({ language }: Call, found: TestView): string {
  const facts = table([
    [say('标识', 'identifier')[language], `${found.system} ${found.identifier}`],
    [say('前缀', 'prefix')[language], found.prefix],
    [say('持有者', 'held by')[language], found.code ?? '-'],
    [say('作答', 'answer')[language], found.answer?.identifier ?? '-'],
  ])
  const answers = say('作答', 'answers')[language]
  const rules = table(
    found.considered.map(({ rule, kind, to, text }) => [
      `  ${rule}`,
      kind,
      to ?? '-',
      text ?? answers,
    ]),
  )
  return facts + rules
}
