import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readBenchRun } from '../../src/load/bench-run.ts'
import type { Chapter } from './chapter.ts'

/**
 * A bench that asks in a process of its own, whose CPU time and memory it measures: its last argument is the file it
 * keeps its run in.
 * @param missing says what to do where it cannot be run
 */
export function scriptChapter(
  argv: readonly [script: string, ...more: string[]],
  missing: () => string | undefined = () => undefined,
): () => Promise<Chapter> {
  return async () => {
    const reason = missing()
    if (reason !== undefined) return { groups: [], figures: [], leftOut: [reason] }
    const [script, ...more] = argv
    const folder = await mkdtemp(join(tmpdir(), 'qxm-bench-'))
    const file = join(folder, 'run.json')
    try {
      process.stderr.write(`${argv.join(' ')}\n`)
      const program = join(import.meta.dirname, '..', script)
      const child = spawn(process.execPath, ['--expose-gc', program, ...more, file], {
        cwd: join(import.meta.dirname, '..', '..', '..'),
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      const [code] = await once(child, 'exit')
      const run = code === 0 ? readBenchRun(await readFile(file, 'utf8')) : undefined
      if (run === undefined) throw new Error(`${script} ended with ${code}`)
      return run
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}
