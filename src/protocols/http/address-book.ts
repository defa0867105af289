import { isIPv6, SocketAddress } from 'node:net'
import type { Cidrs } from '../../access/cidr.ts'

/** What limits need to know of an address. */
export interface KnownAddress {
  /** Whose requests are counted together: an IPv4 address, or the /64 an IPv6 address lies in. */
  readonly party: string
  readonly isExempt: boolean
}

/** Lookups cost a map access once an address has been seen; the book is emptied when it is full. */
const addressesMax = 20_000

/** @param exempt the networks that are not counted, as they are now */
export function makeAddressBook(exempt: () => Cidrs): (address: string) => KnownAddress {
  let readWith = exempt()
  const known = new Map<string, KnownAddress>()

  return function lookUp(address) {
    const networks = exempt()
    if (networks !== readWith || known.size >= addressesMax) {
      known.clear()
      readWith = networks
    }
    const entry = known.get(address)
    if (entry !== undefined) return entry
    const made = { party: partyOf(address), isExempt: networks.has(address) }
    known.set(address, made)
    return made
  }
}

/** One household or server is given a /64 at least: counting its addresses apart would count nothing. */
function partyOf(address: string): string {
  if (!isIPv6(address)) return address
  const { address: normal } = new SocketAddress({ family: 'ipv6', address })
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(normal)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = normal.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing =
    tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  return [...groups, ...Array(missing).fill('0'), ...(tail ?? '').split(':')].slice(0, 4).join(':')
}
