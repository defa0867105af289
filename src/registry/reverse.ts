import type { Caller } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import type { Identifier, System } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import { parseUscc } from '../model/uscc.ts'

export interface ReverseHit {
  readonly identifier: string
  readonly code: string | null
  /** What led there: the type of the value, `alias`, `prefix` or `uscc`. */
  readonly via: string
}

export interface ReversePage {
  readonly items: readonly ReverseHit[]
  readonly next: string | null
}

interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

type RecordPlace = Pick<StoredRecord, 'identifier' | 'system' | 'prefix' | 'subject'>

export interface ReverseParts {
  readonly parseIdentifier: (text: string) => Identifier
  readonly findPrefix: (system: System, prefix: string) => Prefix | undefined
  readonly codeOfSubject: (subjectId: string) => string | undefined
  /** The record an alias or a name leads to, as anyone would be answered. */
  readonly resolveRecord: (identifier: Identifier) => Promise<RecordPlace | undefined>
  /** Records with this very text as a public value. */
  readonly byValue: (
    value: string,
    page: PageRequest,
  ) => Promise<{ items: readonly (RecordPlace & { via: string })[]; next: string | null }>
  readonly subjectByUscc: (uscc: string) => Promise<{ id: string; code: string } | undefined>
  readonly mayFindByUscc: (caller: Caller, subjectId: string) => boolean
}

export interface Reverse {
  find(
    what: { readonly value: string } | { readonly system: System; readonly prefix: string },
    caller: Caller,
    page: PageRequest,
  ): Promise<ReversePage>
}

/** From a public value, another spelling or a prefix back to who and what has it. */
export function makeReverse(parts: ReverseParts): Reverse {
  return {
    async find(what, caller, page) {
      if (!('value' in what)) return one(ownerOfPrefix(parts, what))
      const byValue = await parts.byValue(what.value, page)
      const items = byValue.items.map(place => hitOf(parts, place, place.via))
      if (page.cursor !== undefined) return { items, next: byValue.next }
      const named = [await byName(parts, what.value), await byUscc(parts, what.value, caller)]
      const more = named.filter(
        hit => hit !== undefined && items.every(({ identifier }) => identifier !== hit.identifier),
      )
      return { items: [...(more as ReverseHit[]), ...items], next: byValue.next }
    },
  }
}

function ownerOfPrefix(
  { findPrefix, codeOfSubject }: ReverseParts,
  { system, prefix }: { system: System; prefix: string },
): ReverseHit | undefined {
  const owner = findPrefix(system, prefix)?.owner ?? null
  const code = owner === null ? undefined : codeOfSubject(owner)
  return code === undefined ? undefined : { identifier: code, code, via: 'prefix' }
}

async function byName(parts: ReverseParts, text: string): Promise<ReverseHit | undefined> {
  const identifier = ifWellFormed(() => parts.parseIdentifier(text))
  const place = identifier && (await parts.resolveRecord(identifier))
  return (
    place && hitOf(parts, place, place.identifier === identifier?.text ? 'identifier' : 'alias')
  )
}

/** A credit code finds its subject only for those who may know that it does; for others it is a text like any other. */
async function byUscc(
  { subjectByUscc, mayFindByUscc }: ReverseParts,
  text: string,
  caller: Caller,
): Promise<ReverseHit | undefined> {
  const parsed = ifWellFormed(() => parseUscc(text))
  const subject = parsed && (await subjectByUscc(parsed.text))
  if (subject === undefined || !mayFindByUscc(caller, subject.id)) return undefined
  return { identifier: subject.code, code: subject.code, via: 'uscc' }
}

function hitOf(
  { findPrefix, codeOfSubject }: ReverseParts,
  { identifier, system, prefix, subject }: RecordPlace,
  via: string,
): ReverseHit {
  const owner = subject ?? findPrefix(system, prefix)?.owner ?? null
  return { identifier, code: (owner === null ? undefined : codeOfSubject(owner)) ?? null, via }
}

function ifWellFormed<Parsed>(parse: () => Parsed): Parsed | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

function one(hit: ReverseHit | undefined): ReversePage {
  return { items: hit === undefined ? [] : [hit], next: null }
}
