import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type Node, startNode } from '../../src/node.ts'
import { readConfig } from '../../src/runtime/config.ts'
import { makeLog } from '../../src/runtime/log.ts'
import { aDataFolder, repositoryFolder } from './store.ts'

export interface NodeOptions {
  /** Over the defaults of a node on free loopback ports: `{ QXM_RATE_WRITE: '0' }`. */
  readonly env?: Readonly<Record<string, string>>
  readonly demo?: boolean
  /** Kept and reused by several nodes of a test; made and removed when absent. */
  readonly folder?: string
}

export interface RunningNode {
  /** `http://127.0.0.1:<port>`. */
  readonly http: string
  readonly ops: string
  /** An operator's API key. */
  readonly key: string
  readonly node: Node
  stop(): Promise<void>
}

/** A whole node in this process, on free ports, with an operator's key; ended with the test. */
export async function aNode(t: Test, options: NodeOptions = {}): Promise<RunningNode> {
  const folder = options.folder ?? (await aDataFolder(t))
  const key = `qxk_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('base64url')}`
  const { config } = readConfig({
    argv: options.demo ? ['--demo'] : [],
    env: {
      QXM_DATA_DIR: folder,
      QXM_HTTP_PORT: '0',
      QXM_OPS_PORT: '0',
      QXM_HANDLE_PORT: '0',
      QXM_LOG_LEVEL: process.env['QXM_TEST_LOG'] ?? 'fatal',
      QXM_BOOTSTRAP_KEY: key,
      QXM_NODE_LAMEDUCK_MS: '0',
      ...options.env,
    },
  })
  const log = makeLog({ level: config.log.level })
  const node = await startNode({ config, log, packageFolder: repositoryFolder })
  let isStopped = false

  async function stop(): Promise<void> {
    if (isStopped) return
    isStopped = true
    await node[Symbol.asyncDispose]()
  }
  t.teardown(stop)

  const { http, ops } = node.ready
  if (http === undefined || ops === undefined) throw new Error('the node opened no HTTP port')
  return { http, ops, key, node, stop }
}
