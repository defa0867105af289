/**
 * `node --expose-gc dist/bench/micro/prefix-match.js [prefixes]`: the longest-prefix match over a million prefixes beside
 * one `Map.get` of the very prefixes that are found, in interleaved rounds; and what a prefix costs in memory.
 * Keys are texts of their own and asked again each round, so that the engine knows their hashes; `new texts` are asked once,
 * as what comes off a wire is.
 *
 * `each after the other`: which key is asked next hangs on the answer, so a question waits for the one before, as a
 * server's questions do with all that lies between them. Without that (`in a loop`) the processor works on several look-ups
 * at once, the more the shorter they are, and what is measured is how many fit.
 */
import { PrefixDirectory } from '../../src/mapping/directory.ts'
import type { System } from '../../src/model/identifier.ts'
import { median } from '../load/measure.ts'

const prefixCount = Number(process.argv[2] ?? 1_000_000)
const askedCount = 200_000
const rounds = 5
const ownerCount = Math.ceil(prefixCount / 4)

interface Asked {
  readonly system: System
  readonly authority: string
  readonly prefix: string
}

/** Enterprise prefixes mostly, then company prefixes of 7 to 10 digits, arcs and VAA issuers: what a large node holds. */
function prefixAt(at: number): { readonly system: System; readonly prefix: string } {
  const kind = at % 10
  if (kind < 6) return { system: 'handle', prefix: `88.${100 + (at % 400)}.${at}` }
  if (kind < 8) return { system: 'gs1', prefix: `69${String(at).padStart(7, '0')}` }
  if (kind < 9) return { system: 'oid', prefix: `1.2.156.${at}` }
  return { system: 'vaa', prefix: `VAA88.${100 + (at % 400)}.${at}` }
}

/** What lies below a prefix, as identifiers of that system have it. */
function authorityUnder(system: System, prefix: string): string {
  if (system === 'gs1') return `${prefix}123456`.slice(0, 12)
  if (system === 'oid') return `${prefix}.7.11`
  return prefix
}

/** A row as the store's driver reads it: nothing in it is shared with another. */
function rowAt(at: number) {
  return JSON.parse(
    JSON.stringify({
      ...prefixAt(at),
      owner: `sub-${String(at % ownerCount).padStart(22, '0')}`,
      state: 'enabled',
      served: 'hosted',
      sites: [],
      uses: ['product', 'equipment'],
      epoch: 1,
      serial: 1,
    }),
  )
}

/** The same text in memory of its own, as a wire's reader makes it. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function heapBytes(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function subjectAt(at: number) {
  const id = `sub-${String(at).padStart(22, '0')}`
  return {
    id,
    code: `88.118.1/${id}`,
    name: `企业 ${at}`,
    status: 'active' as const,
    successor: null,
    region: null,
    industry: null,
    grade: null,
    epoch: 1,
  }
}

const directory = new PrefixDirectory('88.118', 20_261_123)
directory.learn({
  prefixes: [],
  subjects: Array.from({ length: ownerCount }, (_, at) => subjectAt(at)),
})
const before = heapBytes()
for (let at = 0; at < prefixCount; at += 1_000) {
  const prefixes = Array.from({ length: Math.min(1_000, prefixCount - at) }, (_, i) =>
    rowAt(at + i),
  )
  directory.learn({ prefixes, subjects: [] })
}
const bytesEach = (heapBytes() - before) / prefixCount

const map = new Map<string, { readonly epoch: number }>()
for (let at = 0; at < prefixCount; at++) {
  const { system, prefix } = prefixAt(at)
  map.set(prefix, directory.find(system, prefix) ?? { epoch: 1 })
}

/** Evenly over all prefixes, in an order that no cache foresees. */
function questions(pick: (system: System) => boolean): Asked[] {
  const asked: Asked[] = []
  for (let at = 7; asked.length < askedCount; at = (at + 611_953) % prefixCount) {
    const { system, prefix } = prefixAt(at)
    if (!pick(system)) continue
    asked.push({ system, prefix, authority: authorityUnder(system, prefix) })
  }
  return asked
}

const nsPerRun = (startedMs: number) => ((performance.now() - startedMs) * 1e6) / askedCount

type Find = (system: System, key: string) => { readonly epoch: number } | undefined

const findInMap: Find = (_, key) => map.get(key)
const findInDirectory: Find = (system, authority) => directory.match({ system, authority })

/** Every row's epoch is 1: the step to the next question, and nothing a processor could guess. */
function timeOf(find: Find, { systems, keys, isWaiting }: Questions): number {
  const startedMs = performance.now()
  let found = 0
  for (let at = 0; at < keys.length; ) {
    const row = find(systems[at] as System, keys[at] as string)
    if (row !== undefined) found += 1
    at += isWaiting ? (row?.epoch ?? 1) : 1
  }
  const ns = nsPerRun(startedMs)
  if (found !== askedCount) throw new Error(`${found} were found`)
  return ns
}

interface Questions {
  readonly systems: readonly System[]
  readonly keys: readonly string[]
  readonly isWaiting: boolean
}

interface Manner {
  readonly isNew?: boolean
  readonly isWaiting?: boolean
}

/** Each round asks texts that lie in memory one behind the other, in both contestants alike. */
function compare(name: string, asked: readonly Asked[], manner: Manner = {}): void {
  const { isNew = false, isWaiting = false } = manner
  const systems = asked.map(({ system }) => system)
  const prefixes = asked.map(({ prefix }) => copyOf(prefix))
  const authorities = asked.map(({ authority }) => copyOf(authority))
  const texts = (all: readonly string[]) => (isNew ? all.map(copyOf) : all)
  const runs = Array.from({ length: rounds + 1 }, () => ({
    map: timeOf(findInMap, { systems, keys: texts(prefixes), isWaiting }),
    directory: timeOf(findInDirectory, { systems, keys: texts(authorities), isWaiting }),
  })).slice(1)
  const ratio = median(runs.map(run => run.directory / run.map))
  process.stdout.write(
    `| ${name} | ${median(runs.map(run => run.map)).toFixed(0)} | ` +
      `${median(runs.map(run => run.directory)).toFixed(0)} | ${ratio.toFixed(2)} |\n`,
  )
}

process.stdout.write(`${prefixCount} prefixes, ${bytesEach.toFixed(0)} bytes each\n\n`)
process.stdout.write(
  '| asked | Map.get ns | longest match ns | ratio |\n| --- | ---: | ---: | ---: |\n',
)
const all = questions(() => true)
compare('all systems, each after the other', all, { isWaiting: true })
for (const system of ['handle', 'gs1', 'oid', 'vaa'] as const) {
  const asked = questions(each => each === system)
  compare(`${system}, each after the other`, asked, { isWaiting: true })
  compare(`${system}, in a loop`, asked)
}
compare('all systems, in a loop', all)
compare('all systems, new texts, in a loop', all, { isNew: true })
compare('all systems, new texts, each after the other', all, { isNew: true, isWaiting: true })
