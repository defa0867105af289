import { SocketAddress } from 'node:net'

/** What answers over UDP are counted by: the /24 of an IPv4 address, the /48 of an IPv6 one. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'))
  const { address: normal } = new SocketAddress({ family: 'ipv6', address })
  const mapped = /^::ffff:(\d+\.\d+\.\d+)\.\d+$/.exec(normal)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = normal.split('::')
  const groups = head === '' ? [] : head.split(':')
  // Where the zeros are left out before the third group, they are part of the network.
  const zeros = tail === undefined ? [] : ['0', '0', '0']
  return [...groups, ...zeros].slice(0, 3).join(':')
}
