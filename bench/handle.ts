import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeQuestions } from '../src/load/handle-questions.ts'
import { type Load, type Place, runLoad } from '../src/load/load.ts'
import { type Child, startChild } from './load/child.ts'
import type { Contestant } from './load/compare.ts'
import { cpuSeconds, type Measured } from './load/measure.ts'

const here = dirname(fileURLToPath(import.meta.url))
const handles = Array.from({ length: 100 }, (_, at) => `88.118.8/ABC-${at + 100}`)

type Way = Pick<Load, 'via' | 'connections' | 'depth' | 'isReconnecting'>

const ways: Readonly<Record<string, Way>> = {
  'TCP kept open': { via: 'tcp', connections: 16, depth: 1 },
  'TCP kept open, 16 at once': { via: 'tcp', connections: 16, depth: 16 },
  'TCP, a connection each': { via: 'tcp', connections: 64, depth: 1, isReconnecting: true },
  'UDP, 8 at once': { via: 'udp', connections: 16, depth: 8 },
}

/** The Handle doors beside a bare server with the same answers, one group for each way to ask. */
export async function handleContestants(node: Child): Promise<{
  readonly groups: readonly (readonly Contestant[])[]
  stop(): Promise<void>
}> {
  const place = placeOf(String(node.ready['handle']))
  const answers: Record<string, string> = {}
  for (const handle of handles) answers[handle] = (await askOnce(place, handle)).toString('base64')
  const bare = await startChild(join(here, 'load', 'bare-handle.js'), [JSON.stringify(answers)])
  const barePlace = { ...place, port: Number(bare.ready['port']) }
  return {
    groups: Object.entries(ways).map(([name, way]) => [
      { name: `bare, ${name}`, measure: seconds => measure(bare.pid, barePlace, way, seconds) },
      { name: `Handle, ${name}`, measure: seconds => measure(node.pid, place, way, seconds) },
    ]),
    stop: () => bare.stop(),
  }
}

async function measure(pid: number, place: Place, way: Way, seconds: number): Promise<Measured> {
  const cpuBefore = cpuSeconds(pid)
  const loaded = await runLoad({ ...way, place, identifiers: handles, seconds })
  return {
    answersPerSecond: loaded.answersPerSecond,
    answersPerCpuSecond: loaded.answerCount / (cpuSeconds(pid) - cpuBefore),
    p50Ms: loaded.p50Ms,
    p99Ms: loaded.p99Ms,
    errorCount: loaded.errorCount + loaded.unknownCount + loaded.lostCount,
    bytesPerAnswer: loaded.bytesPerAnswer,
  }
}

async function askOnce(place: Place, handle: string): Promise<Buffer> {
  const socket = connect(place)
  socket.write(encodeQuestions([handle])[0]?.bytes ?? '')
  // One write there is one chunk here.
  for await (const chunk of socket) return chunk
  throw new Error('the node closed the connection')
}

/** Of the ready line: `127.0.0.1:2641`. */
function placeOf(text: string): Place {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}
