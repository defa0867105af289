import { BlockList, isIP, isIPv6 } from 'node:net'
import { parseRedisUrl } from './redis-url.ts'

/**
 * Rules of single texts in the configuration: each says in half a sentence what is wrong, or `undefined`.
 * A text that may hold a secret is not repeated.
 */
export type Rule = (text: string) => string | undefined

export const address: Rule = text =>
  isIP(text) === 0 ? 'is no IPv4 or IPv6 address (for localhost write 127.0.0.1 or ::1)' : undefined

export const socketAddress: Rule = text => {
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text)
  const host = parts === null ? text : (parts[1] ?? parts[2] ?? '')
  const port = Number(parts?.[3] ?? 1)
  if (isIP(host) === 0) return 'is no address, nor an address with a port such as 203.0.113.5:2641'
  if (isWildcard(host)) return 'must be an address that clients can connect to'
  return port >= 1 && port <= 65_535 ? undefined : 'has a port outside 1 to 65535'
}

/** A file is named by a path with a slash in it; whether it can be read is seen when it is. */
export const rootSite: Rule = text => (text.includes('/') ? undefined : socketAddress(text))

export const cidr: Rule = text => {
  const [network = '', bits = isIPv6(network) ? '128' : '32', more] = text.split('/')
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  const bitCount = /^\d+$/.test(bits) ? Number(bits) : Number.NaN
  try {
    new BlockList().addSubnet(network, bitCount, family)
    if (more === undefined) return undefined
  } catch {
    // Answered below, as for any other text.
  }
  return 'is no CIDR such as 10.0.0.0/8 or 2001:db8::/32'
}

export const publicUrl: Rule = text => {
  const url = parseUrl(text)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return 'is no http or https URL'
  if (url.hostname.includes('*')) return 'must name one host'
  return text === url.origin ? undefined : `must be scheme and host only, as in ${url.origin}`
}

export const origin: Rule = text => (text === '*' ? undefined : publicUrl(text))

export const databaseUrl: Rule = text => {
  const protocol = parseUrl(text)?.protocol
  return protocol === 'postgres:' || protocol === 'postgresql:'
    ? undefined
    : 'is no postgres:// URL (several are separated by commas, each whole; a comma inside is %2C)'
}

export const redisUrl: Rule = text =>
  parseRedisUrl(text) === undefined
    ? 'is none of redis://host:port/db, several of these separated by commas, redis+sentinel://h1,h2/NAME'
    : undefined

export const nodePrefix: Rule = text =>
  /^(86|88)\.[0-9]{1,5}$/.test(text)
    ? undefined
    : 'is no prefix of a secondary node: 86 or 88, a dot, one to five digits'

export const codePrefix: Rule = text =>
  /^(86|88)\.[0-9]{1,5}\.[0-9a-z_-]{1,54}$/.test(text)
    ? undefined
    : "is no prefix of an enterprise node: the node's prefix, a dot, and digits (or a–z, _, -; at most 54)"

export const apiKey: Rule = text =>
  /^qxk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/.test(text)
    ? undefined
    : 'is not qxk_, 8 lower-case hex digits, _, 43 characters of base64url'

export const handleKey: Rule = text =>
  /^\d{1,10}:[^\s/]+\/.+$/u.test(text) ? undefined : 'is no index:handle such as 300:0.NA/88.118'

export const handle: Rule = text =>
  /^[^\s/]+\/.+$/u.test(text) ? undefined : 'is no handle such as 88.111.1/0.0'

export const thumbprint: Rule = text =>
  text.length === 43 && Buffer.from(text, 'base64url').toString('base64url') === text
    ? undefined
    : "is no SHA-256 of a certificate's DER as 43 characters of base64url, as qxm pki prints it"

export const feedUrl: Rule = text => {
  const url = parseUrl(text)
  if (url?.protocol !== 'https:') return 'is no https URL'
  return url.hash === '' && url.username === '' && url.password === ''
    ? undefined
    : 'must be without user, password and #'
}

const wildcards = new BlockList()
wildcards.addAddress('0.0.0.0', 'ipv4')
wildcards.addAddress('::', 'ipv6')

/** Listens on every address of the machine: `0.0.0.0`, `::` in any spelling. */
export function isWildcard(host: string): boolean {
  return wildcards.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export function isLoopback(host: string): boolean {
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
