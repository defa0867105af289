import { anyone } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { SiteAddress } from '../model/prefix.ts'
import type { Value } from '../model/value.ts'
import { signatureHashOf } from '../protocols/handle/bodies/challenge-answer.ts'
import { isPrivate } from '../protocols/handle/client/site-choice.ts'
import { verifySignature } from '../protocols/handle/identity/verify-key.ts'
import {
  adminOf,
  publicKeyOf,
  referencesOf,
  siteOf,
} from '../protocols/handle/values/value-data.ts'
import type { PrefixRecords } from '../registry/prefix-proofs/parts.ts'
import { sitesMax } from '../registry/prefixes.ts'
import type { Config } from '../runtime/config.ts'
import type { Reading } from './reading.ts'

/** Names in the identifier system as registration asks for them: here, at delegated sites, and from the roots down. */
export function makePrefixRecords(
  { handle }: Pick<Config, 'handle'>,
  {
    names,
    directory,
    resolver,
    upstream,
  }: Pick<Reading, 'names' | 'directory' | 'resolver' | 'upstream'>,
): PrefixRecords {
  async function valuesOf(identifier: Identifier): Promise<readonly Value[] | undefined> {
    const prefix = directory.match(identifier)
    if (prefix?.served === 'hosted') {
      const filter = { types: [], indexes: [] }
      const question = { identifier, caller: anyone, filter, fresh: true }
      return (await resolver.resolve(question)).answer.values
    }
    // The record of a delegated prefix that matters here is the one its holder keeps, not our referral.
    if (!upstream.mayAsk(identifier, prefix)) return undefined
    const { values, trust } = await upstream.ask(identifier, prefix, 0)
    return trust === 'refuted' ? undefined : values
  }

  return {
    async lookUp(name) {
      try {
        return await valuesOf(names.parse(name, 'handle'))
      } catch (error) {
        if (error instanceof Failure && isAbsent(error)) return undefined
        throw error
      }
    },
    adminOf,
    referencesOf,
    publicKeyOf,
    sitesOf: values =>
      values
        .filter(({ type }) => /^HS_SITE(?:\.6)?$/i.test(type))
        .flatMap(({ data }) => siteOf(data)?.servers ?? [])
        .map(({ address, interfaces }) => ({ address, protocols: queriedOver(interfaces) }))
        // What somebody else's record says must not lead into our own network.
        .filter(({ address }) => handle.privateSites || !isPrivate(address))
        .filter(({ protocols }) => protocols.length > 0)
        .slice(0, sitesMax),
    isSignature: (key, signature, { text, hash, user }) =>
      verifySignature(key, signatureHashOf(hash), signature, {
        challenged: text,
        user,
        // Nothing old speaks this protocol.
        legacyDigests: false,
      }),
  }
}

function queriedOver(
  interfaces: readonly { query: boolean; protocol: string; port: number }[],
): SiteAddress['protocols'] {
  return interfaces.flatMap(({ query, protocol, port }) =>
    query && (protocol === 'TCP' || protocol === 'UDP') ? [{ protocol, port }] : [],
  )
}

/** A name that nobody has written, or that cannot be one. */
function isAbsent({ code }: Failure): boolean {
  return [
    'IDENTIFIER_UNKNOWN',
    'PREFIX_UNKNOWN',
    'IDENTIFIER_GONE',
    'IDENTIFIER_MALFORMED',
  ].includes(code)
}
