import { parsePrefixKey } from '../../mapping/prefix-key.ts'
import { isUnder } from '../../mapping/prefix-walk.ts'
import type { System } from '../../model/identifier.ts'

/** Whether an authority (as `Identifier.authority`) lies within. Part by part: 88.118.80 is not within 88.118.8. */
export type Scope = (system: System, authority: string) => boolean

/**
 * The scope that a list of prefixes spans.
 * @param texts as grants and manifests name prefixes: `88.118.8`, `gs1:6901234`
 * @throws Failure `INPUT_INVALID` where one is no prefix
 */
export function makeScope(texts: readonly string[]): Scope {
  const prefixes = texts.map(parsePrefixKey)
  return (system, authority) =>
    prefixes.some(
      granted =>
        registryOf(granted.system) === registryOf(system) &&
        isUnder(system, authority, granted.prefix),
    )
}

/** Whether everything within the narrow list is within the wide one too. */
export function isWithin(narrow: readonly string[], wide: readonly string[]): boolean {
  const scope = makeScope(wide)
  return narrow.map(parsePrefixKey).every(({ system, prefix }) => scope(system, prefix))
}

/** Codes are issued under handle prefixes and have none of their own. */
function registryOf(system: System): System {
  return system === 'code' ? 'handle' : system
}
