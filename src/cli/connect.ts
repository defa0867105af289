import { access, constants } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { adminSocketName, isAlive } from '../assembly/admin-socket.ts'
import { say } from '../model/text.ts'
import { type Config, plainHttpHosts, readConfig } from '../runtime/config.ts'
import { hostAndPort } from '../runtime/ready.ts'
import { withSocketPath } from '../storage/postgres/socket-path.ts'
import { type Call, type Options, UsageError } from './command.ts'
import { type NodeAddress, type NodeClient, openNodeClient } from './node-client.ts'

/** Which configuration is meant: what finds the data folder and the store. */
export const configOptions = {
  config: {
    kind: 'text',
    value: 'FILE',
    help: say('配置文件（QXM_CONFIG）', 'the configuration file (QXM_CONFIG)'),
  },
  set: {
    kind: 'texts',
    value: 'KEY=VALUE',
    help: say('设置一个配置项，可重复', 'sets one key of the configuration, repeatable'),
  },
} as const satisfies Options

/** Options of every command that asks a running node. */
export const nodeOptions = {
  url: {
    kind: 'text',
    value: 'URL',
    help: say('节点的地址（QXM_URL）', 'where the node is (QXM_URL)'),
  },
  ...configOptions,
} as const satisfies Options

/** The configuration as a node started here with the same options would read it. @throws ConfigError */
export function configOf({ given, env, packageFolder }: Call) {
  const argv = [
    ...given.texts('config').map(file => `--config=${file}`),
    ...given.texts('set').map(setting => `--set=${setting}`),
  ]
  return readConfig({ argv, env, file: defaultConfigFile(packageFolder) })
}

export function defaultConfigFile(packageFolder: string): string {
  return join(packageFolder, 'conf', 'node.toml')
}

/**
 * Asks a running node: at the URL and with the key that were given; without either through the socket in the data
 * folder, as operator; where there is none, at the plain port as anyone.
 */
export async function withNode<Result>(
  call: Call,
  use: (node: NodeClient) => Promise<Result>,
): Promise<Result> {
  const url = urlOf(call)
  const key = call.env['QXM_KEY'] || undefined
  if (url !== undefined) return useClient(call, { kind: 'url', url: checked(url), key }, use)

  const { config } = configOf(call)
  const folder = config.store.dataDir
  if (key === undefined && (await mayOpen(folder)) && (await isAlive(folder))) {
    return withSocketPath(folder, adminSocketName, path =>
      useClient(call, { kind: 'socket', path, user: userName() }, use),
    )
  }
  return useClient(call, { kind: 'url', url: plainUrl(config), key }, use)
}

/** Whether a node was named or one runs here: a command that opens the store itself does so only where there is none. */
export async function hasNode(call: Call): Promise<boolean> {
  if (urlOf(call) !== undefined || call.env['QXM_KEY']) return true
  return isAlive(configOf(call).config.store.dataDir)
}

/** Where the node was said to be. */
export function urlOf({ given, env }: Call): string | undefined {
  return given.text('url') ?? (env['QXM_URL'] || undefined)
}

/** Another user of the machine is anyone. */
function mayOpen(folder: string): Promise<boolean> {
  return access(join(folder, adminSocketName), constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
}

async function useClient<Result>(
  { language }: Call,
  address: NodeAddress,
  use: (node: NodeClient) => Promise<Result>,
): Promise<Result> {
  const client = openNodeClient(address, language)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

function checked(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin
  throw new UsageError(say(`“${text}”不是 http 或 https 网址`, `"${text}" is no http or https URL`))
}

/** The node's first listener, as seen from its own machine. */
export function plainUrl(config: Config): string {
  return `http://${hostAndPort(reachableHost(plainHttpHosts(config)[0]), config.http.port)}`
}

/** A host that is listened on, as its own machine reaches it. */
export function reachableHost(host = '127.0.0.1'): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
}

/** A user id without a name, as in some containers, is a name too. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}
