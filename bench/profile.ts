/**
 * `node dist/bench/profile.js [way] [seconds]`: where a demo node's processor time goes while it is under load, as the ten
 * functions that most of it was spent in, and the profile itself for a viewer. Ways: json protobuf batch rest unknown cold tcp udp.
 */
import { mkdtemp, readdir, readFile, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Load, runLoad } from '../src/load/load.ts'
import { withUnknown } from '../src/load/synthetic.ts'
import { demoIdentifiers, makeDemoNodes, targetOf } from './load/server-node.ts'

const identifiers = demoIdentifiers(100)
const http = { via: 'http', identifiers, connections: 16, depth: 1 } as const
const ways: Readonly<Record<string, Omit<Load, 'place' | 'seconds'>>> = {
  json: { ...http, form: 'json' },
  protobuf: { ...http, form: 'protobuf' },
  batch: { ...http, form: 'batch' },
  rest: { ...http, form: 'rest' },
  unknown: { ...http, identifiers: withUnknown(identifiers, 0.99) },
  cold: { ...http, isCold: true },
  tcp: { ...http, via: 'tcp' },
  udp: { ...http, via: 'udp', depth: 8 },
}
const [way = 'json', seconds = '10'] = process.argv.slice(2)
const load = ways[way]
if (load === undefined) throw new Error(`ways are ${Object.keys(ways).join(' ')}`)
/** So that what is compiled is compiled. */
const warmUpSeconds = 3
const shownCount = 10

const folder = await mkdtemp(join(tmpdir(), 'qxm-profile-'))
await using nodes = await makeDemoNodes()
const node = await nodes.start({}, ['--cpu-prof', `--cpu-prof-dir=${folder}`])
const place = targetOf(node, load.via === 'http' ? 'http' : 'handle')
await runLoad({ ...load, place, seconds: warmUpSeconds })
const fromMicroseconds = monotonicMicroseconds()
const { answersPerSecond } = await runLoad({ ...load, place, seconds: Number(seconds) })
const toMicroseconds = monotonicMicroseconds()
await node.stop()

const file = join(folder, `${way}.cpuprofile`)
const [written = ''] = await readdir(folder)
await rename(join(folder, written), file)
print(JSON.parse(await readFile(file, 'utf8')))

/** The clock that profiles count by. */
function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** As V8 writes it: which node of the call tree was running, and how long after the sample before. Microseconds. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

function print({ nodes, startTime, samples, timeDeltas }: Profile): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const spent = new Map<string, number>()
  let at = startTime
  let busy = 0
  for (const [index, delta] of timeDeltas.entries()) {
    at += delta
    if (at < fromMicroseconds || at > toMicroseconds) continue
    const frame = frames.get(samples[index] ?? 0)
    if (frame === undefined || frame.functionName === '(idle)') continue
    const where = frame.url === '' ? '' : ` ${shortened(frame.url)}:${frame.lineNumber + 1}`
    const name = `${frame.functionName || '(anonymous)'}${where}`
    spent.set(name, (spent.get(name) ?? 0) + delta)
    busy += delta
  }
  const top = [...spent].sort(([, a], [, b]) => b - a).slice(0, shownCount)
  process.stdout.write(
    `${way}: ${Math.round(answersPerSecond)} answers/s while profiled, busy ${((busy / (toMicroseconds - fromMicroseconds)) * 100).toFixed(0)} % of the time\n\n`,
  )
  for (const [name, microseconds] of top) {
    process.stdout.write(`${((microseconds / busy) * 100).toFixed(1).padStart(6)} %  ${name}\n`)
  }
  process.stderr.write(`\nthe whole of it is in ${file}\n`)
}

/** `file:///…/dist/src/resolver/x.js` → `src/resolver/x.js` */
function shortened(url: string): string {
  return url.replace(/^.*\/(dist|node_modules)\//, '')
}
