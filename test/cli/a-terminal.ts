import { Writable } from 'node:stream'
import type { Command, Environment } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'
import { repositoryFolder } from '../support/store.ts'

/** Runs one command line in this process, in English. */
export async function runIn(
  commands: readonly Command[],
  argv: readonly string[],
  env: Environment = {},
) {
  const texts = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof texts) =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += String(chunk)
        done()
      },
    })
  const code = await run(commands, [...argv, '--lang', 'en'], {
    env,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    packageFolder: repositoryFolder,
  })
  return { code, ...texts }
}
