import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isUnder } from '../mapping/prefix-walk.ts'
import { Failure } from '../model/failures.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Prefix, SiteAddress } from '../model/prefix.ts'
import { say } from '../model/text.ts'
import type { Value } from '../model/value.ts'
import { MalformedBytes } from '../protocols/bytes/malformed-bytes.ts'
import { makeAskService } from '../protocols/handle/client/ask-service.ts'
import { makeHandleClient } from '../protocols/handle/client/client.ts'
import { makeClientMetrics } from '../protocols/handle/client/metrics.ts'
import type { Service } from '../protocols/handle/client/parts.ts'
import { ServerAway } from '../protocols/handle/client/server-away.ts'
import { makeServerHealth } from '../protocols/handle/client/server-health.ts'
import { makeSiteCache } from '../protocols/handle/client/site-cache.ts'
import { makeJudge, type TrustRoot } from '../protocols/handle/client/trust.ts'
import { type Found, makeWalk, type Walk, WalkTooLong } from '../protocols/handle/client/walk.ts'
import { within } from '../protocols/handle/client/within.ts'
import { siteOfServer } from '../protocols/handle/site-values.ts'
import { decodePublicKey } from '../protocols/handle/values/public-key.ts'
import { httpBasesOf, makeAskHttpSites } from '../protocols/http/handle-rest/ask-site.ts'
import type { Trust, Upstream } from '../resolver/parts.ts'
import type { Config } from '../runtime/config.ts'
import * as rules from '../runtime/config-rules.ts'
import type { BuildParts } from './parts.ts'
import { readSocketAddress } from './socket-address.ts'

const handlePort = 2641

/** Other nodes: sites of delegated prefixes, over Handle or HTTP, and over Handle from the configured roots down everybody else. */
export function openUpstream({
  config,
  clock,
  closers,
  metrics,
}: Pick<BuildParts, 'config' | 'clock' | 'closers' | 'metrics'>): Upstream {
  const { roots, recursion, upstreamTimeoutMs, hopsMax, privateSites } = config.handle
  const client = makeHandleClient({
    clock,
    random: randomBytes,
    metrics: makeClientMetrics(metrics),
    attemptTimeoutMs: upstreamTimeoutMs / 2,
  })
  closers.add('Handle client', () => client.close())
  const health = makeServerHealth(clock)
  const rootService = serviceOf(rootAddresses(roots))
  const walk = makeWalk({
    askService: makeAskService({ client, health, clock, mayBePrivate: privateSites }),
    siteCache: makeSiteCache(clock),
    clock,
    roots: rootService,
    mode: recursion,
    hopsMax,
    timeoutMs: upstreamTimeoutMs,
  })

  const trustOf = makeTrustOf(walk, readTrustRoot(config), clock.now)
  const askHttpSites = makeAskHttpSites({ fetch, health: makeServerHealth(clock) })

  /** Over Handle, and in what is left of the time over HTTP where the sites have that too. */
  async function askSites(
    identifier: Identifier,
    { sites }: Prefix,
    recursionCount: number,
    signal: AbortSignal,
  ): Promise<Found> {
    const bases = httpBasesOf(sites)
    const service = serviceOf(usableSites(sites))
    const isOverHandle = identifier.system === 'handle' && service.sites.length > 0
    if (isOverHandle) {
      using share = within(
        clock,
        bases.length > 0 ? upstreamTimeoutMs / 2 : upstreamTimeoutMs,
        signal,
      )
      try {
        const options = { recursionCount, signal: share.signal }
        return await walk.resolve(identifier.text, service, options)
      } catch (error) {
        if (!(error instanceof ServerAway) || bases.length === 0) throw error
      }
    }
    const values = await askHttpSites(bases, identifier, signal)
    return values === undefined ? { kind: 'unknownHandle' } : { kind: 'values', values }
  }

  return {
    mayAsk({ system, authority }, prefix) {
      if (prefix !== undefined && httpBasesOf(prefix.sites).length > 0) return true
      // Other systems' names are no handles.
      if (system !== 'handle') return false
      if (prefix !== undefined) return usableSites(prefix.sites).length > 0
      // What lies under our own prefix and is not known here is known nowhere.
      return rootService.sites.length > 0 && !isUnder(system, authority, config.node.prefix)
    },

    async ask(identifier, prefix, recursionCount) {
      using deadline = within(clock, upstreamTimeoutMs)
      const { signal } = deadline
      const asking =
        prefix === undefined
          ? walk.resolve(identifier.text, undefined, { recursionCount: recursionCount + 1, signal })
          : askSites(identifier, prefix, recursionCount + 1, signal)
      const found = await asking.catch((error: unknown) => {
        throw failureOf(error, identifier)
      })
      switch (found.kind) {
        case 'values':
          return {
            values: found.values,
            trust: await trustOf(identifier, found.values, deadline.signal),
          }
        case 'unknownHandle':
          throw new Failure('IDENTIFIER_UNKNOWN')
        case 'unknownPrefix':
          throw new Failure('PREFIX_UNKNOWN')
      }
    },
  }
}

