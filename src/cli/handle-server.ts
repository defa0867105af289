import { say } from '../model/text.ts'
import { type Call, type Options, UsageError } from './command.ts'
import { configOf, reachableHost } from './connect.ts'
import { reasonOf, Unreachable } from './node-client.ts'

/** The one Handle server that a command talks to. */
export const serverOption = {
  server: {
    kind: 'text',
    value: 'HOST:PORT',
    help: say('Handle 服务器，默认本节点', 'the Handle server, this node by default'),
  },
} as const satisfies Options

/** Like a person waits; one server over one transport. */
export const answerMsMax = 10_000

/** @throws UsageError */
export function placeOf(call: Call): { readonly address: string; readonly port: number } {
  const text = call.given.text('server')
  if (text === undefined) {
    const { config } = configOf(call)
    return { address: reachableHost(config.node.host[0]), port: config.handle.port }
  }
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const [address, port] = [match?.[1] ?? match?.[2], Number(match?.[3])]
  if (address !== undefined && port >= 1 && port <= 65_535) return { address, port }
  throw new UsageError(say('--server 须为 主机:端口', '--server is host:port'))
}

export function unreachable(where: string, cause: unknown): Unreachable {
  const why = reasonOf(cause)
  return new Unreachable(
    say(`${where} 没有可用的应答（${why}）`, `no usable answer from ${where} (${why})`),
    cause,
  )
}
