import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeApiKey } from '../access/api-keys.ts'
import { say } from '../model/text.ts'
import { readConfig } from '../runtime/config.ts'
import { makeLog } from '../runtime/log.ts'
import { readyLine } from '../runtime/ready.ts'
import type { Call, Command } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { makeLife } from './life.ts'
import { openNodeClient } from './node-client.ts'

/** The prefix that the demo delegates, and where it says that this is served. */
const byDefault = { prefix: '88.118.9', httpPort: '8001', handlePort: '2642' } as const
/** What the enterprise node would have been allotted itself: of a node prefix that is not the demo's. */
const ownPrefix = '88.119'
const closeMsMax = 10_000

const equipment = [
  { suffix: 'PRESS-1', name: '示例冲压机 1', model: 'P-160' },
  { suffix: 'PRESS-2', name: '示例冲压机 2', model: 'P-250' },
] as const

/** A node of the same program that plays an enterprise's own, for who tries delegation, push and pull. */
export const sandboxEnterprise: Command = {
  name: 'sandbox enterprise',
  summary: say(
    '运行一个练习用的企业节点，演示节点把 88.118.9 委托给它',
    'run an enterprise node to practise with: the demo delegates 88.118.9 to it',
  ),
  options: {
    prefix: {
      kind: 'text',
      value: 'PREFIX',
      help: say(
        `它托管的前缀，默认 ${byDefault.prefix}`,
        `the prefix it hosts, ${byDefault.prefix} by default`,
      ),
    },
    'http-port': {
      kind: 'text',
      value: 'PORT',
      help: say(`默认 ${byDefault.httpPort}`, `${byDefault.httpPort} by default`),
    },
    'handle-port': {
      kind: 'text',
      value: 'PORT',
      help: say(`默认 ${byDefault.handlePort}`, `${byDefault.handlePort} by default`),
    },
    ...configOptions,
  },
  async run(call) {
    const { given, packageFolder, language } = call
    const prefix = given.text('prefix') ?? byDefault.prefix
    const folder = join(configOf(call).config.store.dataDir, 'sandbox', 'enterprise')
    const key = await keyIn(folder)
    const { config } = readConfig({
      argv: [],
      env: {
        QXM_DATA_DIR: folder,
        QXM_NODE_PREFIX: ownPrefix,
        QXM_PREFIX: `${ownPrefix}.1`,
        QXM_HTTP_PORT: given.text('http-port') ?? byDefault.httpPort,
        QXM_HANDLE_PORT: given.text('handle-port') ?? byDefault.handlePort,
        QXM_OPS_PORT: '0',
        QXM_LOG_LEVEL: 'warn',
        QXM_NODE_LAMEDUCK_MS: '0',
        QXM_BOOTSTRAP_KEY: key,
      },
    })
    const log = makeLog({ level: config.log.level })
    const life = makeLife({ log, closeMsMax })
    const startNode = await loadNode()
    await using node = await startNode({ config, log, packageFolder })
    const { http = '' } = node.ready
    await fill(call, http, key, prefix)
    if (!life.isEnding) await call.write(readyLine(node.ready))
    call.remark(hint(prefix)[language])
    await life.ended
    return exitCodes.ok
  },
}

/** Loaded by who runs it only, as in `start.ts`. */
async function loadNode() {
  const { startNode } = await import('../node.ts')
  return startNode
}

/** The same at each start: a node that has seen it makes no second client of it. */
async function keyIn(folder: string): Promise<string> {
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

async function fill({ language }: Call, url: string, key: string, prefix: string): Promise<void> {
  const node = openNodeClient({ kind: 'url', url, key }, language)
  try {
    const made = await node.ask('POST', '/v1/prefixes', { body: { system: 'handle', prefix } })
    // 409: from the start before.
    if (made.status !== 201 && made.status !== 409) throw new Error(JSON.stringify(made.body))
    for (const { suffix, name, model } of equipment) {
      const values = [
        { index: 1, type: 'NAME', data: name },
        { index: 2, type: 'MODEL', data: model },
      ]
      const path = `/v1/identifiers/${prefix}/${suffix}`
      await node.call('PUT', path, { body: { kind: 'equipment', values } })
    }
  } finally {
    node.close()
  }
}

function hint(prefix: string) {
  const [{ suffix }] = equipment
  const ask = `curl 'http://127.0.0.1:8000/v1/resolve/${prefix}/${suffix}?recurse=1'`
  return say(`在另一个终端试试：${ask}；Ctrl-C 结束`, `in another terminal: ${ask}; Ctrl-C ends it`)
}
