#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commands } from './cli/commands.ts'
import { run } from './cli/run.ts'
import { environment } from './runtime/config.ts'

const packageFolder = findPackage(dirname(fileURLToPath(import.meta.url)))

process.exitCode = await run(commands, process.argv.slice(2), {
  env: environment(),
  stdout: process.stdout,
  stderr: process.stderr,
  packageFolder,
})

/** From `src` as from `dist/src`. */
function findPackage(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findPackage(dirname(folder))
}
