import assert from 'node:assert/strict'
import { codeVersionMax } from '../model/code.ts'
import { isKeyOf, type KeyAlgorithm, kcvOf, makeKey } from './key-algorithms.ts'
import { KeyError, type KeyPlace, type MasterKey, nameOf, type RandomBytes } from './master-key.ts'

/**
 * What keys are for, and what their scope is:
 * `pepper` of API keys (scope `''`), `code` of one code prefix (the prefix), `dek` of sealed fields
 * (whose data they are), `blindIndex` (scope `''`), `handleServer` that signs Handle answers,
 * `status` that signs status tokens, `token` that signs access tokens (scope `''`: all processes of
 * a node are one server).
 */
export const keyPurposes = [
  'pepper',
  'code',
  'dek',
  'blindIndex',
  'handleServer',
  'status',
  'token',
] as const
export type KeyPurpose = (typeof keyPurposes)[number]

/** Keys that an operator changes while the node runs. */
export const rotatedPurposes = ['code', 'status', 'token'] as const satisfies readonly KeyPurpose[]
export type RotatedPurpose = (typeof rotatedPurposes)[number]

/** Keys that operators are shown; those of single subjects are too many, and tell who there is. */
export const shownPurposes = [
  ...rotatedPurposes,
  'pepper',
  'blindIndex',
  'handleServer',
] as const satisfies readonly KeyPurpose[]
export type ShownPurpose = (typeof shownPurposes)[number]

/** `active` makes new things, `retired` only reads old ones, `destroyed` is gone; never back. */
export const keyStates = ['active', 'retired', 'destroyed'] as const
export type KeyState = (typeof keyStates)[number]

/** A key as it is used: never logged, never stored. */
export interface Key extends KeyPlace {
  readonly purpose: KeyPurpose
  readonly algorithm: KeyAlgorithm
  readonly state: Exclude<KeyState, 'destroyed'>
  /** Others may have it: what it made proves nothing. */
  readonly leaked: boolean
  readonly key: Buffer
  readonly kcv: string
  readonly createdAt: Date
}

/** A key as it is stored. The row `master` wraps nothing: it keeps the master key's check value. */
export interface KeyRow extends KeyPlace {
  readonly purpose: KeyPurpose | 'master'
  readonly algorithm: KeyAlgorithm
  readonly state: KeyState
  readonly leaked: boolean
  /** null in the row `master` and once destroyed. */
  readonly wrapped: Buffer | null
  /** Hex digits by which a key is recognised: 6, and 16 for the master key. */
  readonly kcv: string
  readonly createdAt: Date
}

/** A row as it begins. */
export type NewKeyRow = Omit<KeyRow, 'leaked' | 'createdAt'>

/** A key that is made, and the row that is to keep it. */
export interface NewKey {
  readonly made: Omit<Key, 'createdAt'>
  readonly row: NewKeyRow
}

/** The rows, keyed by purpose, scope and version. Implemented by the storage. */
export interface KeyRows {
  /** All versions, destroyed ones too, in any order. */
  find(purpose: KeyRow['purpose'], scope: string): Promise<readonly KeyRow[]>
  /** @returns when it was made; undefined, having done nothing, when there is such a row */
  insert(row: NewKeyRow): Promise<Date | undefined>
  /** Adds a row that nobody else can be adding. */
  insertFirst(row: NewKeyRow): Promise<void>
  /**
   * Becoming `destroyed` also overwrites `wrapped` with null, in the same statement.
   * @param leaked true marks the key as leaked, for good
   */
  setState(place: KeyPlace, state: KeyState, leaked?: boolean): Promise<void>
}

