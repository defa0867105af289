import assert from 'node:assert/strict'
import { isIPv4, isIPv6, SocketAddress } from 'node:net'

export const ipAddressBytes = 16

const ipv4Start = 12

/**
 * The 16 bytes of a server's address in text; IPv4 lies in the last four, after zeros (RFC 3651
 * §3.2.2).
 */
export function ipAddressText(bytes: Buffer): string {
  const isIpv4 = bytes.subarray(0, ipv4Start).every(byte => byte === 0)
  if (isIpv4 && !isIpv6Loopback(bytes)) return bytes.subarray(ipv4Start).join('.')
  const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(n * 2).toString(16))
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}

export function ipAddressOf(text: string): Buffer {
  assert(isIPv4(text) || (isIPv6(text) && !text.includes('%')), `not an IP address: ${text}`)
  if (isIPv4(text)) return Buffer.concat([Buffer.alloc(ipv4Start), ipv4Bytes(text)])
  const [head = '', tail] = text.split('::')
  const before = groupBytes(head)
  const after = groupBytes(tail ?? '')
  return Buffer.concat([before, Buffer.alloc(ipAddressBytes - before.length - after.length), after])
}

/** `::1` looks like 0.0.0.1, which no server can have. */
function isIpv6Loopback(bytes: Buffer): boolean {
  return bytes.readUInt32BE(ipv4Start) === 1
}

function ipv4Bytes(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number))
}

function groupBytes(groups: string): Buffer {
  if (groups === '') return Buffer.alloc(0)
  return Buffer.concat(
    groups
      .split(':')
      .map(group =>
        group.includes('.') ? ipv4Bytes(group) : Buffer.from(group.padStart(4, '0'), 'hex'),
      ),
  )
}
