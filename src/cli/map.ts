import { say } from '../model/text.ts'
import { type Call, type Command, type Options, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { changePrefix, despiteOption, parseSite } from './prefix.ts'
import { json, table } from './print.ts'

interface ConflictView {
  readonly kind: string
  readonly key: string
  readonly code: string | null
  readonly state: string
  readonly confidence: string
}

interface HoldingView {
  readonly id: string
  readonly code: string | null
  readonly system: string
  readonly prefix: string
  readonly for: readonly string[]
  readonly state: string
  readonly confidence: string
  readonly validFrom: string | null
  readonly validTo: string | null
  readonly conflicts?: readonly ConflictView[]
}

export const mapAdd: Command = {
  name: 'map add',
  summary: say(
    '为主体登记前缀；省略前缀即申请由本节点分配一个；企业的申请须经审核',
    'claim a prefix for an enterprise; without one the node is asked to allot it',
  ),
  arguments: [{ name: 'code' }, { name: 'prefix', isOptional: true }],
  options: {
    system: {
      kind: 'text',
      value: 'SYSTEM',
      help: say('标识体系，默认 handle', 'identifier system, handle by default'),
    },
    for: {
      kind: 'texts',
      value: 'USE',
      help: say('用途 product、equipment，可重复', 'product or equipment, repeatable'),
    },
    site: { kind: 'text', value: 'TEXT', help: say('工厂或分支', 'the plant or branch it is for') },
    contact: { kind: 'text', value: 'TEXT', help: say('联系方式', 'who looks after it') },
    served: {
      kind: 'texts',
      value: 'JSON',
      help: say(
        '提供服务的站点 {"address","protocols","url"}，可重复；默认本节点',
        'a site that serves it, {"address","protocols","url"}, repeatable; this node by default',
      ),
    },
    from: { kind: 'text', value: 'INSTANT', help: say('生效时刻', 'when it begins (RFC 3339)') },
    to: { kind: 'text', value: 'INSTANT', help: say('失效时刻', 'when it ends (RFC 3339)') },
    evidence: {
      kind: 'texts',
      value: 'KIND:WHAT',
      help: say(
        '证明：document:文件编号、proof:证明编号、registry:登记库，可重复',
        'document:<file>, proof:<id> or registry:<name>, repeatable',
      ),
    },
    note: { kind: 'text', value: 'TEXT', help: say('给审核员的说明', 'a word to who decides') },
    ...despiteOption,
    ...nodeOptions,
  },
  async run(call) {
    const { given, arguments: words } = call
    const text = (name: string, member = name) => {
      const value = given.text(name)
      return value === undefined ? {} : { [member]: value }
    }
    const list = (name: string, member: string, values: readonly unknown[]) =>
      given.has(name) ? { [member]: values } : {}
    const body = {
      ...(words[1] === undefined ? {} : { prefix: words[1] }),
      ...text('system'),
      ...text('site'),
      ...text('contact'),
      ...text('from', 'validFrom'),
      ...text('to', 'validTo'),
      ...text('note'),
      ...list('for', 'for', given.texts('for')),
      ...list('served', 'sites', given.texts('served').map(parseSite)),
      ...list('evidence', 'evidence', given.texts('evidence').map(parseEvidence)),
      ...list('despite', 'despite', given.texts('despite')),
    }
    return showOne(call, 'POST', pathOf(words[0], '/prefixes'), body)
  },
}

export const mapList: Command = {
  name: 'map list',
  summary: say('列出主体持有与申请的前缀', 'list the prefixes an enterprise holds and claims'),
  arguments: [{ name: 'code' }],
  options: {
    state: {
      kind: 'texts',
      value: 'STATE',
      help: say(
        'awaiting、planned、active、ended、refused、withdrawn，可重复',
        'awaiting, planned, active, ended, refused or withdrawn, repeatable',
      ),
    },
    ...nodeOptions,
  },
  async run(call) {
    const query = { state: call.given.texts('state') }
    const path = pathOf(call.arguments[0], '/prefixes')
    const holdings = await withNode(call, node => allOf<HoldingView>(node, path, query))
    await call.write(call.isJson ? json(holdings) : holdingTable(call, holdings))
    return exitCodes.ok
  },
}

export const mapRemove: Command = {
  name: 'map remove',
  summary: say('撤回申请，或放弃前缀', 'take a claim back, or give a prefix up'),
  arguments: [{ name: 'code' }, { name: 'id' }],
  options: nodeOptions,
  run: call => {
    const [code, id = ''] = call.arguments
    return showOne(call, 'DELETE', pathOf(code, `/prefixes/${encodeURIComponent(id)}`))
  },
}

export const mapConflicts: Command = {
  name: 'map conflicts',
  summary: say(
    '列出与他人前缀冲突的申请，及冲突双方',
    'list the claims that overlap with what others hold, with both sides',
  ),
  options: {
    all: { kind: 'flag', help: say('所有待决申请', 'every claim that waits') },
    ...nodeOptions,
  },
  async run(call) {
    const query = call.given.has('all') ? {} : { contested: '1' }
    const claims = await withNode(call, node =>
      allOf<HoldingView>(node, '/v1/mapping/claims', query),
    )
    await call.write(call.isJson ? json(claims) : conflictTable(call, claims))
    return exitCodes.ok
  },
}

const decisionOptions = {
  comment: { kind: 'text', value: 'TEXT', help: say('给申请方的说明', 'a word to who claimed it') },
  ...nodeOptions,
} as const satisfies Options

export const mapApprove: Command = {
  name: 'map approve',
  summary: say(
    '批准申请；有冲突时须用 --despite 逐一列出',
    'approve a claim; where others are in the way, each is named by --despite',
  ),
  arguments: [{ name: 'id' }],
  options: {
    prefix: {
      kind: 'text',
      value: 'PREFIX',
      help: say('改为分配此前缀', 'the prefix to allot instead of the one proposed'),
    },
    ...despiteOption,
    ...decisionOptions,
  },
  run: call => decide(call, 'approve'),
}

export const mapRefuse: Command = {
  name: 'map refuse',
  summary: say('拒绝申请', 'refuse a claim'),
  arguments: [{ name: 'id' }],
  options: decisionOptions,
  run: call => decide(call, 'refuse'),
}

export const mapTransfer: Command = {
  name: 'map transfer',
  summary: say(
    '将前缀移交给另一主体：一步完成，旧标识继续可解析',
    'hand a prefix over in one step; what is under it resolves on',
  ),
  arguments: [{ name: 'prefix' }, { name: 'code' }],
  options: { ...despiteOption, ...nodeOptions },
  run: call => {
    const [prefix = '', owner] = call.arguments
    const despite = call.given.texts('despite')
    return changePrefix(call, prefix, { owner, ...(despite.length > 0 ? { despite } : {}) })
  },
}

export const mapAlias: Command = {
  name: 'map alias',
  summary: say(
    '决定无人持有其前缀的别名是否指向记录',
    'let an alias lead while nobody holds its prefix, or take that back',
  ),
  arguments: [{ name: 'identifier' }, { name: 'alias' }],
  options: {
    standing: {
      kind: 'text',
      value: 'STANDING',
      help: say(
        'released、granted 或 claimed，默认 released',
        'released, granted or claimed; released by default',
      ),
    },
    ...nodeOptions,
  },
  async run(call) {
    const [identifier, alias] = call.arguments
    const standing = call.given.text('standing') ?? 'released'
    const body = { identifier, alias, standing }
    const record = await withNode(call, node =>
      node.call<AliasesView>('PATCH', '/v1/mapping/aliases', { body }),
    )
    const rows = record.aliases.map(each => [each.system, each.identifier, each.standing])
    await call.write(call.isJson ? json(record) : table(rows))
    return exitCodes.ok
  },
}

interface AliasesView {
  readonly aliases: readonly {
    readonly system: string
    readonly identifier: string
    readonly standing: string
  }[]
}

function decide(call: Call, decision: 'approve' | 'refuse') {
  const { given, arguments: words } = call
  const comment = given.text('comment')
  const prefix = given.text('prefix')
  const despite = given.texts('despite')
  return showOne(call, 'POST', `/v1/mapping/claims/${encodeURIComponent(words[0] ?? '')}:decide`, {
    decision,
    ...(comment === undefined ? {} : { comment }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(despite.length > 0 ? { despite } : {}),
  })
}

async function showOne(
  call: Call,
  method: 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<typeof exitCodes.ok> {
  const holding = await withNode(call, node =>
    node.call<HoldingView>(method, path, body === undefined ? {} : { body }),
  )
  await call.write(call.isJson ? json(holding) : holdingTable(call, [holding]))
  return exitCodes.ok
}

/** @param code in any spelling */
export function pathOf(code: string | undefined, below: string): string {
  return `/v1/enterprises/${encodeURIComponent(code ?? '')}${below}`
}

const evidenceKinds = ['document', 'proof', 'registry']

function parseEvidence(text: string): object {
  const colon = text.indexOf(':')
  const [kind, what] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  if (!evidenceKinds.includes(kind) || what === '') {
    throw new UsageError(
      say(
        `--evidence 须为 document:、proof: 或 registry: 加内容：“${text}”`,
        `--evidence is document:, proof: or registry: and what: "${text}"`,
      ),
    )
  }
  return kind === 'registry' ? { kind, name: what } : { kind, id: what }
}

function holdingTable({ language }: Call, holdings: readonly HoldingView[]): string {
  const header = [
    say('编号', 'id'),
    say('体系', 'system'),
    say('前缀', 'prefix'),
    say('状态', 'state'),
    say('用途', 'for'),
    say('依据', 'confidence'),
    say('生效', 'from'),
    say('失效', 'to'),
  ].map(text => text[language])
  return table(
    holdings.map(({ id, system, prefix, state, for: uses, confidence, validFrom, validTo }) => [
      id,
      system,
      prefix,
      state,
      uses.join(' ') || '-',
      confidence,
      validFrom ?? '-',
      validTo ?? '-',
    ]),
    header,
  )
}

/** One line for each side that is in the way; a claim without any has one line too. */
function conflictTable({ language }: Call, claims: readonly HoldingView[]): string {
  const header = [
    say('申请', 'claim'),
    say('前缀', 'prefix'),
    say('申请方', 'claimed by'),
    say('依据', 'confidence'),
    say('冲突', 'conflict'),
    say('对方前缀', 'with'),
    say('持有者', 'held by'),
    say('对方依据', 'confidence'),
  ].map(text => text[language])
  const nothing = { kind: '-', key: '-', code: null, confidence: '-' }
  return table(
    claims.flatMap(({ id, system, prefix, code, confidence, conflicts = [] }) =>
      (conflicts.length > 0 ? conflicts : [nothing]).map(other => [
        id,
        system === 'handle' ? prefix : `${system}:${prefix}`,
        code ?? '-',
        confidence,
        other.kind,
        other.key,
        other.code ?? '-',
        other.confidence,
      ]),
    ),
    header,
  )
}