/** Keys by purpose, scope and version. It remembers none: whoever needs a key often keeps it. */
export interface KeyStore {
  /**
   * Proves the master key before anything is done with it; the first opening of a store binds it.
   * @throws KeyError when the store belongs to another master key
   */
  open(): Promise<void>
  /** The keys that can still be used, by version. */
  list(purpose: KeyPurpose, scope: string): Promise<readonly Key[]>
  /**
   * The newest active key, made if there is none; of many askers one makes it and all get the same.
   * @param algorithm of a key to be made: one that is there keeps its own
   */
  getOrMake(purpose: KeyPurpose, scope: string, algorithm: KeyAlgorithm): Promise<Key>
  /**
   * Adds the next version as active: rotation. The versions before it stay what they are.
   * @param key its bytes where they are given, such as the published ones of the demo; else random
   * @throws KeyError when the versions are used up or another process was faster
   */
  add(purpose: KeyPurpose, scope: string, algorithm: KeyAlgorithm, key?: Buffer): Promise<Key>
  /**
   * @param leaked others may have it; a retired key can be found to have leaked, too
   * @throws KeyError when there is no such key or it is destroyed
   */
  retire(place: KeyPlace & { readonly purpose: KeyPurpose }, leaked?: boolean): Promise<void>
  /** What only this key could open is lost. @throws KeyError when there is no such key */
  destroy(place: KeyPlace & { readonly purpose: KeyPurpose }): Promise<void>
  /** The first key of a scope that is new itself, so that nobody else can be making one: not kept yet, only made. */
  makeFirst(purpose: KeyPurpose, scope: string, algorithm: KeyAlgorithm): Promise<NewKey>
  /** The same keys, read and written through other rows: those of one transaction. */
  over(rows: KeyRows): Omit<KeyStore, 'open' | 'over'>
}

/** Losing the race for a first key once is ordinary, losing it this often is not. */
const attemptsMax = 3

const masterPlace = { purpose: 'master', scope: '', version: 1 } as const

export function makeKeyStore(parts: {
  readonly rows: KeyRows
  readonly masterKey: MasterKey
  readonly random: RandomBytes
}): KeyStore {
  const { rows, masterKey, random } = parts
  let proven = false

  async function prove(): Promise<void> {
    const kcv = masterKey.checkValue
    const row = {
      ...masterPlace,
      algorithm: 'aes-256',
      state: 'active',
      wrapped: null,
      kcv,
    } as const
    const [stored] = await rows.find(masterPlace.purpose, masterPlace.scope)
    if (stored === undefined && (await rows.insert(row)) !== undefined) return
    const bound = stored ?? (await rows.find(masterPlace.purpose, masterPlace.scope))[0]
    if (bound?.kcv === kcv) return
    throw new KeyError(
      `this is the wrong master key: the store belongs to the one with check value ` +
        `${bound?.kcv}, the file holds ${kcv}; point QXM_MASTER_KEY_FILE at the file this store was made with`,
    )
  }

  const isProven = () => proven
  return {
    async open() {
      await prove()
      proven = true
    },
    ...keysIn({ rows, masterKey, random, isProven }),
    over: other => keysIn({ rows: other, masterKey, random, isProven }),
  }
}

interface KeyParts {
  readonly rows: KeyRows
  readonly masterKey: MasterKey
  readonly random: RandomBytes
  readonly isProven: () => boolean
}

