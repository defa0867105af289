import { BlockList, isIP, SocketAddress } from 'node:net'
import { invalid } from '../model/failures.ts'
import { say } from '../model/text.ts'

/** A list of networks. */
export interface Cidrs {
  /** Whether the address lies in one of them; false for anything that is no address. */
  has(address: string): boolean
}

/** Enough for the branches of an enterprise; the check walks the list. */
export const cidrsMax = 64

interface Network {
  readonly family: 'ipv4' | 'ipv6'
  readonly address: string
  readonly bits: number
}

/**
 * Reads networks such as `10.0.0.0/8` and `2001:db8::/32`, and single addresses.
 * An IPv4 address inside IPv6 (`::ffff:10.0.0.1`, what a dual-stack socket reports) is that IPv4
 * address.
 * @param pointer where the list stands in the input, for the failure
 * @throws Failure `INPUT_INVALID` `cidr` naming the entry, or `cidr.count`
 */
export function parseCidrs(texts: readonly string[], pointer: string): Cidrs {
  if (texts.length > cidrsMax) {
    const detail = say(`最多 ${cidrsMax} 个网段`, `at most ${cidrsMax} networks`)
    throw invalid(pointer, 'cidr.count', detail)
  }
  // One list a family: a BlockList would find every IPv4 address in ::/0.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  texts.forEach((text, index) => {
    const network = parseNetwork(text)
    if (network === undefined) {
      const detail = say('不是网段，应如 10.0.0.0/8', 'not a network such as 10.0.0.0/8')
      throw invalid(`${pointer}/${index}`, 'cidr', detail)
    }
    lists[network.family].addSubnet(network.address, network.bits, network.family)
  })

  return {
    has(address) {
      const asked = parseAddress(address)
      return asked !== undefined && lists[asked.family].check(asked.address, asked.family)
    },
  }
}

function parseNetwork(text: string): Network | undefined {
  const [addressText = '', bitsText, ...rest] = text.split('/')
  const family = isIP(addressText)
  const address = parseAddress(addressText)
  if (address === undefined || addressText.includes('%') || rest.length > 0) return undefined
  if (bitsText === undefined) return address

  // /96 and longer is a network of the IPv4 inside; a shorter one is no network of this kind.
  const mappedBits = family === 6 && address.family === 'ipv4' ? 96 : 0
  const bits = /^(0|[1-9]\d{0,2})$/.test(bitsText) ? Number(bitsText) - mappedBits : -1
  return bits >= 0 && bits <= address.bits ? { ...address, bits } : undefined
}

/** One address as the smallest network, without its zone. */
function parseAddress(text: string): Network | undefined {
  const family = isIP(text)
  if (family === 4) return { family: 'ipv4', address: text, bits: 32 }
  if (family !== 6) return undefined
  const { address } = new SocketAddress({ family: 'ipv6', address: text })
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  return mapped === undefined
    ? { family: 'ipv6', address, bits: 128 }
    : { family: 'ipv4', address: mapped, bits: 32 }
}
