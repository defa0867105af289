import assert from 'node:assert/strict'
import { openEd25519Key, publicJwkOfEd25519Key } from './ed25519-key.ts'
import { thumbprintOf, type VerifyKey } from './jwk.ts'
import type { JwtSigner } from './jwt.ts'
import type { Key } from './key-store.ts'

/** A public key as the world is told of it. */
export interface PublishedKey extends VerifyKey {
  /** `next` does not sign yet, `current` signs, `former` signed what may still be believed. */
  readonly state: 'next' | 'current' | 'former'
  readonly validFrom: Date
  /** When the one after it took over; null while there is none. */
  readonly validUntil: Date | null
}

/** The Ed25519 keys of one purpose. */
export interface SigningKeys {
  signer(nowMs: number): JwtSigner
  /** The public key of that name; undefined for one that is unknown, destroyed or leaked. */
  find(kid: string): VerifyKey | undefined
  /** By version. */
  published(nowMs: number): readonly PublishedKey[]
}

interface Entry extends JwtSigner {
  readonly verify: VerifyKey
  readonly isActive: boolean
  readonly createdAtMs: number
}

/**
 * @param keys in the order of their versions; one of them active
 * @param leadMs how long a key is known to everybody before it signs: the newest active one that is as old signs, else
 * the oldest active one
 */
export function makeSigningKeys(keys: readonly Key[], leadMs: number): SigningKeys {
  const entries = keys.filter(({ leaked }) => !leaked).map(entryOf)
  const active = entries.filter(({ isActive }) => isActive)
  const byKid = new Map(entries.map(entry => [entry.kid, entry.verify]))

  function signer(nowMs: number): Entry {
    const found =
      active.findLast(({ createdAtMs }) => createdAtMs + leadMs <= nowMs) ?? active.at(0)
    assert.ok(found !== undefined, 'a purpose that signs has an active key')
    return found
  }

  return {
    signer,
    find: kid => byKid.get(kid),

    published(nowMs) {
      const current = entries.indexOf(signer(nowMs))
      return entries.map(({ verify, createdAtMs }, at) => {
        const after = entries[at + 1]
        return {
          ...verify,
          state: at === current ? 'current' : at < current ? 'former' : 'next',
          validFrom: new Date(at > current ? createdAtMs + leadMs : createdAtMs),
          validUntil: at < current && after ? new Date(after.createdAtMs + leadMs) : null,
        }
      })
    },
  }
}

function entryOf({ key, state, createdAt }: Key): Entry {
  const jwk = publicJwkOfEd25519Key(key)
  const kid = thumbprintOf(jwk)
  return {
    kid,
    key: openEd25519Key(key),
    verify: { kid, alg: 'EdDSA', jwk },
    isActive: state === 'active',
    createdAtMs: createdAt.getTime(),
  }
}
