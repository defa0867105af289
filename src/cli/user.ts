import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { type NodeClient, ProblemError } from './node-client.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'

interface AccountView {
  readonly id: string
  readonly username: string
  readonly role: string
  readonly subject: string | null
  readonly state: string
}

interface SetupLink {
  readonly link: string
  readonly until: string
}

export const userCreate: Command = {
  name: 'user create',
  summary: say(
    '新建账户，给出设置链接',
    'make an account and the link by which a person sets it up',
  ),
  arguments: [{ name: 'username' }],
  options: {
    role: {
      kind: 'text',
      value: 'ROLE',
      help: say(
        '角色，如 reviewer、operator、enterprise',
        'such as reviewer, operator, enterprise',
      ),
    },
    subject: {
      kind: 'text',
      value: 'CODE',
      help: say('所代表主体的企信码', 'the code of the subject the person acts for'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const [username = ''] = call.arguments
    const role = call.given.text('role')
    if (role === undefined) throw new UsageError(say('需要 --role', '--role is needed'))
    const body = { username, role, subject: call.given.text('subject') ?? null }
    const { id, setup } = await withNode(call, node =>
      node.call<{ id: string; setup: SetupLink }>('POST', '/v1/accounts', { body }),
    )
    return printLink(call, setup, { id, username })
  },
}

export const userList: Command = {
  name: 'user list',
  summary: say('列出可登录的人', 'list who may log in'),
  options: nodeOptions,
  async run(call) {
    const { language, isJson, write } = call
    const accounts = await withNode(call, node => allOf<AccountView>(node, '/v1/accounts'))
    const header = [
      say('编号', 'id'),
      say('用户名', 'username'),
      say('角色', 'role'),
      say('主体', 'subject'),
      say('状态', 'state'),
    ].map(text => text[language])
    const rows = accounts.map(({ id, username, role, subject, state }) => [
      id,
      username,
      role,
      subject ?? '-',
      state,
    ])
    await write(isJson ? json(accounts) : table(rows, header))
    return exitCodes.ok
  },
}

export const userDisable: Command = {
  name: 'user disable',
  summary: say('停用账户，立即退出其登录', 'keep somebody out; their sessions end at once'),
  arguments: [{ name: 'username' }],
  options: nodeOptions,
  async run(call) {
    const [username = ''] = call.arguments
    const id = await withNode(call, async node => {
      const id = await idOf(call, node, username)
      await node.call('POST', `/v1/accounts/${id}:disable`)
      return id
    })
    const done = say(`已停用 ${username}`, `disabled ${username}`)[call.language]
    await call.write(call.isJson ? json({ id, username, disabled: true }) : `${done}\n`)
    return exitCodes.ok
  },
}

export const userReset: Command = {
  name: 'user reset',
  summary: say(
    '作废密码、验证器和登录，重新给出设置链接',
    'void password, second factor and sessions, and give a new setup link',
  ),
  arguments: [{ name: 'username' }],
  options: nodeOptions,
  async run(call) {
    const [username = ''] = call.arguments
    const { id, setup } = await withNode(call, async node => {
      const id = await idOf(call, node, username)
      return { id, setup: await node.call<SetupLink>('POST', `/v1/accounts/${id}:reset`) }
    })
    return printLink(call, setup, { id, username })
  },
}

export const userSetupLink: Command = {
  name: 'user setup-link',
  summary: say(
    '给出新的运维方设置链接，之前的作废',
    'give a new link by which somebody becomes an operator; the one before is void',
  ),
  options: nodeOptions,
  async run(call) {
    const setup = await withNode(call, node => node.call<SetupLink>('POST', '/v1/setup-links'))
    return printLink(call, setup, {})
  },
}

async function printLink(
  { language, isJson, write, remark }: Call,
  setup: SetupLink,
  whose: { readonly id?: string; readonly username?: string },
) {
  const { link, until } = setup
  await write(isJson ? json({ ...whose, setup }) : `${link}\n`)
  if (!isJson) {
    const once = say(
      `链接只能使用一次，有效至 ${until}；请只交给本人`,
      `the link works once, until ${until}; give it to that person only`,
    )
    remark(once[language])
  }
  return exitCodes.ok
}

async function idOf({ language }: Call, node: NodeClient, username: string): Promise<string> {
  const query = { username }
  const { items } = await node.call<{ items: readonly AccountView[] }>('GET', '/v1/accounts', {
    query,
  })
  const [account] = items
  if (account !== undefined) return account.id
  const detail = say(`没有用户“${username}”`, `there is no user "${username}"`)[language]
  throw new ProblemError({ status: 404, title: detail })
}
