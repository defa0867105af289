import type { Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { Prefix } from '../../model/prefix.ts'
import type { StoredRecord } from '../../model/record.ts'
import type { Reference, Value } from '../../model/value.ts'
import type { HandleParts } from './parts.ts'
import { makeOwnRecords, type OwnRecords, type Placed } from './records.ts'
import { Refusal } from './refusal.ts'
import { responseCodes } from './response-codes.ts'
import { isAdmin, makeHasRights, refersTo, rights } from './rights.ts'

/** Who asks: a key whose possession was proved, or nobody. */
export type Identity = Reference | undefined

/** Administration by the rules of the Handle System, whichever wire it came by (RFC 3652 §3.6, §3.7). */
export interface HandleDesk {
  readonly records: OwnRecords
  /** Without `overwrite` an existing handle is HANDLE_ALREADY_EXISTS; with `mint` the suffix is completed. */
  create(
    identity: Identity,
    handle: string,
    values: readonly Value[],
    options: { readonly overwrite: boolean; readonly mint: boolean },
  ): Promise<{ readonly handle: string; readonly overwrote: boolean }>
  remove(identity: Identity, handle: string): Promise<void>
  /** Without `overwrite` a taken index is VALUE_ALREADY_EXISTS. @returns whether values were overwritten */
  addValues(
    identity: Identity,
    handle: string,
    values: readonly Value[],
    options: { readonly overwrite: boolean },
  ): Promise<boolean>
  removeValues(identity: Identity, handle: string, indexes: readonly number[]): Promise<void>
  modifyValues(identity: Identity, handle: string, values: readonly Value[]): Promise<void>
  /** Handles right under a prefix, in the order of their keys. @param handle `0.NA/<prefix>` or the bare prefix */
  list(identity: Identity, handle: string): Promise<AsyncIterable<string>>
  /** Whether the identity may read what is not public of this record. */
  mayReadAll(identity: Reference, record: Pick<StoredRecord, 'values'>): Promise<boolean>
  home(identity: Identity, handle: string): Promise<void>
  unhome(identity: Identity, handle: string): Promise<void>
  /** Prefix handles of all prefixes homed here. */
  listHomed(identity: Identity): readonly string[]
}

/** Between reading a record and writing it somebody else may write; losing this often is not ordinary. */
const attemptsMax = 4
const mintedSuffixBytes = 10
const handlesPerRead = 1000

export function makeHandleDesk(parts: HandleParts): HandleDesk {
  const { identifiers, prefixes, directory, settings, random } = parts
  const records = makeOwnRecords(parts)
  const hasRights = makeHasRights({ readRecord: records.read })

  /** @throws Refusal AUTHENTICATION_NEEDED for nobody, INVALID_ADMIN for who has not the rights */
  async function demand(
    identity: Identity,
    values: readonly Value[],
    needed: number,
  ): Promise<Reference> {
    if (identity === undefined) throw new Refusal(responseCodes.AUTHENTICATION_NEEDED)
    if (await hasRights(identity, values, needed)) return identity
    throw new Refusal(responseCodes.INVALID_ADMIN)
  }

  /** Creating is the prefix's to allow: `0.NA/a.b` is derived from `0.NA/a`, all else lies under its prefix. */
  async function demandCreate(
    identity: Identity,
    { identifier, prefix }: Placed,
  ): Promise<Reference> {
    const isPrefixRecord = identifier.key.startsWith('0.na/')
    const parent = isPrefixRecord ? parentOf(identifier.authority) : prefix.prefix
    const record = parent === undefined ? undefined : await records.read(`0.NA/${parent}`)
    const needed = isPrefixRecord ? rights.CREATE_DERIVED_PREFIX : rights.CREATE_HANDLE
    return demand(identity, record?.values ?? [], needed)
  }

  async function demandOverwrite(
    identity: Identity,
    placed: Placed,
    before: StoredRecord,
    values: readonly Value[],
  ): Promise<Reference> {
    if (identity === undefined) throw new Refusal(responseCodes.AUTHENTICATION_NEEDED)
    if (await hasRights(identity, before.values, rights.DELETE_HANDLE)) return identity
    if (await hasRights(identity, before.values, rightsToReplace(before.values, values)))
      return identity
    return demandCreate(identity, placed)
  }

  /** A holder of a key as the rest of the house sees it: its HS_ADMIN was looked at, so it writes here and nowhere else. */
  function writerFor(identity: Identity, { prefix }: Prefix): Caller {
    const id = callerId(identity)
    const caller: Caller = { id, role: 'agent', subject: null, prefixes: [prefix] }
    parts.demandWrite(caller)
    return caller
  }

  /** Reads, decides and writes a record; again when somebody else wrote in between. */
  async function change(
    placed: Placed,
    identity: Identity,
    decide: (record: StoredRecord) => Promise<readonly Value[]>,
  ): Promise<void> {
    const caller = writerFor(identity, placed.prefix)
    for (let attempt = 1; ; attempt++) {
      const record = await records.get(placed)
      const values = await decide(record)
      try {
        await identifiers.patch(record.identifier, { values }, { caller, ifSerial: record.serial })
        return
      } catch (error) {
        const isRaced = error instanceof Failure && error.code === 'VERSION_STALE'
        if (!isRaced || attempt === attemptsMax) throw error
      }
    }
  }

  function demandServerAdmin(identity: Identity): Caller {
    if (identity === undefined) throw new Refusal(responseCodes.AUTHENTICATION_NEEDED)
    if (!settings.serverAdmins.some(admin => refersTo(admin, identity))) {
      throw new Refusal(responseCodes.INVALID_ADMIN)
    }
    return { id: callerId(identity), role: 'operator', subject: null, prefixes: [] }
  }

  async function* handlesUnder(prefix: string): AsyncGenerator<string> {
    let cursor: string | undefined
    do {
      const page = await parts.records.list('handle', prefix, { cursor, limit: handlesPerRead })
      for (const { identifier } of page.items) {
        if (isRightUnder(identifier, prefix)) yield identifier
      }
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  return {
    records,

    async create(identity, asked, values, { overwrite, mint }) {
      checkValues(values)
      const handle = mint ? `${asked}${random(mintedSuffixBytes).toString('hex')}` : asked
      const placed = records.place(handle)
      const before = overwrite ? await records.find(placed) : undefined
      const who =
        before === undefined
          ? await demandCreate(identity, placed)
          : await demandOverwrite(identity, placed, before, values)
      const request = {
        caller: writerFor(who, placed.prefix),
        ...(before === undefined ? {} : { ifSerial: before.serial }),
      }
      if (before === undefined) await identifiers.create(handle, { values }, request)
      else await identifiers.patch(before.identifier, { values }, request)
      return { handle, overwrote: before !== undefined }
    },

    async remove(identity, handle) {
      const placed = records.place(handle)
      const record = await records.get(placed)
      const who = await demand(identity, record.values, rights.DELETE_HANDLE)
      await identifiers.remove(
        record.identifier,
        {},
        { caller: writerFor(who, placed.prefix), ifSerial: record.serial },
      )
    },

    async addValues(identity, handle, values, { overwrite }) {
      checkValues(values)
      const placed = records.place(handle)
      let overwrote = false
      await change(placed, identity, async record => {
        const taken = new Map(record.values.map(value => [value.index, value]))
        overwrote = values.some(({ index }) => taken.has(index))
        const needed = values.reduce((bits, value) => {
          const former = taken.get(value.index)
          return bits | (former === undefined ? rightToAdd(value) : rightToModify(former, value))
        }, 0)
        await demand(identity, record.values, needed)
        if (overwrote && !overwrite) throw new Refusal(responseCodes.VALUE_ALREADY_EXISTS)
        for (const { index } of values) refuseUnwritable(taken.get(index))
        return merged(record.values, values)
      })
      return overwrote
    },

    async removeValues(identity, handle, indexes) {
      if (indexes.length === 0) throw new Refusal(responseCodes.INVALID_VALUE)
      checkIndexes(indexes)
      const placed = records.place(handle)
      await change(placed, identity, async record => {
        const removed = record.values.filter(({ index }) => indexes.includes(index))
        const needed = removed.reduce((bits, value) => bits | rightToRemove(value), 0)
        await demand(identity, record.values, needed || rights.REMOVE_VALUE)
        if (removed.length < indexes.length) throw new Refusal(responseCodes.VALUES_NOT_FOUND)
        for (const value of removed) refuseUnwritable(value)
        return record.values.filter(({ index }) => !indexes.includes(index))
      })
    },

    async modifyValues(identity, handle, values) {
      checkValues(values)
      const placed = records.place(handle)
      await change(placed, identity, async record => {
        const before = new Map(record.values.map(value => [value.index, value]))
        const needed = values.reduce((bits, value) => {
          const former = before.get(value.index)
          if (former === undefined) return bits | rights.MODIFY_VALUE
          return isPublicWritable(former, value) ? bits : bits | rightToModify(former, value)
        }, 0)
        if (needed !== 0) await demand(identity, record.values, needed)
        if (values.some(({ index }) => !before.has(index))) {
          throw new Refusal(responseCodes.VALUES_NOT_FOUND)
        }
        for (const { index } of values) refuseUnwritable(before.get(index))
        return merged(record.values, values)
      })
    },

    async list(identity, handle) {
      if (!settings.listing) throw new Refusal(responseCodes.OPERATION_NOT_SUPPORTED)
      const { identifier } = records.place(handle)
      if (!identifier.key.startsWith('0.na/')) throw new Refusal(responseCodes.INVALID_HANDLE)
      const record = await records.read(identifier.text)
      await demand(identity, record?.values ?? [], rights.LIST_HANDLES)
      return handlesUnder(identifier.authority)
    },

    mayReadAll: (identity, { values }) => hasRights(identity, values, rights.READ_VALUE),

    async home(identity, handle) {
      const caller = demandServerAdmin(identity)
      const prefix = prefixOf(parts, handle)
      if (directory.find('handle', prefix) === undefined) await prefixes.create({ prefix }, caller)
      else {
        await prefixes.patch('handle', prefix, { state: 'enabled', served: 'hosted' }, { caller })
      }
    },

    async unhome(identity, handle) {
      const caller = demandServerAdmin(identity)
      const prefix = prefixOf(parts, handle)
      if (directory.find('handle', prefix) === undefined) {
        throw new Refusal(responseCodes.HANDLE_NOT_FOUND)
      }
      await prefixes.patch('handle', prefix, { state: 'disabled' }, { caller })
    },

    listHomed(identity) {
      demandServerAdmin(identity)
      return directory
        .all()
        .filter(({ system, served, state }) => {
          return system === 'handle' && served === 'hosted' && state === 'enabled'
        })
        .map(({ prefix }) => `0.NA/${prefix}`)
    },
  }
}

/** Values that everybody may write are written by nobody in particular. */
function callerId(identity: Identity): string {
  return identity === undefined ? 'handle:anyone' : `handle:${identity.index}:${identity.handle}`
}

function checkValues(values: readonly Value[]): void {
  if (values.length === 0) throw new Refusal(responseCodes.INVALID_VALUE, 'no values')
  checkIndexes(values.map(({ index }) => index))
}

function checkIndexes(indexes: readonly number[]): void {
  if (indexes.some(index => index < 1)) throw new Refusal(responseCodes.INVALID_VALUE, 'index')
  if (new Set(indexes).size < indexes.length) {
    throw new Refusal(responseCodes.VALUE_ALREADY_EXISTS, 'an index twice')
  }
}

function merged(before: readonly Value[], values: readonly Value[]): readonly Value[] {
  const written = new Set(values.map(({ index }) => index))
  return [...before.filter(({ index }) => !written.has(index)), ...values]
}

/** What nobody may write is not written by an administrator either. */
function refuseUnwritable(value: Value | undefined): void {
  if (value === undefined || value.permissions[1] === '1' || value.permissions[3] === '1') return
  throw new Refusal(responseCodes.INSUFFICIENT_PERMISSIONS)
}

/** Everybody may write it; what it says about administrators or permissions stays an administrator's business. */
function isPublicWritable(former: Value, value: Value): boolean {
  if (isAdmin(former) || isAdmin(value)) return false
  return former.permissions[3] === '1' && former.permissions === value.permissions
}

function rightToAdd(value: Value): number {
  return isAdmin(value) ? rights.ADD_ADMIN : rights.ADD_VALUE
}

function rightToRemove(value: Value): number {
  return isAdmin(value) ? rights.REMOVE_ADMIN : rights.REMOVE_VALUE
}

/** A value may become an administrator's, or stop being one. */
function rightToModify(former: Value, value: Value): number {
  if (isAdmin(former) && isAdmin(value)) return rights.MODIFY_ADMIN
  if (isAdmin(value)) return rights.MODIFY_VALUE | rights.ADD_ADMIN
  if (isAdmin(former)) return rights.REMOVE_ADMIN | rights.MODIFY_VALUE
  return rights.MODIFY_VALUE
}

function rightsToReplace(before: readonly Value[], values: readonly Value[]): number {
  const kept = new Set(values.map(({ index }) => index))
  const former = new Map(before.map(value => [value.index, value]))
  const removing = before
    .filter(({ index }) => !kept.has(index))
    .reduce((bits, value) => bits | rightToRemove(value), 0)
  return values.reduce((bits, value) => {
    const old = former.get(value.index)
    return bits | (old === undefined ? rightToAdd(value) : rightToModify(old, value))
  }, removing)
}

/** `88.118` of `88.118.8`. */
function parentOf(prefix: string): string | undefined {
  const dot = prefix.lastIndexOf('.')
  return dot < 0 ? undefined : prefix.slice(0, dot)
}

function isRightUnder(identifier: string, prefix: string): boolean {
  return identifier.charAt(prefix.length) === '/'
}

/** @throws Refusal INVALID_HANDLE where the handle names no prefix */
function prefixOf({ names }: HandleParts, handle: string): string {
  const { key, authority } = names.parse(handle, 'handle')
  if (!key.startsWith('0.na/')) throw new Refusal(responseCodes.INVALID_HANDLE)
  return authority
}
