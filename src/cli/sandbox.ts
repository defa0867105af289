import { join } from 'node:path'
import { say, type Text } from '../model/text.ts'
import { systemClock } from '../runtime/clock.ts'
import { makeLog } from '../runtime/log.ts'
import { readyLine } from '../runtime/ready.ts'
import { type HostileMood, hostileMoods } from '../sandbox/hostile.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { configOf, configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { makeLife } from './life.ts'

/** The prefix that the demo delegates, and where it says that this is served. */
const byDefault = { prefix: '88.118.9', httpPort: '8001', handlePort: '2642' } as const
/** What the enterprise node would have been allotted itself: of a node prefix that is not the demo's. */
const ownPrefix = '88.119'
const closeMsMax = 10_000
const enterpriseCountMax = 2
/** Three nodes, one after the other. */
const worldCloseMsMax = 35_000

/** A whole hierarchy to practise with: a top-level node that is simulated, a node of ours, two enterprise nodes. */
export const sandbox: Command = {
  name: 'sandbox',
  summary: say(
    '在本机运行练习用的整个层级：模拟的国家顶级节点、本节点与两个企业节点',
    'run a whole hierarchy to practise with: a simulated top-level node, a node, two enterprise nodes',
  ),
  options: {
    hostile: {
      kind: 'text',
      value: 'MOODS',
      help: say(
        `顶级节点的刁难方式，以逗号分隔：${hostileMoods.join(',')}`,
        `how the top-level node misbehaves, separated by commas: ${hostileMoods.join(',')}`,
      ),
    },
    enterprises: {
      kind: 'text',
      value: 'N',
      help: say(
        `企业节点的数目，0 至 ${enterpriseCountMax}，默认 ${enterpriseCountMax}`,
        `how many enterprise nodes, 0 to ${enterpriseCountMax}; ${enterpriseCountMax} by default`,
      ),
    },
    'any-port': {
      kind: 'flag',
      help: say('使用空闲端口，而非惯用端口', 'free ports instead of the usual ones'),
    },
    ...configOptions,
  },
  async run(call) {
    const { given, packageFolder, language } = call
    const log = makeLog({ level: 'warn' })
    const life = makeLife({ log, closeMsMax: worldCloseMsMax })
    const startWorld = await loadWorld()
    await using world = await startWorld({
      folder: sandboxFolder(call),
      packageFolder,
      hostile: moodsIn(given.text('hostile')),
      anyPort: given.has('any-port'),
      enterpriseCount: countIn(given.text('enterprises')),
      clock: systemClock,
      log,
    })
    const { node, keyFile, top, enterprises } = world
    if (!life.isEnding) {
      await call.write(
        `${JSON.stringify({ event: 'ready', ...node, keyFile, top, enterprises })}\n`,
      )
    }
    call.remark(worldHint(node.http ?? '', keyFile)[language])
    await life.ended
    return exitCodes.ok
  },
}

/** A node of the same program that plays an enterprise's own, for who tries delegation, push and pull. */
export const sandboxEnterprise: Command = {
  name: 'sandbox enterprise',
  summary: say(
    '运行一个练习用的企业节点，演示节点把 88.118.9 委托给它',
    'run an enterprise node to practise with: the demo delegates 88.118.9 to it',
  ),
  options: {
    prefix: {
      kind: 'text',
      value: 'PREFIX',
      help: say(
        `它托管的前缀，默认 ${byDefault.prefix}`,
        `the prefix it hosts, ${byDefault.prefix} by default`,
      ),
    },
    'http-port': {
      kind: 'text',
      value: 'PORT',
      help: say(`默认 ${byDefault.httpPort}`, `${byDefault.httpPort} by default`),
    },
    'handle-port': {
      kind: 'text',
      value: 'PORT',
      help: say(`默认 ${byDefault.handlePort}`, `${byDefault.handlePort} by default`),
    },
    ...configOptions,
  },
  async run(call) {
    const { given, packageFolder, language } = call
    const prefix = given.text('prefix') ?? byDefault.prefix
    const life = makeLife({ log: makeLog({ level: 'warn' }), closeMsMax })
    const { exampleSuffix, startEnterprise } = await loadEnterprise()
    await using node = await startEnterprise({
      folder: join(sandboxFolder(call), 'enterprise'),
      prefix,
      ownPrefix,
      httpPort: given.text('http-port') ?? byDefault.httpPort,
      handlePort: given.text('handle-port') ?? byDefault.handlePort,
      packageFolder,
    })
    if (!life.isEnding) await call.write(readyLine(node.ready))
    call.remark(enterpriseHint(`${prefix}/${exampleSuffix}`)[language])
    await life.ended
    return exitCodes.ok
  },
}

/** Loaded by who runs it only, as in `start.ts`. */
async function loadWorld() {
  const { startWorld } = await import('../sandbox/world.ts')
  return startWorld
}

async function loadEnterprise() {
  const { exampleSuffix, startEnterprise } = await import('../sandbox/enterprise.ts')
  return { exampleSuffix, startEnterprise }
}

/** Where everything of the sandbox lies. */
export function sandboxFolder(call: Call): string {
  return join(configOf(call).config.store.dataDir, 'sandbox')
}

function moodsIn(text: string | undefined): readonly HostileMood[] {
  const words = (text ?? '').split(',').filter(word => word !== '')
  return words.map(word => {
    const mood = hostileMoods.find(each => each === word)
    if (mood !== undefined) return mood
    throw new UsageError(
      say(
        `--hostile 须为 ${hostileMoods.join('、')}`,
        `--hostile takes some of ${hostileMoods.join(', ')}`,
      ),
    )
  })
}

function countIn(text: string | undefined): number {
  const count = text === undefined ? enterpriseCountMax : Number(text)
  if (Number.isInteger(count) && count >= 0 && count <= enterpriseCountMax) return count
  throw new UsageError(
    say(
      `--enterprises 须为 0 至 ${enterpriseCountMax}`,
      `--enterprises is 0 to ${enterpriseCountMax}`,
    ),
  )
}

function worldHint(url: string, keyFile: string): Text {
  const ask = `export QXM_URL=${url} QXM_KEY=$(cat '${keyFile}'); qxm sandbox grant --send; qxm sandbox push`
  return say(`在另一个终端试试：${ask}；Ctrl-C 结束`, `in another terminal: ${ask}; Ctrl-C ends it`)
}

function enterpriseHint(identifier: string): Text {
  const ask = `curl 'http://127.0.0.1:8000/v1/resolve/${identifier}?recurse=1'`
  return say(`在另一个终端试试：${ask}；Ctrl-C 结束`, `in another terminal: ${ask}; Ctrl-C ends it`)
}
