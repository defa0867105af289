import { failures, type UnknownCode } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { Entry } from '../../../resolver/answer-cache.ts'
import type { HandleParts } from '../../handle/parts.ts'
import { parseHandle } from '../../handle/records.ts'
import { Refusal } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import type { ResolveLimits } from '../limits.ts'
import { decodePath } from './paths.ts'

/** What `rest.ts` says to anyone who asks for a whole handle without parameters, from the bytes that the resolver keeps. */
export interface KeptHandles {
  /** Handle's, not those of the other routes. */
  readonly limits: Pick<ResolveLimits, 'admits' | 'admitsLookUp' | 'admitsUnknown'>
  /**
   * @param rawHandle what stands behind `/api/handles/`
   * @throws Refusal, Failure `IDENTIFIER_MALFORMED`; also for what `rest.ts` reads in another way
   */
  parse(rawHandle: string): Identifier
  /** @returns undefined where there is nothing to show, which is said in other words */
  compose(rawHandle: string, entry: Entry): KeptHandle | undefined
  /** What is said of a handle that is not there; undefined where it is said in other words. */
  refusal(rawHandle: string, code: UnknownCode): KeptHandle | undefined
  /** The answer where memory has it. */
  find(rawHandle: string): (KeptHandle & { readonly identifier: Identifier }) | undefined
}

export interface KeptHandle {
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

export const handlesPath = '/api/handles/'

export function makeKeptHandles({
  resolver,
  names,
  limits,
}: Pick<HandleParts, 'resolver' | 'names'> & Pick<KeptHandles, 'limits'>): KeptHandles {
  function parse(rawHandle: string): Identifier {
    // One superfluous slash is dropped there.
    if (rawHandle.startsWith('/')) throw new Refusal(responseCodes.INVALID_HANDLE)
    return parseHandle(names, decodePath(rawHandle))
  }

  function compose(rawHandle: string, entry: Entry): KeptHandle | undefined {
    if (entry.answer === undefined || entry.answer.values.length === 0) return undefined
    const handle = JSON.stringify(decodePath(rawHandle))
    const body = Buffer.concat([
      Buffer.from(`{"responseCode":1,"handle":${handle},"values":`),
      resolver.bytes(entry, 'rest'),
      closing,
    ])
    return { headers: headersOf(body), body }
  }

  return {
    limits,
    parse,
    compose,
    refusal(rawHandle, code) {
      if (code !== 'IDENTIFIER_UNKNOWN') return undefined
      const responseCode = responseCodes.HANDLE_NOT_FOUND
      const handle = decodePath(rawHandle)
      const body = Buffer.from(JSON.stringify({ responseCode, handle, message: failures[code].en }))
      return { headers: headersOf(body), body }
    },
    find(rawHandle) {
      try {
        const identifier = parse(rawHandle)
        const entry = resolver.peek(identifier)?.shared
        const kept = entry && compose(rawHandle, entry)
        return kept && { ...kept, identifier }
      } catch {
        // The ordinary way says what is wrong with it.
        return undefined
      }
    },
  }
}

const closing = Buffer.from('}')

/** As `reply.ts` writes them. */
function headersOf(body: Buffer): string[] {
  return [
    ...['Content-Type', 'application/json;charset=UTF-8', 'Content-Length', String(body.length)],
    ...['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff'],
  ]
}
