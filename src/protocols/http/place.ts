import type { Place } from '../../access/authority.ts'
import { Failure } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import type { HttpParts } from './parts.ts'

/**
 * Where something lies, as permissions want it.
 * @throws Failure `PREFIX_UNKNOWN` where no prefix we know is responsible
 */
export function placeOf(
  { directory }: Pick<HttpParts, 'directory'>,
  { system, authority }: Pick<Identifier, 'system' | 'authority'>,
): Place {
  const prefix = directory.match({ system, authority })
  if (prefix === undefined) throw new Failure('PREFIX_UNKNOWN')
  return { system, authority, prefix }
}
