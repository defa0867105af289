import { BlockList, isIPv6 } from 'node:net'
import type { Site, SiteServer } from '../../../model/value.ts'
import { serverNumberOf } from '../server-hash.ts'
import type { Server, Service, Transport } from './parts.ts'

/** Servers one question is tried at, however many sites a record names. */
const serversMax = 8

/**
 * Which server of each site answers for a handle (RFC 3651 §3.2.2), IPv6 and IPv4 in turn so that a family that leads
 * nowhere costs one head start.
 * @param mayBePrivate whether addresses that only have a meaning here may come out of somebody else's records
 */
export function chooseServers(
  { sites, isForeign }: Service,
  handle: string,
  mayBePrivate: boolean,
): readonly Server[] {
  const servers = sites
    .map(site => serverOf(site, handle))
    .filter(server => server !== undefined)
    .map(({ address, interfaces }) => ({ address, ports: portsOf(interfaces) }))
    .filter(({ ports }) => Object.keys(ports).length > 0)
    .filter(({ address }) => !isForeign || mayBePrivate || !isPrivate(address))
  return interleave(servers).slice(0, serversMax)
}

function serverOf({ servers, hashOption }: Site, handle: string): SiteServer | undefined {
  return servers.length === 0
    ? undefined
    : servers[serverNumberOf(handle, hashOption, servers.length)]
}

function portsOf(interfaces: SiteServer['interfaces']): Server['ports'] {
  const ports: Partial<Record<Transport, number>> = {}
  for (const { query, protocol, port } of interfaces) {
    if (query && port > 0 && (protocol === 'TCP' || protocol === 'UDP')) ports[protocol] ??= port
  }
  return ports
}

function interleave(servers: readonly Server[]): Server[] {
  const [first] = servers
  const isLikeFirst = ({ address }: Server) => isIPv6(address) === isIPv6(first?.address ?? '')
  const same = servers.filter(isLikeFirst)
  const other = servers.filter(server => !isLikeFirst(server))
  return same
    .flatMap((server, position) => {
      const counterpart = other[position]
      return counterpart === undefined ? [server] : [server, counterpart]
    })
    .concat(other.slice(same.length))
}

/** Two lists, because one would hold IPv4 addresses and their IPv6 forms for the same. */
const privateIpv4 = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  privateIpv4.addSubnet(network, bits, 'ipv4')
}

const globalIpv6 = new BlockList()
globalIpv6.addSubnet('2000::', 3, 'ipv6')
/** Within it, 6to4 and Teredo, which hold IPv4 addresses. */
const tunnelIpv6 = new BlockList()
tunnelIpv6.addSubnet('2002::', 16, 'ipv6')
tunnelIpv6.addSubnet('2001::', 32, 'ipv6')

/** Loopback, link-local, private, multicast and the like (RFC 6890): behind them may be what trusts its neighbours. */
export function isPrivate(address: string): boolean {
  if (!isIPv6(address)) return privateIpv4.check(address, 'ipv4')
  return !globalIpv6.check(address, 'ipv6') || tunnelIpv6.check(address, 'ipv6')
}
