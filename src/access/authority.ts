import type { Caller } from '../model/caller.ts'
import { type System, systems } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { IsUnder } from './parts.ts'

/** Where an identifier lies, or what a list is about. */
export interface Place {
  readonly system: System
  /** As `Identifier.authority`; of a list, the prefix asked for. */
  readonly authority: string
  /** The longest prefix we know that is responsible for it. */
  readonly prefix: Pick<Prefix, 'owner' | 'served'>
}

/**
 * Whether the caller may write there, as far as prefixes decide; which roles write at all is the
 * permissions' business.
 */
export type HasAuthority = (caller: Caller, place: Place) => boolean

/**
 * Nobody writes under a prefix that is served elsewhere. Under a hosted one: the operator, the
 * caller acting for its owner, and callers that have it, or a prefix above it, on their list.
 */
export function makeHasAuthority({ isUnder }: { readonly isUnder: IsUnder }): HasAuthority {
  return function hasAuthority(caller, { system, authority, prefix }) {
    if (prefix.served !== 'hosted') return false
    if (caller.role === 'operator') return true
    if (caller.subject !== null && caller.subject === prefix.owner) return true
    return caller.prefixes.some(text => {
      const listed = parseListed(text)
      // An empty entry would stand above everything.
      if (listed.system !== system || listed.prefix === '') return false
      return isUnder(system, authority, listed.prefix)
    })
  }
}

/** Reads an entry of a caller's list: `gs1:6901234`, or a handle prefix as it is. */
function parseListed(text: string): { system: System; prefix: string } {
  const colon = text.indexOf(':')
  const system = systems.find(known => known === text.slice(0, Math.max(colon, 0)))
  return system === undefined
    ? { system: 'handle', prefix: text }
    : { system, prefix: text.slice(colon + 1) }
}
