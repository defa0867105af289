import { foldAscii } from '../../../model/identifier.ts'
import type { Site, Value } from '../../../model/value.ts'
import type { Clock } from '../../../runtime/clock.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import { decodeReferral } from '../bodies/referral.ts'
import { decodeResolutionAnswer } from '../bodies/resolution.ts'
import { responseCodes } from '../response-codes.ts'
import { siteOf, textOf } from '../values/value-data.ts'
import type { AskService } from './ask-service.ts'
import type { Service } from './parts.ts'
import type { ServerAnswer } from './question-frame.ts'
import { ServerAway } from './server-away.ts'
import type { SiteCache } from './site-cache.ts'
import { within } from './within.ts'

/** What a handle resolves to somewhere else. */
export type Found =
  | { readonly kind: 'values'; readonly values: readonly Value[] }
  | { readonly kind: 'unknownHandle' }
  | { readonly kind: 'unknownPrefix' }

/** The way goes in a circle, or on for longer than we follow. */
export class WalkTooLong extends Error {
  override readonly name = 'WalkTooLong'
}

export interface Walk {
  /**
   * Resolves a handle at the service that answers for it.
   * @param start that service where it is known; else it is looked for from the root down
   * @throws ServerAway, WalkTooLong, or the signal's reason
   */
  resolve(
    handle: string,
    start: Service | undefined,
    options: { readonly recursionCount: number; readonly signal: AbortSignal },
  ): Promise<Found>
}

export interface WalkParts {
  readonly askService: AskService
  readonly siteCache: SiteCache
  readonly clock: Pick<Clock, 'now' | 'after'>
  /** From the configuration; without sites no prefix is found. */
  readonly roots: Service
  /** `recursiveNode`: the roots are nodes that find every prefix for us and are asked for it bare, as the national SDKs do. */
  readonly mode: 'walk' | 'recursiveNode'
  /** Services asked for one question. */
  readonly hopsMax: number
  /** To find the service of a prefix. */
  readonly timeoutMs: number
}

/** How far one question has come. */
interface Trail {
  readonly signal: AbortSignal
  readonly recursionCount: number
  /** What was asked where: a service asked the same thing twice is a circle. */
  readonly asked: Set<string>
}

const prefixHandleStart = '0.NA/'
const siteTypes = ['HS_SITE', 'HS_SITE.6']
const serviceTypes = ['HS_SERV']
const derivedSiteTypes = ['HS_SITE.PREFIX', 'HS_NA_DELEGATE']
const derivedServiceTypes = ['HS_SERV.PREFIX']
/** How long a prefix that nobody knows stays unknown. */
const absentTtlSeconds = 10

