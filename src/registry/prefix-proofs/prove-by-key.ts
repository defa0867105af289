import { foldAscii } from '../../model/identifier.ts'
import type { Reference, Value } from '../../model/value.ts'
import type { PrefixRecords, SignedText } from './parts.ts'

/** Names looked up for one answer: an administrator's record, a group and its members. */
const lookUpsMax = 12
/** Keys tried for one answer. */
const keysTriedMax = 16

/** Whoever may change who administers a prefix controls it (RFC 3651 §3.2.1, bit 7). */
const modifyAdmin = 0x0080

/**
 * The first key of the prefix's administrators that made this signature. Groups (HS_VLIST) are followed.
 * @param values of the prefix's record
 * @param only of these the one to be tried; undefined: each
 * @throws Failure `UPSTREAM_AWAY` where an administrator's record is kept elsewhere and cannot be asked for
 */
export async function findSigningKey(
  records: PrefixRecords,
  values: readonly Value[],
  { signature, hash, text }: Omit<SignedText, 'user'> & { readonly signature: Buffer },
  only: Reference | undefined,
): Promise<Reference | undefined> {
  let triedCount = 0
  for await (const key of keysOf(records, administratorsIn(records, values))) {
    if (only !== undefined && !isSame(key, only)) continue
    const jwk = records.publicKeyOf(key.value.data)
    if (jwk === undefined) continue
    if (++triedCount > keysTriedMax) return undefined
    if (records.isSignature(jwk, signature, { text, hash, user: key.handle })) {
      return { handle: key.handle, index: key.index }
    }
  }
  return undefined
}

function administratorsIn(
  { adminOf }: PrefixRecords,
  values: readonly Value[],
): readonly Reference[] {
  return values
    .filter(isOf('HS_ADMIN'))
    .flatMap(({ data }) => adminOf(data) ?? [])
    .filter(({ permissions }) => (Number.parseInt(permissions, 2) & modifyAdmin) !== 0)
    .map(({ handle, index }) => ({ handle, index }))
}

/** Breadth first, each record once, and no more than the bound. */
async function* keysOf(
  { lookUp, referencesOf }: PrefixRecords,
  administrators: readonly Reference[],
): AsyncGenerator<Reference & { readonly value: Value }> {
  const waiting = [...administrators]
  const seen = new Map<string, readonly Value[]>()
  const followed = new Set<string>()
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { handle, index } = next
    const name = foldAscii(handle)
    if (followed.has(`${index}:${name}`)) continue
    followed.add(`${index}:${name}`)
    if (!seen.has(name) && seen.size === lookUpsMax) continue
    const values = seen.get(name) ?? (await lookUp(handle)) ?? []
    seen.set(name, values)
    const meant = values.filter(value => index === 0 || value.index === index)
    for (const value of meant.filter(isOf('HS_PUBKEY'))) yield { handle, index: value.index, value }
    const members = meant.filter(isOf('HS_VLIST')).flatMap(({ data }) => referencesOf(data) ?? [])
    waiting.push(...members.slice(0, lookUpsMax))
  }
}

function isOf(type: string): (value: Value) => boolean {
  return value => value.type.toUpperCase() === type
}

function isSame(key: Reference, only: Reference): boolean {
  const isIndex = only.index === 0 || only.index === key.index
  return isIndex && foldAscii(only.handle) === foldAscii(key.handle)
}
