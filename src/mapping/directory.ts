import type { Identifier, System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { Subject } from '../model/subject.ts'
import { walk } from './prefix-walk.ts'

type PrefixEntry = Prefix & { readonly serial: number }
type SubjectEntry = Subject & { readonly epoch: number }

/**
 * All prefixes and subjects in memory: who is responsible for an identifier, and what answers take from its owner.
 * A lookup costs one map access per label (digit, arc) of what is asked, however many prefixes there are.
 */
export class PrefixDirectory {
  readonly #nodePrefix: string
  /** By system, then prefix, so that looking up makes no text. Written only by {@link learn}, which the change follower calls. */
  readonly #prefixes = new Map<System, Map<string, PrefixEntry>>()
  readonly #subjects = new Map<string, SubjectEntry>()
  readonly #subjectIdsByCode = new Map<string, string>()
  /** What each subject owns; sorted when asked for, which is once per cached answer. */
  readonly #owned = new Map<string, Set<PrefixEntry>>()

  /** Takes rows as the store has them now; a row already known is replaced. */
  learn(content: { prefixes: readonly PrefixEntry[]; subjects: readonly SubjectEntry[] }): void {
    for (const subject of content.subjects) this.#learnSubject(subject)
    for (const entry of content.prefixes) this.#learnPrefix(entry)
  }

  /** @param nodePrefix the prefix this node allots from: it answers for itself, not for what it has not allotted yet */
  constructor(nodePrefix: string) {
    this.#nodePrefix = nodePrefix
  }

  match({ system, authority }: Pick<Identifier, 'system' | 'authority'>): PrefixEntry | undefined {
    for (const prefix of walk(system, authority)) {
      const entry = this.find(system, prefix)
      if (entry === undefined) continue
      const unallotted = entry.prefix === this.#nodePrefix && authority !== prefix
      return unallotted ? undefined : entry
    }
    return undefined
  }

  find(system: System, prefix: string): PrefixEntry | undefined {
    return this.#prefixes.get(ownSystem(system))?.get(prefix)
  }

  subject(id: string): SubjectEntry | undefined {
    return this.#subjects.get(id)
  }

  /** @param code a whole identifier in its normal form, `88.118.1/1XJRACLXEEWEA9` */
  subjectByCode(code: string): SubjectEntry | undefined {
    const id = this.#subjectIdsByCode.get(code)
    return id === undefined ? undefined : this.#subjects.get(id)
  }

  prefixesOf(subjectId: string): readonly PrefixEntry[] {
    const owned = this.#owned.get(subjectId) ?? []
    return [...owned].filter(({ state }) => state === 'enabled').sort(bySystemThenPrefix)
  }

  subjectEpoch(subjectId: string | null): number {
    return subjectId === null ? 0 : (this.#subjects.get(subjectId)?.epoch ?? 0)
  }

  /** Nobody was ever registered here. */
  get isEmpty(): boolean {
    return this.#prefixes.size === 0 && this.#subjects.size === 0
  }

  /** Every prefix in the order of system and prefix, for lists. */
  all(): PrefixEntry[] {
    return [...this.#prefixes.values()]
      .flatMap(prefixes => [...prefixes.values()])
      .sort(bySystemThenPrefix)
  }

  // Rows may be read out of order by two followers; epochs only grow, so the older row is recognised.

  #learnSubject(subject: SubjectEntry): void {
    if (this.subjectEpoch(subject.id) >= subject.epoch) return
    this.#subjects.set(subject.id, subject)
    this.#subjectIdsByCode.set(subject.code, subject.id)
  }

  #learnPrefix(entry: PrefixEntry): void {
    const before = this.find(entry.system, entry.prefix)
    if (before !== undefined && before.epoch >= entry.epoch) return
    if (before !== undefined && before.owner !== null) this.#owned.get(before.owner)?.delete(before)
    if (entry.owner !== null) {
      const owned = this.#owned.get(entry.owner) ?? new Set()
      this.#owned.set(entry.owner, owned.add(entry))
    }
    const system = ownSystem(entry.system)
    const prefixes = this.#prefixes.get(system) ?? new Map<string, PrefixEntry>()
    this.#prefixes.set(system, prefixes.set(entry.prefix, entry))
  }
}

/** A code is registered under a handle prefix; every other system has prefixes of its own. */
function ownSystem(system: System): System {
  return system === 'code' ? 'handle' : system
}

function bySystemThenPrefix(a: Prefix, b: Prefix): number {
  const [first, second] = [`${a.system}:${a.prefix}`, `${b.system}:${b.prefix}`]
  return first < second ? -1 : first > second ? 1 : 0
}
