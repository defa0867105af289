import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { decodeHandleBody, encodeHandleBody } from '../bodies/handle.ts'
import { decodeHandleValues } from '../bodies/handle-values.ts'
import { decodeRemoveValue } from '../bodies/remove-value.ts'
import type { HandleDesk } from '../desk.ts'
import { handleBytesMax } from '../limits.ts'
import { hasFlag, opFlags } from '../op-flags.ts'
import { noBody, type Operation, type Reply } from '../request.ts'
import { responseCodes } from '../response-codes.ts'

const done: Reply = { responseCode: responseCodes.SUCCESS, body: noBody }
const doneOver: Reply = { ...done, opFlags: opFlags.OVRW }

/** Create handle (RFC 3652 §3.6.1): answers with the handle, for its minted suffix. */
export function makeCreateOperation(desk: HandleDesk): Operation {
  return async function createHandle({ header, body }, identity) {
    const { handle: asked, values } = decodeHandleValues(new ByteReader(body))
    const { handle, overwrote } = await desk.create(identity, asked, values, {
      overwrite: hasFlag(header.opFlags, 'OVRW'),
      mint: hasFlag(header.opFlags, 'MINT'),
    })
    const writer = new ByteWriter(handleBytesMax * 2)
    encodeHandleBody(writer, handle)
    return { ...(overwrote ? doneOver : done), body: writer.view() }
  }
}

/** Delete handle (RFC 3652 §3.6.2). */
export function makeDeleteOperation(desk: HandleDesk): Operation {
  return async function deleteHandle({ body }, identity) {
    await desk.remove(identity, decodeHandleBody(new ByteReader(body)))
    return done
  }
}

/** Add value (RFC 3652 §3.6.3). */
export function makeAddOperation(desk: HandleDesk): Operation {
  return async function addValue({ header, body }, identity) {
    const { handle, values } = decodeHandleValues(new ByteReader(body))
    const overwrite = hasFlag(header.opFlags, 'OVRW')
    const overwrote = await desk.addValues(identity, handle, values, { overwrite })
    return overwrote ? doneOver : done
  }
}

/** Remove value (RFC 3652 §3.6.4). */
export function makeRemoveOperation(desk: HandleDesk): Operation {
  return async function removeValue({ body }, identity) {
    const { handle, indexes } = decodeRemoveValue(new ByteReader(body))
    await desk.removeValues(identity, handle, indexes)
    return done
  }
}

/** Modify value (RFC 3652 §3.6.5). */
export function makeModifyOperation(desk: HandleDesk): Operation {
  return async function modifyValue({ body }, identity) {
    const { handle, values } = decodeHandleValues(new ByteReader(body))
    await desk.modifyValues(identity, handle, values)
    return done
  }
}
