import { readFile } from 'node:fs/promises'
import { say } from '../model/text.ts'
import type { Call, Command } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'

interface GrantView {
  readonly id: string
  readonly source: string
  readonly prefixes: readonly string[]
  readonly tables: readonly string[]
  readonly rows: number
  readonly rowsUsed: number
  readonly exp: string
  readonly revokedAt: string | null
}

export const grantAdd: Command = {
  name: 'grant add',
  summary: say(
    '登记国家顶级节点签名的授权令',
    'add a grant that the top-level node has signed, so that it may import',
  ),
  arguments: [{ name: 'file' }],
  options: nodeOptions,
  async run(call) {
    const [file = ''] = call.arguments
    const grant = (await readFile(file, 'utf8')).trim()
    return show(call, 'POST', '/v1/grants', { grant })
  },
}

export const grantList: Command = {
  name: 'grant list',
  summary: say('列出授权令，含已撤销的', 'list the grants, revoked ones too'),
  options: nodeOptions,
  async run(call) {
    const grants = await withNode(call, node => allOf<GrantView>(node, '/v1/grants'))
    await call.write(call.isJson ? json(grants) : grantTable(call, grants))
    return exitCodes.ok
  },
}

export const grantRevoke: Command = {
  name: 'grant revoke',
  summary: say(
    '撤销授权令：不再据此导入，已导入的保留',
    'revoke a grant: nothing more comes in under it, and what came stays',
  ),
  arguments: [{ name: 'id' }],
  options: {
    reason: { kind: 'text', value: 'TEXT', help: say('原因', 'why') },
    ...nodeOptions,
  },
  run(call) {
    const [id = ''] = call.arguments
    const reason = call.given.text('reason')
    return show(call, 'DELETE', `/v1/grants/${encodeURIComponent(id)}`, undefined, { reason })
  },
}

async function show(
  call: Call,
  method: 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  query: Readonly<Record<string, string | undefined>> = {},
) {
  const grant = await withNode(call, node =>
    node.call<GrantView>(method, path, { query, ...(body === undefined ? {} : { body }) }),
  )
  await call.write(call.isJson ? json(grant) : grantTable(call, [grant]))
  return exitCodes.ok
}

function grantTable({ language }: Call, grants: readonly GrantView[]): string {
  const header = [
    say('编号', 'id'),
    say('来源', 'source'),
    say('前缀', 'prefixes'),
    say('表', 'tables'),
    say('行数', 'rows'),
    say('到期', 'ends'),
    say('撤销', 'revoked'),
  ]
  const rows = grants.map(
    ({ id, source, prefixes, tables, rows: max, rowsUsed, exp, revokedAt }) => [
      id,
      source,
      prefixes.join(' '),
      tables.join(' '),
      `${rowsUsed}/${max}`,
      exp,
      revokedAt ?? '',
    ],
  )
  return table([header.map(text => text[language]), ...rows])
}
