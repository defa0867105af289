import { makeProcessRegistry } from '../assembly/metrics.ts'
import type { ConfigSource } from '../assembly/reload.ts'
import { isWorker, leavePrimary, servePrimary, toldToStop } from '../assembly/worker.ts'
import { say, type Text } from '../model/text.ts'
import { systemClock } from '../runtime/clock.ts'
import { type Config, readConfig } from '../runtime/config.ts'
import { type Logger, makeLog } from '../runtime/log.ts'
import { readyLine } from '../runtime/ready.ts'
import type { Call, Command } from './command.ts'
import { configOptions, defaultConfigFile } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { type Life, makeLife } from './life.ts'
import { versionOf } from './version.ts'

/** Beside lameduck and drain: flushing, and closing the stores. */
const closeStoresMsMax = 1_000
/** What supervisors commonly wait before they kill: where doors close sooner, the rest is the stores' too. */
const supervisorMs = 10_000

export const start: Command = {
  name: 'start',
  summary: say('运行一个节点，直到收到信号', 'run a node until a signal ends it'),
  options: {
    demo: { kind: 'flag', help: say('带演示数据', 'with demo data') },
    workers: {
      kind: 'text',
      value: 'N',
      help: say('共用端口的进程数，须用服务器数据库', 'processes that share the ports'),
    },
    ...configOptions,
  },
  async run(call) {
    const source = sourceOf(call)
    const { config, notices } = source.read()
    const log = makeLog({ level: config.log.level })
    const { lameduckMs, drainTimeoutMs, workers } = config.node
    const closeMsMax = Math.max(lameduckMs + drainTimeoutMs + closeStoresMsMax, supervisorMs)
    const life = makeLife({ log, closeMsMax })
    if (isWorker()) {
      await runWorker(call, { config, log, source, life })
    } else {
      for (const notice of notices) log.warn(notice)
      if (workers > 0) await runPrimary(call, { config, log, life })
      else await runNode(call, { config, log, source, life })
    }
    return exitCodes.ok
  },
}

interface Run {
  readonly config: Config
  readonly log: Logger
  readonly source: ConfigSource
  readonly life: Life
}

async function runNode(call: Call, { config, log, source, life }: Run): Promise<void> {
  const { packageFolder } = call
  const metrics = makeProcessRegistry(versionOf(packageFolder))
  const startNode = await loadNode()
  await using node = await startNode({
    config,
    log,
    packageFolder,
    source,
    metrics,
    remark: remarkOf(call),
  })
  life.onReload(node.reload)
  if (!life.isEnding) await call.write(readyLine(node.ready))
  log.info({ signal: await life.ended }, 'stopping')
}

async function runPrimary(call: Call, { config, log, life }: Omit<Run, 'source'>): Promise<void> {
  const startWorkers = await loadWorkers()
  await using workers = await startWorkers({ config, log, clock: systemClock })
  life.onReload(workers.reload)
  if (!life.isEnding) await call.write(readyLine(workers.ready))
  const signal = await Promise.race([life.ended, workers.lost])
  log.info({ signal }, 'stopping')
}

/** Signals of a terminal reach every process of its group: a worker ends when its primary says so, or is gone. */
async function runWorker(call: Call, { config, log, source, life }: Run): Promise<void> {
  const { packageFolder } = call
  void toldToStop().then(life.end)
  const metrics = makeProcessRegistry(versionOf(packageFolder))
  try {
    const startNode = await loadNode()
    await using node = await startNode({
      config,
      log,
      packageFolder,
      source,
      metrics,
      isWorker: true,
      remark: remarkOf(call),
    })
    servePrimary(node, metrics)
    await life.ended
  } finally {
    leavePrimary()
  }
}

/*
 * A node and its workers are loaded by who runs them only: every other command is there in half the time without. In
 * functions of their own, because the compiler leaves the path alone in one that holds an `await using`.
 */

async function loadNode() {
  const { startNode } = await import('../node.ts')
  return startNode
}

async function loadWorkers() {
  const { startWorkers } = await import('../assembly/workers.ts')
  return startWorkers
}

/** The command line and the environment stay as they were; the file is read each time. */
function sourceOf({ given, env, packageFolder }: Call): ConfigSource {
  const argv = [
    ...(given.has('demo') ? ['--demo'] : []),
    ...given.texts('config').map(file => `--config=${file}`),
    ...given.texts('set').map(setting => `--set=${setting}`),
    ...given.texts('workers').map(count => `--workers=${count}`),
  ]
  const byDefault = defaultConfigFile(packageFolder)
  const file = given.text('config') ?? (env['QXM_CONFIG'] || byDefault)
  return { read: () => readConfig({ argv, env, file: byDefault }), file }
}

/** For whoever started the node, in their language: beside the log, not in it. */
function remarkOf({ language, remark }: Call): (text: Text) => void {
  return text => remark(text[language])
}
