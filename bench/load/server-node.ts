import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Place } from '../../src/load/load.ts'
import { type Child, startChild } from './child.ts'
import type { Target } from './measure.ts'

const program = join(import.meta.dirname, '..', '..', 'src', 'main.js')

/** What the operator of every node of a bench asks with. */
export const operatorKey = `qxk_00000001_${Buffer.alloc(32, 1).toString('base64url')}`

const ofEveryNode = {
  QXM_HTTP_PORT: '0',
  QXM_OPS_PORT: '0',
  QXM_HANDLE_PORT: '0',
  // What goes wrong while a store is away is meant to.
  QXM_LOG_LEVEL: 'error',
  QXM_NODE_LAMEDUCK_MS: '0',
}

/** A node over a server database, as a process of its own. @param folder for its key and files */
export async function startServerNode(
  databaseUrl: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const masterKeyFile = join(folder, 'master.key')
  await writeFile(masterKeyFile, 'ab'.repeat(32), { mode: 0o600 })
  return startChild(program, ['start'], {
    ...ofEveryNode,
    QXM_DATABASE_URL: databaseUrl,
    QXM_DATA_DIR: folder,
    QXM_MASTER_KEY_FILE: masterKeyFile,
    QXM_BOOTSTRAP_KEY: operatorKey,
    ...env,
  })
}

/** Nodes with the demo's data, which are made once, when the first is started. */
export interface DemoNodes extends AsyncDisposable {
  start(env?: Readonly<Record<string, string>>, nodeOptions?: readonly string[]): Promise<Child>
}

export async function makeDemoNodes(): Promise<DemoNodes> {
  const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
  let made: Promise<string> | undefined
  let count = 0

  async function make(): Promise<string> {
    const dataDir = join(folder, 'made')
    await (await startIn(dataDir)).stop()
    return dataDir
  }

  function startIn(
    dataDir: string,
    env: Readonly<Record<string, string>> = {},
    nodeOptions: readonly string[] = [],
  ): Promise<Child> {
    const all = { ...ofEveryNode, QXM_DATA_DIR: dataDir, ...env }
    return startChild(program, ['start', '--demo'], all, nodeOptions)
  }

  return {
    async start(env, nodeOptions) {
      made ??= make()
      const own = join(folder, String(count++))
      await cp(await made, own, { recursive: true })
      return startIn(own, env, nodeOptions)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Where a node answers. */
export function targetOf({ pid, ready }: Child, door: 'http' | 'handle'): Target {
  return { pid, ...placeIn(String(ready[door])) }
}

/** Of the ready line: `127.0.0.1:2641`, or with a scheme. */
function placeIn(text: string): Place {
  const [, host = '', port] = /^(?:http:\/\/)?(.+):(\d+)$/.exec(text) ?? []
  return { host, port: Number(port) }
}

/** The first demo identifiers that have an answer of ordinary size. */
export function demoIdentifiers(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `88.118.8/ABC-${at + 1}`)
}
