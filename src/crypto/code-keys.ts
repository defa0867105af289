import assert from 'node:assert/strict'
import { codeSymbolValue } from '../model/code.ts'
import { type CodeCipher, type CodeKey, makeCodeCipher } from './code-cipher.ts'
import { isPublishedKey } from './key-algorithms.ts'
import type { Key } from './key-store.ts'

/** The codes of one prefix under every version of its key, as these are at the moment. */
export interface CodeKeys extends CodeCipher {
  /** The version that issues: the newest active one. */
  readonly issuing: number
  /** Whether a code was made with a key that everybody has read: it stands for nobody real. */
  isPublished(code: string): boolean
}

/** @param keys of which one is active; destroyed versions are left out, so that their codes are nobody's */
export function makeCodeKeys(prefix: string, keys: readonly Key[]): CodeKeys {
  const active = keys.filter(({ state }) => state === 'active')
  const published = keys.filter(({ algorithm, kcv }) => isPublishedKey(algorithm, kcv))
  const publishedVersions = new Set(published.map(({ version }) => version))
  assert.ok(active.length > 0, `the code prefix ${prefix} has an active key`)
  return {
    ...makeCodeCipher({ prefix, keys: keys.map(codeKeyOf) }),
    issuing: Math.max(...active.map(({ version }) => version)),
    isPublished: code => publishedVersions.has(codeSymbolValue(code[0] ?? '')),
  }
}

/** A key that leaked proves nothing: then the store alone says which codes there are. */
function codeKeyOf({ algorithm, leaked, version, state, key }: Key): CodeKey {
  assert.ok(algorithm === 'sm4' || algorithm === 'aes-256', 'codes are made with a block cipher')
  return { version, state, key, algorithm, filter: !leaked }
}