/** From the root over the record of the prefix to the service that answers (RFC 3650 §3.2, RFC 3652 §3.2, §3.4). */
export function makeWalk(parts: WalkParts): Walk {
  const { askService, siteCache, clock, roots, mode, hopsMax, timeoutMs } = parts
  /** Prefixes being looked for, so that many questions at once are one look-up. */
  const flights = new Map<string, Promise<Service | undefined>>()

  /** Asks a service, and those it refers to. */
  async function follow(
    start: Service,
    handle: string,
    types: readonly string[],
    trail: Trail,
  ): Promise<Found> {
    let service = start
    for (;;) {
      enter(trail, service, handle, types)
      const question = { handle, types, recursionCount: trail.recursionCount }
      const answer = await askService(service, question, trail.signal)
      switch (answer.responseCode) {
        case responseCodes.SUCCESS:
          return { kind: 'values', values: readBody(answer, decodeResolutionAnswer).values }
        case responseCodes.VALUES_NOT_FOUND:
          return { kind: 'values', values: [] }
        case responseCodes.HANDLE_NOT_FOUND:
          return { kind: 'unknownHandle' }
        case responseCodes.SERVER_NOT_RESP:
          // Who keeps records of prefixes and has none for this one; elsewhere, who was wrongly named to us.
          if (isPrefixHandle(handle)) return { kind: 'unknownHandle' }
          throw new ServerAway('the server is not responsible for the handle')
        case responseCodes.SERVICE_REFERRAL:
          service = await referredTo(answer, trail)
          break
        case responseCodes.PREFIX_REFERRAL:
          // It says where a prefix's record is, and nothing about other handles.
          if (!isPrefixHandle(handle)) throw new ServerAway('a prefix referral for a handle')
          service = await referredTo(answer, trail)
          break
        default:
          throw new ServerAway(`the server answered with code ${answer.responseCode}`)
      }
    }
  }

  function enter(trail: Trail, service: Service, handle: string, types: readonly string[]): void {
    const servers = service.sites.flatMap(({ servers }) =>
      servers.map(
        ({ address, interfaces }) => `${address} ${interfaces.map(({ port }) => port).join()}`,
      ),
    )
    const step = `${foldAscii(handle)} ${types.join()} ${servers.join(';')}`
    if (trail.asked.has(step)) throw new WalkTooLong('the servers refer to each other')
    trail.asked.add(step)
    if (trail.asked.size > hopsMax) throw new WalkTooLong(`more than ${hopsMax} servers`)
  }

  /** Values alone, a service handle alone, or both: the values are nearer. */
  async function referredTo(answer: ServerAnswer, trail: Trail): Promise<Service> {
    const { handle, values = [] } = readBody(answer, decodeReferral)
    const service =
      (await serviceIn(values, siteTypes, serviceTypes, trail)) ??
      (await serviceIn(values, derivedSiteTypes, derivedServiceTypes, trail)) ??
      (handle === '' ? undefined : await serviceNamed(handle, trail))
    if (service === undefined) throw new ServerAway('a referral to nowhere')
    return service
  }

  /** The service that values of a prefix's record name: by its sites, or by a handle that has them. */
  async function serviceIn(
    values: readonly Value[],
    types: readonly string[],
    nameTypes: readonly string[],
    trail: Trail,
  ): Promise<Service | undefined> {
    const sites = sitesIn(values, types)
    if (sites.length > 0) return { sites, isForeign: true }
    const named = values.find(value => nameTypes.includes(value.type.toUpperCase()))
    const name = named && textOf(named.data)
    return name === undefined ? undefined : serviceNamed(name, trail)
  }

  async function serviceNamed(handle: string, trail: Trail): Promise<Service | undefined> {
    const home = isPrefixHandle(handle) ? roots : await findService(prefixOf(handle), trail)
    if (home === undefined) return undefined
    const found = await follow(home, handle, siteTypes, trail)
    const sites = found.kind === 'values' ? sitesIn(found.values, siteTypes) : []
    return sites.length === 0 ? undefined : { sites, isForeign: true }
  }

  async function findService(prefix: string, trail: Trail): Promise<Service | undefined> {
    if (roots.sites.length === 0) return undefined
    const kept = siteCache.get(prefix)
    if (kept !== undefined) return kept.service
    const { service, ttlSeconds } =
      mode === 'walk' ? await lookUp(prefix, trail) : await lookUpAtNode(prefix, trail)
    siteCache.set(prefix, service, ttlSeconds)
    return service
  }

  async function lookUpAtNode(prefix: string, trail: Trail): Promise<LookedUp> {
    const found = await follow(roots, prefix, siteTypes, trail)
    return lookedUp(found, await serviceOfRecord(found, trail))
  }

  async function lookUp(prefix: string, trail: Trail): Promise<LookedUp> {
    const handle = prefixHandleStart + prefix
    const types = [...siteTypes, ...serviceTypes]
    const found = await follow(roots, handle, types, trail)
    const service = await serviceOfRecord(found, trail)
    if (service !== undefined) return lookedUp(found, service)
    // The record of a derived prefix may be kept where an ancestor's record says.
    const holder = await holderOfDerived(prefix, trail)
    if (holder === undefined) return lookedUp(found, undefined)
    const derived = await follow(holder, handle, types, trail)
    return lookedUp(derived, await serviceOfRecord(derived, trail))
  }

  async function serviceOfRecord(found: Found, trail: Trail): Promise<Service | undefined> {
    if (found.kind !== 'values') return undefined
    return serviceIn(found.values, siteTypes, serviceTypes, trail)
  }

  async function holderOfDerived(prefix: string, trail: Trail): Promise<Service | undefined> {
    const types = [...derivedSiteTypes, ...derivedServiceTypes]
    for (let parent = parentOf(prefix); parent !== undefined; parent = parentOf(parent)) {
      const found = await follow(roots, prefixHandleStart + parent, types, trail)
      if (found.kind !== 'values') continue
      return serviceIn(found.values, derivedSiteTypes, derivedServiceTypes, trail)
    }
    return undefined
  }

  /** Looked for on its own time: whoever asked first may not wait any more, while others do. */
  function shareLookUp(prefix: string): Promise<Service | undefined> {
    const underWay = flights.get(prefix)
    if (underWay !== undefined) return underWay
    const deadline = within(clock, timeoutMs)
    const trail = { signal: deadline.signal, recursionCount: 0, asked: new Set<string>() }
    const flight = findService(prefix, trail).finally(() => {
      deadline[Symbol.dispose]()
      flights.delete(prefix)
    })
    flights.set(prefix, flight)
    return flight
  }

  /** @returns seconds; the shortest life of what was used, 0 where it may not be kept */
  function lookedUp(found: Found, service: Service | undefined): LookedUp {
    if (found.kind !== 'values' || service === undefined) {
      return { service, ttlSeconds: absentTtlSeconds }
    }
    const ttls = found.values.map(({ ttl }) =>
      typeof ttl === 'number' ? ttl : Math.max(0, (Date.parse(ttl) - clock.now()) / 1000),
    )
    return { service, ttlSeconds: Math.min(...ttls) }
  }

  return {
    async resolve(handle, start, { recursionCount, signal }) {
      const prefix = prefixOf(handle)
      const service = start ?? (await abortable(shareLookUp(prefix), signal))
      if (service === undefined) return { kind: 'unknownPrefix' }
      try {
        return await follow(service, handle, [], { signal, recursionCount, asked: new Set() })
      } catch (error) {
        // It may have moved: the next question looks for it again.
        if (start === undefined) siteCache.delete(prefix)
        throw error
      }
    },
  }
}