/** Certificates are looked for like everything else, in what is left of the time; what is not found proves nothing. */
function makeTrustOf(walk: Walk, root: TrustRoot | undefined, now: () => number) {
  return async (
    { text }: Identifier,
    values: readonly Value[],
    signal: AbortSignal,
  ): Promise<Trust> => {
    if (root === undefined) return 'unproven'
    const judge = makeJudge({
      root,
      now,
      async findValues(handle) {
        try {
          const found = await walk.resolve(handle, undefined, { recursionCount: 1, signal })
          return found.kind === 'values' ? found.values : []
        } catch (error) {
          if (error instanceof ServerAway || error instanceof WalkTooLong) return []
          throw error
        }
      },
    })
    return judge(text, values)
  }
}

/** @throws Error that names the key when its file cannot be used */
function readTrustRoot({ handle }: Config): TrustRoot | undefined {
  const { trustRoot, trustRootKey } = handle
  if (trustRootKey === undefined) return undefined
  try {
    return { handle: trustRoot, key: decodePublicKey(readFileSync(trustRootKey)) }
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    throw new Error(`handle.trustRootKey: ${trustRootKey} holds no public key`, { cause: error })
  }
}

function failureOf(error: unknown, { authority }: Identifier): unknown {
  if (error instanceof WalkTooLong) {
    const detail = say(
      `负责 ${authority} 的站点互相转介`,
      `the sites responsible for ${authority} refer to each other`,
    )
    return new Failure('UPSTREAM_AWAY', detail, { facts: { reason: 'loop' }, cause: error })
  }
  if (!(error instanceof ServerAway)) return error
  return new Failure('UPSTREAM_AWAY', undefined, { retryAfterSeconds: 1, cause: error })
}

/** Those that can be asked over Handle. */
function usableSites(sites: readonly SiteAddress[]): readonly SiteAddress[] {
  return sites.filter(({ protocols }) => protocols.some(({ protocol }) => protocol !== 'HTTP'))
}

/** What operators have said about sites, in the form that site records have. */
function serviceOf(addresses: readonly SiteAddress[]): Service {
  const sites = addresses.map(({ address, protocols }) =>
    siteOfServer({
      address,
      interfaces: protocols.map(each => ({ ...each, query: true, admin: false })),
      serialNumber: 1,
      description: '',
    }),
  )
  return { sites, isForeign: false }
}

/** @throws Error that names the file when it cannot be read or holds anything but addresses */
function rootAddresses(roots: readonly string[]): readonly SiteAddress[] {
  return roots
    .flatMap(text => (text.includes('/') ? linesOf(text) : [text]))
    .map(text => {
      const { address, port = handlePort } = readSocketAddress(text)
      return {
        address,
        protocols: [
          { protocol: 'TCP', port },
          { protocol: 'UDP', port },
        ],
      }
    })
}

function linesOf(path: string): readonly string[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map(line => line.replace(/#.*/, '').trim())
    .filter(line => line !== '')
  for (const line of lines) {
    const wrong = rules.socketAddress(line)
    if (wrong !== undefined) throw new Error(`handle.roots: ${path}: ${line} ${wrong}`)
  }
  return lines
}
