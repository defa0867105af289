import type { Identifier, System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { Subject } from '../model/subject.ts'
import { bySystemThenPrefix, OwnedPrefixes } from './owned-prefixes.ts'
import { PrefixIndex } from './prefix-index.ts'

type PrefixEntry = Prefix & { readonly serial: number }
type SubjectEntry = Subject & { readonly epoch: number }

/**
 * All prefixes and subjects in memory: who is responsible for an identifier, and what answers take from its owner.
 * Written only by {@link learn}, which the change follower calls. A million prefixes take less than 200 bytes each
 * (`bench/micro/prefix-match.ts`), so words, owners and lists are shared between rows.
 */
export class PrefixDirectory {
  readonly #nodePrefix: string
  /** The row of that prefix, so that a match need not look into the row it finds. */
  #nodeEntry: PrefixEntry | undefined
  readonly #prefixes: PrefixIndex<PrefixEntry>
  readonly #owned = new OwnedPrefixes<PrefixEntry>()
  readonly #subjects = new Map<string, SubjectEntry>()
  readonly #subjectIdsByCode = new Map<string, string>()
  /** Made when a list is asked for, dropped with the next change. */
  #inOrder: readonly PrefixEntry[] | undefined
  readonly #words = new Map<string, string>()
  readonly #uses = new Map<string, Prefix['uses']>()

  /**
   * @param nodePrefix the prefix this node allots from: it answers for itself, not for what it has not allotted yet
   * @param seed as of {@link PrefixIndex}
   */
  constructor(nodePrefix: string, seed = 0) {
    this.#nodePrefix = nodePrefix
    this.#prefixes = new PrefixIndex(seed)
  }

  /** Takes rows as the store has them now; a row already known is replaced. */
  learn(content: { prefixes: readonly PrefixEntry[]; subjects: readonly SubjectEntry[] }): void {
    for (const subject of content.subjects) this.#learnSubject(subject)
    for (const entry of content.prefixes) this.#learnPrefix(entry)
  }

  match({ system, authority }: Pick<Identifier, 'system' | 'authority'>): PrefixEntry | undefined {
    const entry = this.#prefixes.match(system, authority)
    const isUnallotted = entry === this.#nodeEntry && authority !== this.#nodePrefix
    return isUnallotted ? undefined : entry
  }

  find(system: System, prefix: string): PrefixEntry | undefined {
    return this.#prefixes.find(system, prefix)
  }

  subject(id: string): SubjectEntry | undefined {
    return this.#subjects.get(id)
  }

  /** @param code a whole identifier in its normal form, `88.118.1/1XJRACLXEEWEA9` */
  subjectByCode(code: string): SubjectEntry | undefined {
    const id = this.#subjectIdsByCode.get(code)
    return id === undefined ? undefined : this.#subjects.get(id)
  }

  /** A subject's enabled prefixes, sorted by system, then prefix. */
  prefixesOf(subjectId: string): readonly PrefixEntry[] {
    return this.#owned.of(subjectId)
  }

  subjectEpoch(subjectId: string | null): number {
    return subjectId === null ? 0 : (this.#subjects.get(subjectId)?.epoch ?? 0)
  }

  /** Nobody was ever registered here. */
  get isEmpty(): boolean {
    return this.#prefixes.size === 0 && this.#subjects.size === 0
  }

  /** Every prefix in the order of system and prefix, for lists. */
  all(): readonly PrefixEntry[] {
    this.#inOrder ??= [...this.#prefixes.rows()].sort(bySystemThenPrefix)
    return this.#inOrder
  }

  // Rows may be read out of order by two followers; epochs only grow, so the older row is recognised.

  #learnSubject(subject: SubjectEntry): void {
    if (this.subjectEpoch(subject.id) >= subject.epoch) return
    this.#subjects.set(subject.id, subject)
    this.#subjectIdsByCode.set(subject.code, subject.id)
  }

  #learnPrefix(read: PrefixEntry): void {
    const known = this.find(read.system, read.prefix)
    if (known !== undefined && known.epoch >= read.epoch) return
    const entry = this.#compact(read)
    this.#owned.put(entry, this.#prefixes.put(entry))
    if (entry.system === 'handle' && entry.prefix === this.#nodePrefix) this.#nodeEntry = entry
    this.#inOrder = undefined
  }

  /** Every row read from the store brings its own copy of each word and list, and of its owner's id. */
  #compact(read: PrefixEntry): PrefixEntry {
    const { owner, sites } = read
    return {
      system: this.#share(read.system),
      prefix: read.prefix,
      owner: owner === null ? null : (this.#subjects.get(owner)?.id ?? owner),
      state: this.#share(read.state),
      served: this.#share(read.served),
      sites: sites.length === 0 ? noSites : sites,
      uses: this.#shareUses(read.uses),
      epoch: read.epoch,
      serial: read.serial,
    }
  }

  #share<Word extends string>(word: Word): Word {
    const shared = this.#words.get(word) as Word | undefined
    if (shared === undefined) this.#words.set(word, word)
    return shared ?? word
  }

  #shareUses(uses: Prefix['uses']): Prefix['uses'] {
    const key = uses.join()
    const shared = this.#uses.get(key)
    if (shared === undefined) this.#uses.set(key, uses)
    return shared ?? uses
  }
}

const noSites: Prefix['sites'] = []
