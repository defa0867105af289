import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { decodeHandleBody } from '../bodies/handle.ts'
import { encodeHandleList } from '../bodies/handle-list.ts'
import type { HandleDesk } from '../desk.ts'
import { noBody, type Operation, type Reply } from '../request.ts'
import { responseCodes } from '../response-codes.ts'
import { bodyBytesMax } from '../write-answer.ts'

const done: Reply = { responseCode: responseCodes.SUCCESS, body: noBody }

/** Handles of one message: what is read from the store at once, and far from a message's bound. */
const handlesPerMessage = 1000

/** List handles (RFC 3652 §3.7.2): as many messages as it takes, each made when the one before is on its way. */
export function makeListOperation(desk: HandleDesk): Operation {
  return async function listHandles({ body }, identity) {
    const handles = await desk.list(identity, decodeHandleBody(new ByteReader(body)))
    const bodies = listBodies(handles)
    const first = await bodies.next()
    return { responseCode: responseCodes.SUCCESS, body: first.value ?? noBody, more: bodies }
  }
}

/** Home a prefix (RFC 3652 §3.7.1; 300). */
export function makeHomeOperation(desk: HandleDesk): Operation {
  return async function homePrefix({ body }, identity) {
    await desk.home(identity, decodeHandleBody(new ByteReader(body)))
    return done
  }
}

/** Unhome a prefix (301). */
export function makeUnhomeOperation(desk: HandleDesk): Operation {
  return async function unhomePrefix({ body }, identity) {
    await desk.unhome(identity, decodeHandleBody(new ByteReader(body)))
    return done
  }
}

/** List homed prefixes (302); whatever handle is named. */
export function makeListHomedOperation(desk: HandleDesk): Operation {
  return function listHomed(_request, identity) {
    const writer = new ByteWriter(bodyBytesMax)
    encodeHandleList(writer, desk.listHomed(identity))
    return { ...done, body: writer.view() }
  }
}

async function* listBodies(handles: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let part: string[] = []
  let isFirst = true
  for await (const handle of handles) {
    if (part.length === handlesPerMessage) {
      yield bodyOf(part)
      isFirst = false
      part = []
    }
    part.push(handle)
  }
  if (isFirst || part.length > 0) yield bodyOf(part)
}

function bodyOf(handles: readonly string[]): Buffer {
  const writer = new ByteWriter(bodyBytesMax)
  encodeHandleList(writer, handles)
  return writer.view()
}
