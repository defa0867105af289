import { isIPv6 } from 'node:net'
import { ByteWriter } from '../../bytes/writer.ts'
import { messageBytesMax } from '../limits.ts'
import type { HandleParts } from '../parts.ts'
import type { Operation } from '../request.ts'
import { responseCodes } from '../response-codes.ts'
import { encodeSite } from '../values/site.ts'

/**
 * Get site info (RFC 3652 §3.3), whatever handle is named. ID-SDK goes on with the address that stands here, so that
 * who came over IPv6 is told the IPv6 one.
 */
export function makeSiteInfoOperation({ site }: Pick<HandleParts, 'site'>): Operation {
  return function siteInfo({ peer }) {
    const { sites } = site()
    const isMapped = peer.address.startsWith('::ffff:')
    const wants6 = isIPv6(peer.address) && !isMapped
    const fitting = sites.find(each => isIPv6(each.servers[0]?.address ?? '') === wants6)
    const writer = new ByteWriter(messageBytesMax)
    encodeSite(writer, fitting ?? sites[0]!)
    return { responseCode: responseCodes.SUCCESS, body: writer.view() }
  }
}
