import { type System, systems } from '../model/identifier.ts'
import { parsePrefix } from './prefix-walk.ts'

/**
 * Reads a prefix of any system from one text, as paths and lists of prefixes have it: `gs1:6901234`, or a handle
 * prefix as it is.
 * @throws Failure `INPUT_INVALID` where the rest is no prefix of the system
 */
export function parsePrefixKey(text: string): { readonly system: System; readonly prefix: string } {
  const colon = text.indexOf(':')
  const named = systems.find(system => system === text.slice(0, Math.max(colon, 0)))
  const system = named ?? 'handle'
  return { system, prefix: parsePrefix(system, named === undefined ? text : text.slice(colon + 1)) }
}

/** The text {@link parsePrefixKey} reads. */
export function printPrefixKey(system: System, prefix: string): string {
  return system === 'handle' || system === 'code' ? prefix : `${system}:${prefix}`
}
