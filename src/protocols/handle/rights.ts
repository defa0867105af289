import { foldAscii } from '../../model/identifier.ts'
import type { StoredRecord } from '../../model/record.ts'
import type { Reference, Value } from '../../model/value.ts'
import { adminOf, referencesOf } from './values/value-data.ts'

/** The rights of an HS_ADMIN (RFC 3651 §3.2.1). */
export const rights = {
  CREATE_HANDLE: 0x0001,
  DELETE_HANDLE: 0x0002,
  CREATE_DERIVED_PREFIX: 0x0004,
  MODIFY_VALUE: 0x0010,
  REMOVE_VALUE: 0x0020,
  ADD_VALUE: 0x0040,
  MODIFY_ADMIN: 0x0080,
  REMOVE_ADMIN: 0x0100,
  ADD_ADMIN: 0x0200,
  READ_VALUE: 0x0400,
  LIST_HANDLES: 0x0800,
} as const

/** Lists read for one decision, and how deep groups may lie in groups: real ones have a handful. */
const listsMax = 32

export type ReadRecord = (handle: string) => Promise<StoredRecord | undefined>

/** Whether one HS_ADMIN among the values gives the identity every right that is needed. */
export type HasRights = (
  identity: Reference,
  values: readonly Value[],
  needed: number,
) => Promise<boolean>

/** Groups (HS_VLIST) are followed into our own records, each once. */
export function makeHasRights({ readRecord }: { readonly readRecord: ReadRecord }): HasRights {
  return async function hasRights(identity, values, needed) {
    const groups: Reference[] = []
    for (const value of values) {
      if (!isAdmin(value)) continue
      const admin = adminOf(value.data)
      if (admin === undefined || (bitsOf(admin.permissions) & needed) !== needed) continue
      if (refersTo(admin, identity)) return true
      groups.push(admin)
    }
    return isMember(identity, groups)
  }

  /** Breadth first; a list that was read, or is one too many, is passed over. */
  async function isMember(identity: Reference, groups: readonly Reference[]): Promise<boolean> {
    const waiting = [...groups]
    const read = new Set<string>()
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const name = nameOf(next)
      if (read.has(name)) continue
      if (read.size === listsMax) return false
      read.add(name)
      const members = await membersOf(next)
      if (members.some(member => refersTo(member, identity))) return true
      // What is not read any more need not wait.
      waiting.push(...members.slice(0, listsMax))
    }
    return false
  }

  async function membersOf({ handle, index }: Reference): Promise<readonly Reference[]> {
    const record = await readRecord(handle)
    return (record?.values ?? [])
      .filter(value => value.type.toUpperCase() === 'HS_VLIST')
      .filter(value => index === 0 || value.index === index)
      .flatMap(value => referencesOf(value.data) ?? [])
  }
}

export function isAdmin({ type }: Pick<Value, 'type'>): boolean {
  return type.toUpperCase() === 'HS_ADMIN'
}

/** Whether a reference means this identity; index 0 means every key of the handle. */
export function refersTo(reference: Reference, identity: Reference): boolean {
  if (reference.index !== 0 && reference.index !== identity.index) return false
  return foldAscii(reference.handle) === foldAscii(identity.handle)
}

function nameOf({ handle, index }: Reference): string {
  return `${index}:${foldAscii(handle)}`
}

function bitsOf(permissions: string): number {
  return Number.parseInt(permissions, 2)
}
