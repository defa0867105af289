import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { repositoryFolder } from '../support/store.ts'

/** The built program as somebody starts it. */
export interface Program {
  readonly ready: {
    readonly http: string
    readonly https?: string
    readonly handle: string
    readonly ops: string
    readonly imports?: string
  }
  readonly pid: number
  /** Every line on standard output so far. */
  readonly output: () => readonly string[]
  /** Every line on standard error so far. */
  readonly log: () => readonly string[]
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const readyMsMax = 90_000

/** Free ports, its own data folder, and nothing of the environment of the tests but the path. */
function environment(env: Readonly<Record<string, string>>) {
  return {
    PATH: process.env['PATH'] ?? '',
    QXM_HTTP_PORT: '0',
    QXM_HTTPS_PORT: '0',
    QXM_OPS_PORT: '0',
    QXM_HANDLE_PORT: '0',
    ...env,
  }
}

function begin(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const program = join(repositoryFolder, 'dist', 'src', 'main.js')
  return spawn(process.execPath, [program, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs a command to its end. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const child = begin(args, env)
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, ...texts }
}

/** Starts a node and waits for its ready line; killed with the test at the latest. */
export async function aProgram(
  t: Test,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  command: readonly string[] = ['start'],
): Promise<Program> {
  const child = begin([...command, ...args], env)
  const kill = () => void child.kill('SIGKILL')
  t.teardown(kill)
  // Also when the tests end by their own time limit.
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const texts = { stdout: '', stderr: '' }
  const linesOf = (name: keyof typeof texts) => texts[name].split('\n').filter(Boolean)
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text
  })
  const ended = new Promise<Awaited<Program['ended']>>(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  const ready = new Promise<Program['ready']>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('not ready in time')), readyMsMax)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      texts.stdout += text
      if (!texts.stdout.includes('\n')) return
      clearTimeout(late)
      resolve(JSON.parse(linesOf('stdout')[0] ?? ''))
    })
    void ended.then(() => {
      clearTimeout(late)
      reject(new Error(`ended before it was ready:\n${texts.stderr}`))
    })
  })
  return {
    ready: await ready,
    pid: child.pid ?? 0,
    output: () => linesOf('stdout'),
    log: () => linesOf('stderr'),
    kill: signal => void child.kill(signal),
    ended,
  }
}

/** The processes that a process has started and that live (proc(5)); none of one that has ended. */
export function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return text.trim().split(' ').filter(Boolean).map(Number)
}

/** Waits until something is true. @throws Error with its name when that takes too long */
export async function until(
  name: string,
  isTrue: () => boolean | Promise<boolean>,
  msMax = 10_000,
): Promise<void> {
  const givenUpAt = performance.now() + msMax
  while (!(await isTrue())) {
    if (performance.now() > givenUpAt) throw new Error(`not within ${msMax} ms: ${name}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
