#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNode } from './node.ts'
import { ConfigError, readConfig } from './runtime/config.ts'
import { makeLog } from './runtime/log.ts'
import { readyLine } from './runtime/ready.ts'

const packageFolder = findPackage(dirname(fileURLToPath(import.meta.url)))
const [command = 'help', ...argv] = process.argv.slice(2)

if (command === 'start') await start()
else {
  process.stderr.write('usage: qxm start [--demo] [--config FILE] [--set section.key=value]\n')
  process.exitCode = 2
}

/** Runs a node until a signal ends it. Exit codes: 0 ended, 1 could not start, 2 the configuration has mistakes. */
async function start(): Promise<void> {
  try {
    const file = join(packageFolder, 'conf', 'node.toml')
    const { config, notices } = readConfig({ argv, file })
    const log = makeLog({ level: config.log.level })
    for (const notice of notices) log.warn(notice)

    await using node = await startNode({ config, log, packageFolder })
    process.stdout.write(readyLine(node.ready))
    const signal = await endSignal()
    log.info({ signal }, 'stopping')
  } catch (error) {
    process.stderr.write(`qxm: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = error instanceof ConfigError ? 2 : 1
  }
}

/** SIGTERM from a supervisor, SIGINT from a terminal; a second one ends the process as it would have without us. */
function endSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
}

/** From `src` as from `dist/src`. */
function findPackage(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findPackage(dirname(folder))
}
