/**
 * `node dist/bench/micro/known-keys.js [keys]`: what it costs to know that the store cannot have a key, beside `Set.has` of the
 * same texts, in interleaved rounds; what a key costs in memory, and how many questions pass that need not.
 * Texts are new each round, as what comes off a wire is.
 */
import { randomBytes } from 'node:crypto'
import { KeyFilter } from '../../src/resolver/key-filter.ts'
import { median } from '../load/measure.ts'

const keyCount = Number(process.argv[2] ?? 1_000_000)
const askedCount = 200_000
const rounds = 5

function keyAt(number: number): string {
  return `88.118.8/abc-${number}`
}

/** Texts in memory of their own, as a wire's reader makes them. */
function texts(numberAt: (place: number) => number): string[] {
  return Array.from({ length: askedCount }, (_, place) =>
    Buffer.from(keyAt(numberAt(place)), 'latin1').toString('latin1'),
  )
}

function ask(keys: readonly string[], has: (key: string) => boolean) {
  const startedMs = performance.now()
  let foundCount = 0
  for (let at = 0; at < keys.length; at++) if (has(keys[at] as string)) foundCount += 1
  return { ns: ((performance.now() - startedMs) * 1e6) / keys.length, foundCount }
}

const filter = new KeyFilter(keyCount, () => randomBytes(4).readUInt32LE())
const set = new Set<string>()
const startedMs = performance.now()
for (let number = 0; number < keyCount; number++) filter.add(keyAt(number))
const addNs = ((performance.now() - startedMs) * 1e6) / keyCount
for (let number = 0; number < keyCount; number++) set.add(keyAt(number))

process.stdout.write(
  `${keyCount} keys, ${(filter.byteCount / keyCount).toFixed(2)} bytes each, ${addNs.toFixed(0)} ns to add one\n\n` +
    '| asked | Set.has ns | known keys ns | ratio | pass |\n| --- | ---: | ---: | ---: | ---: |\n',
)
compare('what is there', place => (place * 7_919) % keyCount)
compare('what is not', place => keyCount + place)

function compare(name: string, numberAt: (place: number) => number): void {
  const runs = Array.from({ length: rounds + 1 }, () => ({
    known: ask(texts(numberAt), key => filter.has(key)),
    set: ask(texts(numberAt), key => set.has(key)),
  })).slice(1)
  const [setNs, knownNs, ratio, pass] = [
    median(runs.map(run => run.set.ns)).toFixed(0),
    median(runs.map(run => run.known.ns)).toFixed(0),
    median(runs.map(run => run.known.ns / run.set.ns)).toFixed(2),
    ((100 * (runs[0]?.known.foundCount ?? 0)) / askedCount).toFixed(2),
  ]
  process.stdout.write(`| ${name} | ${setNs} | ${knownNs} | ${ratio} | ${pass} % |\n`)
}
