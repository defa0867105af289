import { say } from '../model/text.ts'
import type { Site } from '../model/value.ts'
import type { Command } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'

export const site: Command = {
  name: 'site',
  summary: say('显示本节点的站点记录', "show the node's site record, as its parent needs it"),
  options: nodeOptions,
  async run(call) {
    const { isJson, language, write } = call
    const { site: found } = await withNode(call, node =>
      node.call<{ site: Site }>('GET', '/api/site'),
    )
    await write(isJson ? json(found) : siteText(found, name => texts[name][language]))
    return exitCodes.ok
  },
}

const texts = {
  description: say('说明', 'description'),
  serial: say('序列号', 'serial number'),
  protocol: say('协议版本', 'protocol version'),
  key: say('公钥', 'public key'),
  server: say('服务器', 'server'),
  address: say('地址', 'address'),
  interfaces: say('接口', 'interfaces'),
  query: say('解析', 'resolution'),
  admin: say('管理', 'administration'),
} as const

function siteText(found: Site, text: (name: keyof typeof texts) => string): string {
  const { serialNumber, protocolVersion, attributes, servers } = found
  const uses = { query: text('query'), admin: text('admin') }
  const rows = servers.flatMap(({ serverId, address, interfaces }) =>
    interfaces.map(({ protocol, port, query, admin }) => [
      String(serverId),
      address,
      `${protocol} ${port}`,
      [query && uses.query, admin && uses.admin].filter(Boolean).join(', '),
    ]),
  )
  const facts = [
    [text('serial'), String(serialNumber)],
    [text('protocol'), protocolVersion],
    ...attributes.map(({ name, value }) => [name === 'desc' ? text('description') : name, value]),
    ...servers.flatMap(({ publicKey }) =>
      publicKey === undefined ? [] : [[text('key'), JSON.stringify(publicKey.value)]],
    ),
  ]
  return `${table(facts)}\n${table(rows, [text('server'), text('address'), text('interfaces'), ''])}`
}
