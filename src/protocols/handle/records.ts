import { Failure } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import type { StoredRecord } from '../../model/record.ts'
import type { HandleParts } from './parts.ts'
import { Refusal } from './refusal.ts'
import { responseCodes } from './response-codes.ts'

/** A handle and the hosted prefix it lies under. */
export interface Placed {
  readonly identifier: Identifier
  readonly prefix: Prefix
}

/** Records as administration needs them: the stored truth, and only where this node answers. */
export interface OwnRecords {
  /** @throws Failure `IDENTIFIER_MALFORMED`, Refusal SERVER_NOT_RESP where the prefix is not homed here */
  place(handle: string): Placed
  /** Of a handle anywhere: undefined where it is unknown, gone or not ours. */
  read(handle: string): Promise<StoredRecord | undefined>
  /** @throws Refusal HANDLE_NOT_FOUND */
  get(placed: Placed): Promise<StoredRecord>
  find(placed: Placed): Promise<StoredRecord | undefined>
}

export function makeOwnRecords({
  names,
  directory,
  records,
}: Pick<HandleParts, 'names' | 'directory' | 'records'>): OwnRecords {
  function findPlace(handle: string): Placed | undefined {
    const identifier = parseHandle(names, handle)
    const prefix = directory.match(identifier)
    const isOurs = prefix?.served === 'hosted' && prefix.state === 'enabled'
    return prefix !== undefined && isOurs ? { identifier, prefix } : undefined
  }

  async function find({ identifier }: Placed): Promise<StoredRecord | undefined> {
    const record = await records.read(identifier.key)
    return record === undefined || record.gone !== null ? undefined : record
  }

  return {
    place(handle) {
      const placed = findPlace(handle)
      if (placed === undefined) throw new Refusal(responseCodes.SERVER_NOT_RESP, 'not homed here')
      return placed
    },
    async read(handle) {
      try {
        const placed = findPlace(handle)
        return placed && (await find(placed))
      } catch (error) {
        if (error instanceof Failure && error.code === 'IDENTIFIER_MALFORMED') return undefined
        throw error
      }
    },
    async get(placed) {
      const record = await find(placed)
      if (record === undefined) throw new Refusal(responseCodes.HANDLE_NOT_FOUND)
      return record
    },
    find,
  }
}

/**
 * The identifier a handle on the wire names. Other systems' identifiers are asked for in the same
 * field; a text that could be one of several is the handle it is said to be.
 * @throws Failure `IDENTIFIER_MALFORMED`
 */
export function parseHandle(names: HandleParts['names'], handle: string): Identifier {
  try {
    return names.parse(handle)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return names.parse(handle, 'handle')
  }
}
