import { say } from '../model/text.ts'
import { type Call, type Command, type Options, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'

interface PrefixView {
  readonly system: string
  readonly prefix: string
  readonly owner: string | null
  readonly state: string
  readonly served: string
  readonly sites: readonly { readonly address: string; readonly url?: string }[]
  readonly serial: number
}

interface PrefixStory extends PrefixView {
  readonly history: readonly {
    readonly code: string | null
    readonly from: string
    readonly to: string | null
    readonly by: string | null
    readonly confidence: string
  }[]
}

const systemOption = {
  kind: 'text',
  value: 'SYSTEM',
  help: say('标识体系，默认 handle', 'identifier system, handle by default'),
} as const

/** What may be said about a prefix, when it is created as when it is changed. */
const memberOptions = {
  owner: {
    kind: 'text',
    value: 'CODE',
    help: say('所属主体的企信码，none 为无', "the owner's code, or none"),
  },
  state: {
    kind: 'text',
    value: 'STATE',
    help: say('awaiting、enabled 或 disabled', 'awaiting, enabled or disabled'),
  },
  site: {
    kind: 'texts',
    value: 'JSON',
    help: say(
      '委托的站点 {"address","protocols","url"}，可重复',
      'a site it is delegated to, {"address","protocols","url"}, repeatable',
    ),
  },
  for: {
    kind: 'texts',
    value: 'USE',
    help: say('用途 product、equipment，可重复', 'product or equipment, repeatable'),
  },
} as const satisfies Options

/** Of whoever decides about a prefix that overlaps with others'. */
export const despiteOption = {
  despite: {
    kind: 'texts',
    value: 'PREFIX',
    help: say(
      '已知与之重叠的他人前缀，可重复',
      'a prefix of others that overlaps, seen and decided so; repeatable',
    ),
  },
} as const satisfies Options

export const prefixList: Command = {
  name: 'prefix list',
  summary: say('列出本节点所知的前缀', 'list the prefixes this node knows'),
  options: { system: systemOption, ...nodeOptions },
  async run(call) {
    const { given, isJson, write } = call
    const query = { system: given.text('system') }
    const prefixes = await withNode(call, node => allOf<PrefixView>(node, '/v1/prefixes', query))
    await write(isJson ? json(prefixes) : prefixTable(call, prefixes))
    return exitCodes.ok
  },
}

export const prefixCreate: Command = {
  name: 'prefix create',
  summary: say('分配或登记一个前缀', 'allot or take in a prefix'),
  arguments: [{ name: 'prefix' }],
  options: { system: systemOption, ...memberOptions, ...despiteOption, ...nodeOptions },
  async run(call) {
    const { given, arguments: words } = call
    const system = given.text('system')
    const body = { prefix: words[0], ...(system && { system }), ...membersOf(call) }
    const made = await withNode(call, node =>
      node.call<PrefixView>('POST', '/v1/prefixes', { body }),
    )
    await call.write(call.isJson ? json(made) : prefixTable(call, [made]))
    return exitCodes.ok
  },
}

export const prefixChange: Command = {
  name: 'prefix change',
  summary: say(
    '修改前缀，如移交给新主体',
    'change a prefix; a new owner takes it over in one step',
  ),
  arguments: [{ name: 'prefix' }],
  options: { ...memberOptions, ...despiteOption, ...nodeOptions },
  async run(call) {
    const body = membersOf(call)
    if (Object.keys(body).length === 0) {
      throw new UsageError(say('没有要修改的内容', 'there is nothing to change'))
    }
    return changePrefix(call, call.arguments[0] ?? '', body)
  },
}

export const prefixShow: Command = {
  name: 'prefix show',
  summary: say('显示一个前缀及其历任持有者', 'show a prefix, and who has held it'),
  arguments: [{ name: 'prefix' }],
  options: nodeOptions,
  async run(call) {
    const path = `/v1/prefixes/${encodeURIComponent(call.arguments[0] ?? '')}`
    const found = await withNode(call, node => node.call<PrefixStory>('GET', path))
    await call.write(
      call.isJson ? json(found) : prefixTable(call, [found]) + historyTable(call, found.history),
    )
    return exitCodes.ok
  },
}

/** Changes members of a prefix and shows it. */
export async function changePrefix(
  call: Call,
  prefix: string,
  body: Readonly<Record<string, unknown>>,
): Promise<typeof exitCodes.ok> {
  const path = `/v1/prefixes/${encodeURIComponent(prefix)}`
  const changed = await withNode(call, node => node.call<PrefixView>('PATCH', path, { body }))
  await call.write(call.isJson ? json(changed) : prefixTable(call, [changed]))
  return exitCodes.ok
}

function membersOf({ given }: Call): Readonly<Record<string, unknown>> {
  const owner = given.text('owner')
  const state = given.text('state')
  const sites = given.texts('site').map(parseSite)
  const uses = given.texts('for')
  const despite = given.texts('despite')
  return {
    ...(owner === undefined ? {} : { owner: owner === 'none' ? null : owner }),
    ...(state === undefined ? {} : { state }),
    ...(sites.length === 0 ? {} : { served: 'delegated', sites }),
    ...(uses.length === 0 ? {} : { for: uses }),
    ...(despite.length === 0 ? {} : { despite }),
  }
}

/** @throws UsageError */
export function parseSite(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(say('--site 须为 JSON', '--site is JSON'))
  }
}

function prefixTable({ language }: Call, prefixes: readonly PrefixView[]): string {
  const header = [
    say('体系', 'system'),
    say('前缀', 'prefix'),
    say('状态', 'state'),
    say('服务', 'served'),
    say('主体', 'owner'),
    say('站点', 'sites'),
  ].map(text => text[language])
  return table(
    prefixes.map(({ system, prefix, state, served, owner, sites }) => [
      system,
      prefix,
      state,
      served,
      owner ?? '-',
      sites.map(({ url, address }) => url ?? address).join(' ') || '-',
    ]),
    header,
  )
}

function historyTable({ language }: Call, history: PrefixStory['history']): string {
  const header = [
    say('自', 'from'),
    say('至', 'to'),
    say('持有者', 'held by'),
    say('决定者', 'decided by'),
    say('依据', 'confidence'),
  ].map(text => text[language])
  if (history.length === 0) return ''
  const rows = history.map(({ from, to, code, by, confidence }) => [
    from,
    to ?? '-',
    code ?? '-',
    by ?? '-',
    confidence,
  ])
  return `\n${table(rows, header)}`
}
