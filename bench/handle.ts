import { connect } from 'node:net'
import { join } from 'node:path'
import { encodeQuestions } from '../src/load/handle-questions.ts'
import { type Load, runLoad } from '../src/load/load.ts'
import { type Chapter, type ChapterParts, times } from './load/chapter.ts'
import { startChild } from './load/child.ts'
import { type Comparison, compare } from './load/compare.ts'
import { askKnot } from './load/dns.ts'
import { type Measured, measure, type Target } from './load/measure.ts'
import { demoIdentifiers, targetOf } from './load/server-node.ts'
import { startKnot } from './load/servers.ts'

const handles = demoIdentifiers(199).slice(99)

interface Way extends Pick<Load, 'via' | 'connections' | 'depth' | 'isReconnecting'> {
  /** Beside the bare server. */
  readonly atLeast: number
}

const ways: Readonly<Record<string, Way>> = {
  'TCP kept open': { via: 'tcp', connections: 16, depth: 1, atLeast: 0.85 },
  'TCP kept open, 16 at once': { via: 'tcp', connections: 16, depth: 16, atLeast: 0.85 },
  'TCP, a new connection each': {
    via: 'tcp',
    connections: 64,
    depth: 1,
    isReconnecting: true,
    atLeast: 0.9,
  },
  'UDP, 8 at once': { via: 'udp', connections: 16, depth: 8, atLeast: 0.85 },
}

/** The Handle doors beside a bare server with the same answers, and Knot with as many bytes. */
export async function handleChapter({ nodes, rounds }: ChapterParts): Promise<Chapter> {
  const node = await nodes.start()
  const ours = targetOf(node, 'handle')
  const answers: Record<string, string> = {}
  for (const handle of handles) answers[handle] = (await askOnce(ours, handle)).toString('base64')
  const bare = await startChild(join(import.meta.dirname, 'load', 'bare-handle.js'), [
    JSON.stringify(answers),
  ])
  const reference = { ...ours, pid: bare.pid, port: Number(bare.ready['port']) }
  const answerBytes = Buffer.from(answers[handles[0] ?? ''] ?? '', 'base64').length
  const knot = await startKnot(handles.length, answerBytes)
  const compared = new Map<string, Comparison>()
  try {
    for (const [name, way] of Object.entries(ways)) {
      const contestants = [
        { name: 'bare', measure: (seconds: number) => ask(reference, way, seconds) },
        { name: 'Handle', measure: (seconds: number) => ask(ours, way, seconds) },
      ]
      if (way.via === 'udp' && knot !== undefined) {
        const { connections, depth } = way
        contestants.push({
          name: 'Knot DNS',
          measure: seconds =>
            measure(knot.pid, () =>
              askKnot(knot, { connections, depth, seconds, nameCount: handles.length }),
            ),
        })
      }
      compared.set(name, await compare(`Handle, cached, ${name}`, contestants, rounds))
    }
  } finally {
    await Promise.all([node.stop(), bare.stop(), knot?.stop()])
  }
  const udp = compared.get('UDP, 8 at once')
  return {
    groups: [...compared.values()].map(({ group }) => group),
    figures: [
      ...Object.entries(ways).map(([name, { atLeast }]) =>
        times(
          `Handle ${name}, beside a bare responder`,
          compared.get(name)?.ratio('Handle', 'bare') ?? Number.NaN,
          atLeast,
        ),
      ),
      ...(knot && udp
        ? [times('Handle UDP, beside Knot DNS', udp.ratio('Handle', 'Knot DNS'), 0.45)]
        : []),
    ],
    leftOut: knot ? [] : ['Knot DNS: apt-get install -y knot'],
  }
}

function ask(target: Target, way: Way, seconds: number): Promise<Measured> {
  return measure(target.pid, async () => {
    const loaded = await runLoad({ ...way, place: target, identifiers: handles, seconds })
    const { errorCount, unknownCount, lostCount } = loaded
    return { ...loaded, errorCount: errorCount + unknownCount + lostCount }
  })
}

async function askOnce(target: Target, handle: string): Promise<Buffer> {
  const socket = connect(target)
  socket.write(encodeQuestions([handle])[0]?.bytes ?? '')
  // One write there is one chunk here.
  for await (const chunk of socket) return chunk
  throw new Error('the node closed the connection')
}
