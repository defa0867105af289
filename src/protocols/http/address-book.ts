import { isIPv6, SocketAddress } from 'node:net'
import type { Cidrs } from '../../access/cidr.ts'

/** What limits need to know of an address. */
export interface KnownAddress {
  /** Whose requests are counted together: an IPv4 address, or the /64 an IPv6 address lies in. */
  readonly party: string
  readonly isExempt: boolean
  /** Load is tested from there: all such addresses are one party, with a quota of its own. */
  readonly isLoadTest: boolean
}

/** Lookups cost a map access once an address has been seen; the book is emptied when it is full. */
const addressesMax = 20_000

const loadTestParty = 'load test'

/**
 * @param exempt the networks that are not counted, as they are now
 * @param loadTest those that load is tested from, which are counted also where they are exempt
 */
export function makeAddressBook(
  exempt: () => Cidrs,
  loadTest: () => Cidrs | undefined = () => undefined,
): (address: string) => KnownAddress {
  let readWith = { exempt: exempt(), loadTest: loadTest() }
  const known = new Map<string, KnownAddress>()

  return function lookUp(address) {
    const networks = exempt()
    const testing = loadTest()
    const isOld = networks !== readWith.exempt || testing !== readWith.loadTest
    if (isOld || known.size >= addressesMax) {
      known.clear()
      readWith = { exempt: networks, loadTest: testing }
    }
    const entry = known.get(address)
    if (entry !== undefined) return entry
    const isLoadTest = testing?.has(address) === true
    const made = {
      party: isLoadTest ? loadTestParty : partyOf(address),
      isExempt: !isLoadTest && networks.has(address),
      isLoadTest,
    }
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
