import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { repositoryFolder } from './store.ts'

/** A node in a process of its own, as `qxm start` runs it: for what only a process can show, such as being killed. */
export interface NodeProcess {
  readonly child: ChildProcess
  readonly http: string
  readonly ops: string
  readonly imports?: string | undefined
  /** An operator's API key. */
  readonly key: string
  kill(signal: NodeJS.Signals): Promise<void>
}

export interface ProcessOptions {
  readonly folder: string
  readonly key?: string
  readonly env?: Readonly<Record<string, string>>
  readonly argv?: readonly string[]
}

/** Starts one and waits for its ready line; what still runs when the test ends is killed. */
export async function aNodeProcess(t: Test, options: ProcessOptions): Promise<NodeProcess> {
  const key = options.key ?? aKey()
  const child = spawnNode(options, key)
  t.teardown(() => child.kill('SIGKILL'))
  const ready = JSON.parse(await firstLine(child))
  return {
    child,
    http: ready.http,
    ops: ready.ops,
    imports: ready.imports,
    key,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    },
  }
}

/** Runs one that is expected not to start. @returns its exit code and what it said */
export async function aRefusedProcess(
  options: ProcessOptions,
): Promise<{ code: number | null; said: string; elapsedMs: number }> {
  const startedAt = performance.now()
  const child = spawnNode(options, options.key ?? aKey())
  let said = ''
  child.stderr?.on('data', chunk => {
    said += chunk
  })
  const [code] = await once(child, 'exit')
  return { code, said, elapsedMs: performance.now() - startedAt }
}

export function aKey(): string {
  return `qxk_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('base64url')}`
}

function spawnNode({ folder, env, argv = [] }: ProcessOptions, key: string): ChildProcess {
  const program = join(repositoryFolder, 'dist', 'src', 'main.js')
  return spawn(process.execPath, [program, 'start', ...argv], {
    env: {
      ...environmentOfOthers(),
      QXM_DATA_DIR: folder,
      QXM_HTTP_PORT: '0',
      QXM_OPS_PORT: '0',
      QXM_HANDLE_PORT: '0',
      QXM_LOG_LEVEL: 'warn',
      QXM_NODE_LAMEDUCK_MS: '0',
      QXM_BOOTSTRAP_KEY: key,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** The tests' own variables are no keys of a node, and a mistake to it. */
function environmentOfOthers() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('QXM_')),
  )
}

async function firstLine(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.on('data', chunk => {
    said = (said + chunk).slice(-4_000)
  })
  if (child.stdout === null) throw new Error('the process has no standard output')
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the node ended with ${code} before it was ready: ${said}`)
  })
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  return String(line)
}