interface LookedUp {
  readonly service: Service | undefined
  readonly ttlSeconds: number
}

/** The handle of a prefix is looked up where that prefix's own record lies, which is at the root. */
function prefixOf(handle: string): string {
  const slash = handle.indexOf('/')
  const prefix = isPrefixHandle(handle)
    ? handle.slice(prefixHandleStart.length)
    : handle.slice(0, slash)
  return foldAscii(prefix)
}

function isPrefixHandle(handle: string): boolean {
  return (
    !handle.includes('/') ||
    handle.slice(0, prefixHandleStart.length).toUpperCase() === prefixHandleStart
  )
}

/** `88.118` of `88.118.8`. */
function parentOf(prefix: string): string | undefined {
  const dot = prefix.lastIndexOf('.')
  return dot < 0 ? undefined : prefix.slice(0, dot)
}

function sitesIn(values: readonly Value[], types: readonly string[]): readonly Site[] {
  return values
    .filter(({ type }) => types.includes(type.toUpperCase()))
    .map(({ data }) => siteOf(data))
    .filter(site => site !== undefined)
}

/** What claims to be an answer and cannot be read is none. */
function readBody<Body>({ body }: ServerAnswer, decode: (reader: ByteReader) => Body): Body {
  try {
    return decode(new ByteReader(body))
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    throw new ServerAway(`not an answer: ${error.message}`, { cause: error })
  }
}

/** Stops waiting when the signal aborts; what was waited for goes on. */
function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
