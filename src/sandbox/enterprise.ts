import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeApiKey } from '../access/api-keys.ts'
import { type Node, startNode } from '../node.ts'
import { readConfig } from '../runtime/config.ts'
import { makeLog } from '../runtime/log.ts'
import { askNode, demandNode } from './ask-node.ts'

export interface EnterpriseParts {
  /** Its data folder. */
  readonly folder: string
  /** The prefix it hosts, which the node above delegates to it. */
  readonly prefix: string
  /** What it would have been allotted itself: of a node prefix that nobody else's is. */
  readonly ownPrefix: string
  /** 0: any free one. */
  readonly httpPort: string
  readonly handlePort: string
  readonly packageFolder: string
}

const equipment = [
  { suffix: 'PRESS-1', name: '示例冲压机 1', model: 'P-160' },
  { suffix: 'PRESS-2', name: '示例冲压机 2', model: 'P-250' },
] as const

/** An identifier that every enterprise node of the sandbox has below its prefix. */
export const exampleSuffix = equipment[0].suffix

/** A node of the same program that plays an enterprise's own, with two presses. */
export async function startEnterprise(parts: EnterpriseParts): Promise<Node> {
  const { folder, ownPrefix, httpPort, handlePort, packageFolder } = parts
  const key = await keyIn(folder)
  const { config } = readConfig({
    argv: [],
    env: {
      QXM_DATA_DIR: folder,
      QXM_NODE_PREFIX: ownPrefix,
      QXM_PREFIX: `${ownPrefix}.1`,
      QXM_HTTP_PORT: httpPort,
      QXM_HANDLE_PORT: handlePort,
      QXM_OPS_PORT: '0',
      QXM_LOG_LEVEL: 'warn',
      QXM_NODE_LAMEDUCK_MS: '0',
      QXM_BOOTSTRAP_KEY: key,
    },
  })
  const node = await startNode({ config, log: makeLog({ level: config.log.level }), packageFolder })
  try {
    await fill(parts, node.ready.http ?? '', key)
    return node
  } catch (error) {
    await node[Symbol.asyncDispose]()
    throw error
  }
}

/** The same at each start: a node that has seen it makes no second client of it. */
export async function keyIn(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'operator.key')
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch {
    const { text } = makeApiKey(randomBytes)
    await writeFile(file, `${text}\n`, { mode: 0o600 })
    return text
  }
}

async function fill({ prefix }: EnterpriseParts, url: string, key: string): Promise<void> {
  const made = await askNode({ url, key }, 'POST', '/v1/prefixes', { system: 'handle', prefix })
  // 409: from the start before.
  if (made.status !== 201 && made.status !== 409) throw new Error(JSON.stringify(made.body))
  for (const { suffix, name, model } of equipment) {
    const values = [
      { index: 1, type: 'NAME', data: name },
      { index: 2, type: 'MODEL', data: model },
    ]
    const path = `/v1/identifiers/${prefix}/${suffix}`
    await demandNode({ url, key }, 'PUT', path, { kind: 'equipment', values })
  }
}
