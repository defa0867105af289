import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program of ours in a process of its own, that says one line of JSON when it is ready. */
export interface Child {
  readonly pid: number
  readonly ready: Readonly<Record<string, unknown>>
  stop(): Promise<void>
}

/** @param nodeOptions for Node itself, such as `--cpu-prof` */
export async function startChild(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<Child> {
  const child = spawn(process.execPath, [...nodeOptions, program, ...argv], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const line = await firstLine(child)
  return {
    pid: child.pid ?? 0,
    ready: JSON.parse(line),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the child has no standard output')
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the program ended with ${code} before it was ready`)
  })
  const [line] = await Promise.race([once(lines, 'line'), ended])
  return String(line)
}