function keysIn(parts: KeyParts): Omit<KeyStore, 'open' | 'over'> {
  const { rows, masterKey, random, isProven } = parts

  function rowsOf(purpose: KeyPurpose, scope: string): Promise<readonly KeyRow[]> {
    assert(isProven(), 'the key store is opened before it is used')
    return rows.find(purpose, scope)
  }

  function unwrap(row: KeyRow & { state: Key['state'] }, purpose: KeyPurpose): Key {
    const { scope, version, algorithm, state, leaked, kcv, createdAt } = row
    const key = row.wrapped && masterKey.unwrap(row.wrapped, row)
    if (key === null || !isKeyOf(algorithm, key) || kcvOf(algorithm, key) !== kcv) {
      throw new KeyError(
        `the key ${nameOf(row)} is not the one its check value ${kcv} was computed from: ` +
          'restore that row from a backup of the database',
      )
    }
    return { purpose, scope, version, algorithm, state, leaked, key, kcv, createdAt }
  }

  function usable(found: readonly KeyRow[], purpose: KeyPurpose): Key[] {
    return found
      .filter(isUsable)
      .sort((a, b) => a.version - b.version)
      .map(row => unwrap(row, purpose))
  }

  function wrap(
    place: KeyPlace & { readonly purpose: KeyPurpose },
    algorithm: KeyAlgorithm,
    key: Buffer,
  ): NewKey {
    const { purpose, scope, version } = place
    const named = { purpose, scope, version, algorithm, state: 'active' } as const
    const kcv = kcvOf(algorithm, key)
    const row = { ...named, wrapped: masterKey.wrap(key, named), kcv }
    return { made: { ...named, leaked: false, key, kcv }, row }
  }

  /** @returns undefined where another process was faster */
  async function addAfter(
    found: readonly KeyRow[],
    purpose: KeyPurpose,
    scope: string,
    algorithm: KeyAlgorithm,
    key: Buffer,
  ): Promise<Key | undefined> {
    // Destroyed versions count: a version never means two keys.
    const version = Math.max(0, ...found.map(row => row.version)) + 1
    if (purpose === 'code' && version > codeVersionMax) {
      throw new KeyError(
        `the code prefix ${scope} has used its ${codeVersionMax} key versions: ` +
          'issue further codes under another prefix (QXM_PREFIX)',
      )
    }
    const { made, row } = wrap({ purpose, scope, version }, algorithm, key)
    const createdAt = await rows.insert(row)
    return createdAt && { ...made, createdAt }
  }

  async function setState(
    place: KeyPlace & { purpose: KeyPurpose },
    state: KeyState,
    leaked = false,
  ) {
    const found = await rowsOf(place.purpose, place.scope)
    const row = found.find(({ version }) => version === place.version)
    if (row === undefined || keyStates.indexOf(row.state) > keyStates.indexOf(state)) {
      throw new KeyError(
        `the key ${nameOf(place)} ${row ? `is ${row.state}` : 'does not exist'} and cannot ` +
          `become ${state}: look at the list of keys first`,
      )
    }
    await rows.setState(place, state, leaked)
  }

  return {
    async list(purpose, scope) {
      return usable(await rowsOf(purpose, scope), purpose)
    },

    async getOrMake(purpose, scope, algorithm) {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const found = await rowsOf(purpose, scope)
        const newest = usable(found, purpose).findLast(key => key.state === 'active')
        if (newest !== undefined) return newest
        const fresh = await makeKey(algorithm, random)
        const made = await addAfter(found, purpose, scope, algorithm, fresh)
        if (made !== undefined) return made
      }
      throw new KeyError(
        `no key "${purpose}" of "${scope}" could be made, others change it at the same time: ` +
          'let one process start, then the others',
      )
    },

    async makeFirst(purpose, scope, algorithm) {
      assert(isProven(), 'the key store is opened before it is used')
      return wrap({ purpose, scope, version: 1 }, algorithm, await makeKey(algorithm, random))
    },

    async add(purpose, scope, algorithm, given) {
      const key = given ?? (await makeKey(algorithm, random))
      assert(isKeyOf(algorithm, key), `a key of ${algorithm} has its form`)
      const found = await rowsOf(purpose, scope)
      const added = await addAfter(found, purpose, scope, algorithm, key)
      if (added !== undefined) return added
      throw new KeyError(
        `another process added a key "${purpose}" of "${scope}" at the same moment: ` +
          'look at the list of keys, and add one only if it is still needed',
      )
    },

    retire: (place, leaked) => setState(place, 'retired', leaked),
    destroy: place => setState(place, 'destroyed'),
  }
}

/** Whether no master key was ever bound to the store, so that a missing key file may be made. */
export async function isUnbound(rows: Pick<KeyRows, 'find'>): Promise<boolean> {
  return (await rows.find(masterPlace.purpose, masterPlace.scope)).length === 0
}

function isUsable(row: KeyRow): row is KeyRow & { state: Key['state'] } {
  return row.state !== 'destroyed'
}
