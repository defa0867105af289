import { isIP, isIPv6 } from 'node:net'
import {
  type PublicJwk,
  permissionsDefault,
  type Site,
  type SiteInterface,
  ttlSecondsDefault,
  type Value,
} from '../../model/value.ts'
import type { Referral } from '../../resolver/parts.ts'

const siteVersion = 1
const protocolVersion = '2.10'

/** The sites of a delegated prefix as values. Only addresses can stand in a site record: names are left out. */
export function sitesOfReferral(
  { sites, prefix }: Referral,
  type: 'HS_SITE' | 'HS_SITE.PREFIX',
  asOf: string,
): Value[] {
  return sites
    .filter(({ address }) => isIP(address) !== 0)
    .map(({ address, protocols }, position) => {
      const interfaces = protocols.map(({ protocol, port }) => ({
        query: true,
        admin: protocol !== 'UDP',
        protocol,
        port,
      }))
      const site = siteOfServer({ address, interfaces, serialNumber: 1, description: prefix })
      return siteValue(position + 1, type, site, asOf)
    })
}

export interface SiteFacts {
  readonly address: string
  readonly interfaces: readonly SiteInterface[]
  readonly serialNumber: number
  readonly description: string
  readonly publicKey?: PublicJwk | undefined
}

/** A site of one server. TCP comes first: ID-SDK looks at the first interface alone and talks to nothing else afterwards. */
export function siteOfServer(facts: SiteFacts): Site {
  const { address, interfaces, serialNumber, description, publicKey } = facts
  return {
    version: siteVersion,
    protocolVersion,
    serialNumber,
    primarySite: true,
    multiPrimary: false,
    attributes: [{ name: 'desc', value: description }],
    servers: [
      {
        serverId: 1,
        address,
        ...(publicKey === undefined
          ? {}
          : { publicKey: { format: 'key' as const, value: publicKey } }),
        interfaces: [...interfaces].sort((a, b) => orderOf(a) - orderOf(b)),
      },
    ],
  }
}

/**
 * The values by which resolvers find us, for the record of every prefix hosted here. IPv6 has a type of its own, unless
 * it is all there is.
 * @param sites the first is the one most clients can reach
 */
export function ownSiteValues(
  sites: readonly Site[],
  asOf: string,
  taken: ReadonlySet<number>,
): Value[] {
  const indexes = freeIndexes(taken)
  return sites.map((site, position) => {
    const isSecondary = position > 0 && isIPv6(site.servers[0]?.address ?? '')
    return siteValue(indexes.next().value, isSecondary ? 'HS_SITE.6' : 'HS_SITE', site, asOf)
  })
}

function* freeIndexes(taken: ReadonlySet<number>): Generator<number, number> {
  for (let index = 1; ; index++) if (!taken.has(index)) yield index
}

function siteValue(index: number, type: string, site: Site, asOf: string): Value {
  return {
    index,
    type,
    data: { format: 'site', value: site },
    ttl: ttlSecondsDefault,
    timestamp: asOf,
    permissions: permissionsDefault,
    references: [],
  }
}

const protocolOrder = ['TCP', 'UDP', 'HTTP', 'HTTPS']

function orderOf({ protocol }: SiteInterface): number {
  return protocolOrder.indexOf(protocol)
}
