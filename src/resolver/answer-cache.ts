import { LRUCache } from 'lru-cache'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import type { Life } from './life.ts'
import type { Answer, Trust } from './parts.ts'

/** A whole answer as the bytes of a document. */
export type Form = 'json' | 'protobuf'

/** Bytes kept with an answer: its documents, and its values as the Handle wire and the Handle REST API have them. */
export type CachedForm = Form | 'handle' | 'rest'

/** What is remembered of a key: a record with the answer anyone gets, ready to write, or that there is none. */
export interface Entry extends Life {
  /** Undefined: the store was asked, and there is no such identifier. */
  readonly record: StoredRecord | undefined
  /** What anyone gets: the public values. Undefined for what is absent, gone, or an alias that leads nowhere. */
  readonly answer: Answer | undefined
  /** `answer` as bytes, a form encoded when it is first asked for. Owned by the resolver. */
  readonly bytes: Map<CachedForm, Buffer>
  readonly etag: string
  /** The prefix that was responsible and the epochs of what the answer took from it and its owner. */
  readonly prefix: string
  readonly prefixEpoch: number
  /** Of an alias: the prefix of the record it names, and that one's epoch. */
  readonly named: Pick<Prefix, 'system' | 'prefix' | 'epoch'> | undefined
  /** Subject id of the answer's owner. */
  readonly owner: string | null
  readonly ownerEpoch: number
  /** Of an answer from elsewhere. */
  readonly trust?: Trust
}

/** Answers by the key of what was asked. Bounded; says nothing about freshness, which is the resolver's to judge. */
export interface AnswerCache {
  get(key: string): Entry | undefined
  set(key: string, entry: Entry): void
  evict(key: string): void
  clear(): void
  readonly count: number
}

export interface AnswerCacheBounds {
  readonly entriesMax: number
  readonly bytesMax: number
  /** Absent identifiers are remembered apart, so that a flood of unknown ones drives out no answer. */
  readonly absentMax: number
}

/** What an entry costs beyond what its record says: maps, keys, the answer's own members (measured roughly). */
const entryOverheadBytes = 1024
/** What a record says is there as a record, as JSON and perhaps as protobuf; the bytes are made after the entry is kept. */
const copiesOfRecord = 3
/** What the members of each take in JSON beside their texts. */
const membersLength = { record: 250, value: 135, alias: 70, reference: 25 } as const

export function makeAnswerCache({
  entriesMax,
  bytesMax,
  absentMax,
}: AnswerCacheBounds): AnswerCache {
  const present = new LRUCache<string, Entry>({
    max: entriesMax,
    maxSize: bytesMax,
    sizeCalculation: ({ record }) => entryOverheadBytes + copiesOfRecord * lengthOf(record),
  })
  const absent = new LRUCache<string, Entry>({ max: absentMax })

  return {
    get: key => present.get(key) ?? absent.get(key),
    set(key, entry) {
      if (entry.record === undefined) {
        present.delete(key)
        absent.set(key, entry)
      } else {
        absent.delete(key)
        present.set(key, entry)
      }
    },
    evict(key) {
      present.delete(key)
      absent.delete(key)
    },
    clear() {
      present.clear()
      absent.clear()
    },
    get count() {
      return present.size + absent.size
    },
  }
}

/** About as long as the record is in JSON. Every miss is measured, and writing it out would cost more than reading it did. */
function lengthOf(record: StoredRecord | undefined): number {
  if (record === undefined) return 0
  let length = membersLength.record + record.key.length + record.identifier.length
  for (const { type, data, references } of record.values) {
    length += membersLength.value + type.length
    length += typeof data.value === 'string' ? data.value.length : JSON.stringify(data.value).length
    for (const { handle } of references) length += membersLength.reference + handle.length
  }
  for (const { text, key, authority } of record.aliases) {
    length += membersLength.alias + text.length + key.length + authority.length
  }
  return length
}
