import { anyone, type Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import type { Reference, Value } from '../../model/value.ts'
import type { Answer, Referral } from '../../resolver/parts.ts'
import type { Resolution } from '../../resolver/resolve.ts'
import type { HandleDesk } from './desk.ts'
import type { HandleParts } from './parts.ts'
import { parseHandle } from './records.ts'
import { Refusal } from './refusal.ts'
import { responseCodes } from './response-codes.ts'
import { sitesOfReferral } from './site-values.ts'

/** What is asked of a handle, whichever wire it came by. */
export interface HandleQuestion {
  readonly handle: string
  readonly indexes: readonly number[]
  readonly types: readonly string[]
  /** PUBL: values that are not public are left out without a word. */
  readonly publicOnly: boolean
  readonly identity: Reference | undefined
  readonly address: string
  /** AUTH: past the caches. */
  readonly fresh?: boolean
  /** RECU: others are asked for what they answer for. The number of nodes that have passed the question on before us. */
  readonly recursionCount?: number | undefined
  /** Whether who has not said who it is is asked; else as configured. */
  readonly mayChallenge?: boolean
}

export type HandleAnswer =
  | {
      readonly kind: 'values'
      readonly values: readonly Value[]
      /** Set when this is the whole answer that anyone gets, so that its bytes can be shared. */
      readonly shared: Resolution['shared']
      /** Of an answer from elsewhere. */
      readonly trust?: Resolution['trust']
    }
  /** Where to ask instead. @see Referral */
  | { readonly kind: 'service' | 'prefix'; readonly values: readonly Value[] }

export type AskHandle = (question: HandleQuestion) => Promise<HandleAnswer>

/** Real requests name a handful; each is compared with each value. */
const filtersMax = 256

/** id-pointer's heartbeat. */
const heartbeat = '0'

/** Reads whole records: whether somebody may see them is decided here, by their HS_ADMIN. */
const theDoor: Caller = { id: 'handle', role: 'operator', subject: null, prefixes: [] }

/**
 * Answers a question by the rules of RFC 3652 §3.2. Values that are not public are given to whom an HS_ADMIN
 * of the handle lets read; others get the public ones, because ID-SDK leaves PUBL clear without meaning it. Where
 * challenges are configured, nobody is asked who it is.
 * @throws Refusal VALUES_NOT_FOUND when nothing is left; Failure as the resolver
 */
export function makeAskHandle(
  { resolver, names, limits, settings }: HandleParts,
  desk: Pick<HandleDesk, 'mayReadAll'>,
): AskHandle {
  async function resolve(question: HandleQuestion, identifier: Identifier): Promise<Resolution> {
    const { address, indexes, types, fresh = false, recursionCount } = question
    limits.demand(address, 1)
    limits.demandLookUp(address, anyone, identifier)
    try {
      return await resolver.resolve({
        identifier,
        caller: anyone,
        filter: { indexes, types },
        fresh,
        recursionCount,
      })
    } catch (error) {
      if (isUnknown(error)) limits.countUnknown(address, anyone, identifier)
      throw error
    }
  }

  /** The values asked for, those that are not public included. */
  async function everythingOf(question: HandleQuestion, identifier: Identifier) {
    const { indexes, types } = question
    const filter = { indexes, types }
    const { answer } = await resolver.resolve({ identifier, caller: theDoor, filter })
    return answer.values.filter(isReadable)
  }

  async function withheldFrom(
    question: HandleQuestion,
    identifier: Identifier,
    publicValues: readonly Value[],
  ): Promise<readonly Value[]> {
    const { identity } = question
    if (identity !== undefined) {
      const whole = { indexes: [], types: [] }
      const { answer } = await resolver.resolve({ identifier, caller: theDoor, filter: whole })
      if (await desk.mayReadAll(identity, answer)) return everythingOf(question, identifier)
      if (publicValues.length === 0) throw new Refusal(responseCodes.INVALID_ADMIN)
      return publicValues
    }
    if (!(question.mayChallenge ?? settings.challenge)) return publicValues
    const readable = await everythingOf(question, identifier)
    const code =
      readable.length > publicValues.length
        ? responseCodes.AUTHENTICATION_NEEDED
        : responseCodes.INSUFFICIENT_PERMISSIONS
    throw new Refusal(code)
  }

  return async function ask(question) {
    if (question.types.length + question.indexes.length > filtersMax) {
      throw new Refusal(responseCodes.PROTOCOL_ERROR, `more than ${filtersMax} types and indexes`)
    }
    if (question.handle === heartbeat) throw new Refusal(responseCodes.HANDLE_NOT_FOUND)
    const identifier = parseHandle(names, question.handle)
    const { answer, shared, trust } = await resolve(question, identifier)
    if (answer.referral !== null)
      return referralAnswer(identifier, answer, answer.referral, question)
    const hidden = answer.withheld !== undefined && !question.publicOnly
    const values = hidden ? await withheldFrom(question, identifier, answer.values) : answer.values
    if (values.length === 0) throw new Refusal(responseCodes.VALUES_NOT_FOUND)
    return { kind: 'values', values, shared: values === answer.values ? shared : undefined, trust }
  }
}

/**
 * A delegated prefix asked for itself has its sites as values, for the national SDKs, which follow no referral; what
 * lies under it is referred there.
 */
function referralAnswer(
  { key, authority }: Identifier,
  { asOf }: Answer,
  referral: Referral,
  { indexes, types }: HandleQuestion,
): HandleAnswer {
  const isPrefixItself = key.startsWith('0.na/') && authority === referral.prefix
  if (!isPrefixItself) {
    const type = referral.kind === 'service' ? 'HS_SITE' : 'HS_SITE.PREFIX'
    return { kind: referral.kind, values: sitesOfReferral(referral, type, asOf) }
  }
  const values = sitesOfReferral(referral, 'HS_SITE', asOf).filter(value => {
    const isAsked = types.some(type => ['HS_SITE', 'HS_SITE.'].includes(type.toUpperCase()))
    return isAsked || indexes.includes(value.index) || types.length + indexes.length === 0
  })
  if (values.length === 0) throw new Refusal(responseCodes.VALUES_NOT_FOUND)
  return { kind: 'values', values, shared: undefined }
}

/** Readable by an administrator or by everybody. */
function isReadable({ permissions }: Value): boolean {
  return permissions[0] === '1' || permissions[2] === '1'
}

function isUnknown(error: unknown): boolean {
  return error instanceof Failure && error.code === 'IDENTIFIER_UNKNOWN'
}
