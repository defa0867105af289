import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { say, type Text } from '../model/text.ts'
import { UsageError } from './command.ts'

export interface NewFile {
  readonly content: string | Buffer
  /** For nobody but its owner. */
  readonly isSecret: boolean
  /** What it is, for who reads the list. */
  readonly what: Text
}

/**
 * Writes files that are not there yet, all of them or none: a key that is overwritten is lost.
 * @throws UsageError naming the one that is there
 */
export async function writeNewFiles(files: Readonly<Record<string, NewFile>>): Promise<void> {
  refuseTaken(Object.keys(files))
  for (const [path, { content, isSecret }] of Object.entries(files)) {
    await writeFile(path, content, { flag: 'wx', mode: isSecret ? 0o600 : 0o644 })
  }
}

/** Said before keys are made, which takes its time. @throws UsageError naming the one that is there */
export function refuseTaken(paths: readonly string[]): void {
  const taken = paths.find(path => existsSync(path))
  if (taken !== undefined) throw new UsageError(say(`${taken} 已存在`, `${taken} exists already`))
}
