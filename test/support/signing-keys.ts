import { makeEd25519Key } from '../../src/crypto/ed25519-key.ts'
import type { Key } from '../../src/crypto/key-store.ts'

/** An active Ed25519 key of the key store, new and of its own. */
export function aSigningKey(more: Partial<Key> = {}): Key {
  return {
    purpose: 'token',
    scope: '',
    version: 1,
    algorithm: 'ed25519',
    state: 'active',
    leaked: false,
    key: makeEd25519Key(),
    kcv: '000000',
    createdAt: new Date('2026-11-23T06:00:00Z'),
    ...more,
  }
}
