/**
 * `node --expose-gc dist/bench/micro/answer-arena.js [file]`: what a million cached answers cost, beside a `Map` of buffers:
 * memory over the bytes of keys and answers (of the arena: a `Map` grows into holes of the heap that cannot be counted), how long
 * a full collection stands still, and how long a hit takes while a
 * tenth of the questions bring a new answer in.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createHistogram } from 'node:perf_hooks'
import { type BenchRow, makeBenchRun } from '../../src/load/bench-run.ts'
import { AnswerArena } from '../../src/resolver/answer-arena.ts'
import { median } from '../load/measure.ts'
import { report } from '../load/print.ts'

const file = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'bench-memory-result.json')
const count = 1_000_000
const answerBytes = 600
const askedCount = 1_000_000
/** Of the questions, such a share puts an answer that was not there. */
const replacedShare = 0.1
const collections = 5
const warmUpCount = 1_000
const farMs = 1e12

const { gc } = globalThis
if (gc === undefined) throw new Error('run it with node --expose-gc')

/** Something that keeps answers by the bytes of a question. */
interface Kept {
  find(key: Buffer): boolean
  put(key: Buffer, answer: Buffer): void
}

const startedAt = new Date()
const answer = randomBytes(answerBytes)
// The arena first: it leaves no holes in the heap that the other could be counted in.
const arena = measure('arena', makeArena)
const map = measure('Map of buffers', makeMap)
const rows = [map, arena].map(({ row }) => ({
  ...row,
  ratio: row.answersPerCpuSecond / map.row.answersPerCpuSecond,
}))

await report(
  makeBenchRun(startedAt, {
    facts: { count, answerBytes, askedCount, replacedShare },
    groups: [{ title: `${count} answers of ${answerBytes} bytes, a tenth replaced`, rows }],
    figures: [
      { ...figure('bytes over key and answer', 'B', arena.extraBytes), goal: { atMost: 80 } },
      { ...figure('full collection', 'ms', arena.collectMs), goal: { atMost: 20 } },
      {
        ...figure('hit while a tenth is replaced, p99.9', 'ms', arena.row.p999Ms),
        goal: { atMost: 1 },
      },
      figure('full collection with a Map', 'ms', map.collectMs),
    ],
    leftOut: [],
  }),
  file,
)

function figure(name: string, unit: 'B' | 'ms', value: number) {
  return { name: `a million cached answers: ${name}`, unit, value }
}

interface Measured {
  readonly row: BenchRow & { readonly p999Ms: number }
  readonly extraBytes: number
  readonly collectMs: number
}

function measure(name: string, make: (count: number) => Kept): Measured {
  // What the heap grows by while it is filled is nobody's, and there before it is looked at.
  const small = make(warmUpCount)
  for (let number = 0; number < count; number++) small.put(keyAt(number), answer)
  const before = residentAfterCollection()
  const kept = make(count)
  let keyBytes = 0
  for (let number = 0; number < count; number++) {
    const key = keyAt(number)
    keyBytes += key.length
    kept.put(key, answer)
  }
  const extraBytes = (residentAfterCollection() - before - keyBytes) / count - answerBytes
  const collectMs = median(Array.from({ length: collections }, collect))
  return { row: ask(name, kept), extraBytes, collectMs }
}

/** Hits of random keys; every tenth question replaces one, and is not counted as a hit. */
function ask(name: string, kept: Kept): Measured['row'] {
  const latencies = createHistogram()
  const keys = Array.from({ length: askedCount }, () => keyAt(Math.floor(Math.random() * count)))
  const every = Math.round(1 / replacedShare)
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  let foundCount = 0
  for (let at = 0; at < askedCount; at++) {
    if (at % every === 0) {
      kept.put(keyAt(count + at), answer)
      continue
    }
    const askedMs = performance.now()
    if (kept.find(keys[at] as Buffer)) foundCount += 1
    latencies.record(Math.max(1, Math.round((performance.now() - askedMs) * 1e6)))
  }
  const seconds = (performance.now() - startedMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  if (foundCount < askedCount / 2) throw new Error(`only ${foundCount} were found`)
  return {
    name,
    ratio: 1,
    answersPerCpuSecond: askedCount / ((user + system) / 1e6),
    answersPerSecond: askedCount / seconds,
    p50Ms: latencies.percentile(50) / 1e6,
    p99Ms: latencies.percentile(99) / 1e6,
    p999Ms: latencies.percentile(99.9) / 1e6,
  }
}

function makeArena(count: number): Kept {
  const bounds = { bytesMax: count * (answerBytes + 160), entriesMax: count }
  const kept = new AnswerArena(bounds, () => randomBytes(4).readUInt32LE())
  return {
    find: key => kept.find(key, 0, key.length, 0, 1) !== 0,
    put(key, bytes) {
      const name = { bytes: key, start: 0, end: key.length, form: 0 }
      const times = { madeAtMs: 0, expiresAtMs: farMs }
      kept.put(name, { parts: [bytes], forgetBy: key.toString('latin1'), note: 0, ...times })
    },
  }
}

/** The oldest makes room, as in a `Map` it easily can. */
function makeMap(count: number): Kept {
  const kept = new Map<string, Buffer>()
  return {
    find: key => kept.get(key.toString('latin1')) !== undefined,
    put(key, bytes) {
      if (kept.size >= count) kept.delete(kept.keys().next().value ?? '')
      kept.set(key.toString('latin1'), Buffer.from(bytes))
    },
  }
}

function keyAt(number: number): Buffer {
  return Buffer.from(`88.118.8/ABC-${number}`)
}

function collect(): number {
  const startedMs = performance.now()
  gc?.()
  return performance.now() - startedMs
}

function residentAfterCollection(): number {
  collect()
  collect()
  return process.memoryUsage.rss()
}
