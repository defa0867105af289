import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { encodeAnswerValues } from '../answer-values.ts'
import { encodeReferral } from '../bodies/referral.ts'
import { decodeResolutionRequest } from '../bodies/resolution.ts'
import { messageBytesMax, recursionCountMax } from '../limits.ts'
import { hasFlag, opFlags } from '../op-flags.ts'
import type { HandleParts } from '../parts.ts'
import type { AskHandle } from '../question.ts'
import { Refusal } from '../refusal.ts'
import type { HandleRequest, Operation } from '../request.ts'
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
      recursionCount: recursionCountOf(header),
    })
    const writer = new ByteWriter(messageBytesMax)
    if (answer.kind === 'values') {
      const { shared } = answer
      writer.text(handle)
      writer.bytes(shared ? resolver.bytes(shared, 'handle') : encodeAnswerValues(answer))
      const isTrusted = hasFlag(header.opFlags, 'TQRY') && answer.trust === 'proven'
      return {
        responseCode: responseCodes.SUCCESS,
        body: writer.view(),
        ...(isTrusted && { opFlags: opFlags.TRES }),
      }
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

/**
 * RECU is answered by asking others, and passed on without it: they refer us, and we go there.
 * @returns undefined where nobody else is to be asked
 * @throws Refusal RECURSION_COUNT_TOO_HIGH
 */
function recursionCountOf({ opFlags, recursionCount }: HandleRequest['header']) {
  if (!hasFlag(opFlags, 'RECU')) return undefined
  if (recursionCount < recursionCountMax) return recursionCount
  throw new Refusal(responseCodes.RECURSION_COUNT_TOO_HIGH)
}
