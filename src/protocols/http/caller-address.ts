import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Cidrs } from '../../access/cidr.ts'

/** A chain of proxies is short; what stands further left was written by strangers. */
const hopsMax = 16

/**
 * The address that limits and logs see: the peer's, or, when the peer is a proxy we trust, the rightmost address of
 * `X-Forwarded-For` that is none. What does not come from a trusted proxy leaves no trace.
 */
export function callerAddress(request: IncomingMessage, trusted: Cidrs): string {
  const peer = request.socket.remoteAddress ?? unknownAddress
  const forwarded = request.headers['x-forwarded-for']
  if (forwarded === undefined || !trusted.has(peer)) return peer
  const hops = String(forwarded).split(',').slice(-hopsMax).reverse()
  let address = peer
  for (const hop of hops) {
    const text = bareAddress(hop.trim())
    // A proxy that writes anything else than an address is believed up to there.
    if (isIP(text) === 0) return address
    address = text
    if (!trusted.has(text)) return text
  }
  return address
}

/** Of a socket that closed before anybody asked. */
const unknownAddress = '0.0.0.0'

/** `[2001:db8::1]:443` and `192.0.2.1:80`, as some proxies write them. */
function bareAddress(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1]
  if (bracketed !== undefined) return bracketed
  return /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(hop)?.[1] ?? hop
}
