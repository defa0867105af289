import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'
import { readPublicKeys, readThumbprint } from './read-proofs.ts'

interface ClientView {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly subject: string | null
  readonly prefixes: readonly string[]
  readonly cidrs: readonly string[]
  readonly until: string | null
  readonly apiKey: boolean
  readonly jwks: { readonly keys: readonly unknown[] }
  readonly certificates: readonly string[]
  readonly revokedAt: string | null
}

export const clientCreate: Command = {
  name: 'client create',
  summary: say('新建机器凭证，密钥只显示一次', 'make a credential; its key is shown once'),
  options: {
    name: { kind: 'text', value: 'NAME', help: say('名称', 'what it is for') },
    role: {
      kind: 'text',
      value: 'ROLE',
      help: say('角色，如 enterprise、agent、operator', 'such as enterprise, agent, operator'),
    },
    subject: {
      kind: 'text',
      value: 'CODE',
      help: say('所代表主体的企信码', 'the code of the subject it acts for'),
    },
    prefix: {
      kind: 'texts',
      value: 'PREFIX',
      help: say('可写的前缀，可重复', 'a prefix it may write under, repeatable'),
    },
    cidr: {
      kind: 'texts',
      value: 'CIDR',
      help: say('可从何处使用，可重复', 'where it may be used from, repeatable'),
    },
    until: {
      kind: 'text',
      value: 'INSTANT',
      help: say('到期时刻（RFC 3339）', 'when it ends (RFC 3339)'),
    },
    jwk: {
      kind: 'texts',
      value: 'FILE',
      help: say(
        '用以自证的公钥（JWK、JWK 集或 PEM），可重复',
        'a public key it proves itself with (JWK, JWK set or PEM), repeatable',
      ),
    },
    certificate: {
      kind: 'texts',
      value: 'FILE',
      help: say(
        '用以自证的证书（PEM），可重复',
        'a certificate it proves itself with (PEM), repeatable',
      ),
    },
    'api-key': {
      kind: 'flag',
      help: say('另给一个 API 密钥', 'gives it an API key beside these'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const { given, language, isJson, write } = call
    const name = given.text('name')
    const role = given.text('role')
    if (name === undefined || role === undefined) {
      throw new UsageError(say('需要 --name 和 --role', '--name and --role are needed'))
    }
    const body = {
      name,
      role,
      subject: given.text('subject') ?? null,
      prefixes: given.texts('prefix'),
      cidrs: given.texts('cidr'),
      until: given.text('until') ?? null,
      ...(await proofsOf(call)),
    }
    const made = await withNode(call, node =>
      node.call<{ id: string; key: string | null }>('POST', '/v1/clients', { body }),
    )
    const rows = [
      [say('编号', 'id')[language], made.id],
      [say('密钥', 'key')[language], made.key ?? '-'],
    ]
    await write(isJson ? json(made) : table(rows))
    if (!isJson && made.key !== null) call.remark(keepIt[language])
    return exitCodes.ok
  },
}

/** What it proves itself with instead of a secret that travels. */
async function proofsOf({ given }: Call) {
  const keys = (await Promise.all(given.texts('jwk').map(readPublicKeys))).flat()
  const certificates = await Promise.all(given.texts('certificate').map(readThumbprint))
  return {
    ...(keys.length > 0 && { jwks: { keys } }),
    ...(certificates.length > 0 && { certificates }),
    ...(given.has('api-key') && { apiKey: true }),
  }
}

const keepIt = say('请妥善保存密钥：它不会再次显示', 'keep the key: it is not shown again')

export const clientList: Command = {
  name: 'client list',
  summary: say('列出机器凭证', 'list the credentials there are'),
  options: nodeOptions,
  async run(call) {
    const { language, isJson, write } = call
    const clients = await withNode(call, node => allOf<ClientView>(node, '/v1/clients'))
    const header = [
      say('编号', 'id'),
      say('角色', 'role'),
      say('名称', 'name'),
      say('主体', 'subject'),
      say('前缀', 'prefixes'),
      say('网段', 'networks'),
      say('凭据', 'proves itself by'),
      say('到期', 'until'),
      say('吊销', 'revoked'),
    ].map(text => text[language])
    await write(isJson ? json(clients) : table(clients.map(rowOf), header))
    return exitCodes.ok
  },
}

function rowOf(client: ClientView) {
  const { id, role, name, subject, prefixes, cidrs, until, revokedAt } = client
  const proofs = [
    ...(client.apiKey ? ['key'] : []),
    ...(client.jwks.keys.length > 0 ? ['jwk'] : []),
    ...(client.certificates.length > 0 ? ['certificate'] : []),
  ]
  const list = (texts: readonly string[]) => (texts.length === 0 ? '-' : texts.join(' '))
  return [
    id,
    role,
    name,
    subject ?? '-',
    list(prefixes),
    list(cidrs),
    list(proofs),
    until ?? '-',
    revokedAt ?? '-',
  ]
}

export const clientRevoke: Command = {
  name: 'client revoke',
  summary: say('吊销机器凭证，不可恢复', 'revoke a credential, for good'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  async run(call) {
    const [id = ''] = call.arguments
    await withNode(call, node => node.call('DELETE', `/v1/clients/${encodeURIComponent(id)}`))
    const done = say(`已吊销 ${id}`, `revoked ${id}`)[call.language]
    await call.write(call.isJson ? json({ id, revoked: true }) : `${done}\n`)
    return exitCodes.ok
  },
}
