import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { encodeAnswerValues } from '../answer-values.ts'
import { encodeReferral } from '../bodies/referral.ts'
import { decodeResolutionRequest } from '../bodies/resolution.ts'
import { messageBytesMax } from '../limits.ts'
import { hasFlag } from '../op-flags.ts'
import type { HandleParts } from '../parts.ts'
import type { AskHandle } from '../question.ts'
import { Refusal } from '../refusal.ts'
import type { Operation } from '../request.ts'
import { responseCodes } from '../response-codes.ts'

/** Resolution (RFC 3652 §3.2). The handle is echoed as it was asked. */
export function makeResolveOperation(
  { resolver }: Pick<HandleParts, 'resolver'>,
  ask: AskHandle,
): Operation {
  return async function resolve({ header, body, peer }, identity) {
    const { handle, indexes, types } = decodeResolutionRequest(new ByteReader(body))
    const answer = await ask({
      handle,
      indexes,
      types,
      publicOnly: hasFlag(header.opFlags, 'PUBL'),
      fresh: hasFlag(header.opFlags, 'AUTH'),
      identity,
      address: peer.address,
    })
    const writer = new ByteWriter(messageBytesMax)
    if (answer.kind === 'values') {
      const { shared } = answer
      writer.text(handle)
      writer.bytes(shared ? resolver.bytes(shared, 'handle') : encodeAnswerValues(answer))
      return { responseCode: responseCodes.SUCCESS, body: writer.view() }
    }
    if (hasFlag(header.opFlags, 'DNRF')) throw new Refusal(responseCodes.SERVER_NOT_RESP)
    encodeReferral(writer, { handle: '', values: answer.values })
    const isService = answer.kind === 'service'
    return {
      responseCode: isService ? responseCodes.SERVICE_REFERRAL : responseCodes.PREFIX_REFERRAL,
      body: writer.view(),
    }
  }
}
