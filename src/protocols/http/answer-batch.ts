import { anyone, type Caller } from '../../model/caller.ts'
import { Failure, isUnknown } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import type { Resolution } from '../../resolver/resolve.ts'
import { encodeAnswerJson } from './answer-json.ts'
import type { ProtobufEntry } from './answer-protobuf.ts'
import type { Language } from './language.ts'
import type { ResolveLimits } from './limits.ts'
import type { Form } from './negotiate.ts'
import type { HttpParts } from './parts.ts'
import { problemOf } from './problem.ts'

/** Questions in one request: what an answer of a few megabytes holds. */
export const batchMax = 1000

const everything = { types: [], indexes: [] } as const

export interface BatchAsker {
  readonly address: string
  readonly caller: Caller
  /** Asks past the caches. */
  readonly fresh: boolean
  /** Of problems. */
  readonly language: Language
}

/** The whole body of a batch's answer. Rejects with Failure `TOO_MANY`, having charged nothing. */
export type AnswerBatch = (
  asker: BatchAsker,
  identifiers: readonly string[],
  form: Form,
) => Promise<Buffer>

export function makeAnswerBatch(
  {
    resolver,
    names,
    protobuf,
    publicUrl,
  }: Pick<HttpParts, 'resolver' | 'names' | 'protobuf' | 'publicUrl'>,
  limits: ResolveLimits,
): AnswerBatch {
  return async function answerAll(asker, identifiers, form) {
    limits.demand(asker.address, identifiers.length)
    const entries: ProtobufEntry[] = new Array(identifiers.length)
    const waiting: Promise<void>[] = []
    for (const [position, asked] of identifiers.entries()) {
      const known = fromMemory(asker, asked, form)
      if (known !== undefined) entries[position] = known
      else {
        waiting.push(
          fromResolver(asker, asked, form).then(entry => {
            entries[position] = entry
          }),
        )
      }
    }
    await Promise.all(waiting)
    return form === 'protobuf' ? protobuf.encodeBatch(entries) : joinJson(entries)
  }

  /** No promise for what is in memory: that is most of most batches. */
  function fromMemory(
    { address, caller, fresh }: BatchAsker,
    asked: string,
    form: Form,
  ): ProtobufEntry | undefined {
    if (caller.role !== anyone.role || fresh) return undefined
    const identifier = parseQuietly(names, asked)
    if (identifier === undefined || limits.isBlocked(address, caller, identifier)) return undefined
    const known = resolver.peek(identifier)
    return known && { asked, bytes: resolver.bytes(known.shared, form) }
  }

  async function fromResolver(
    asker: BatchAsker,
    asked: string,
    form: Form,
  ): Promise<ProtobufEntry> {
    try {
      const resolution = await resolve(asker, names.parse(asked))
      return { asked, bytes: bytesOf(resolution, form) }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const context = { language: asker.language, publicUrl: publicUrl() }
      return { asked, problem: problemOf(error, context) }
    }
  }

  async function resolve(
    { address, caller, fresh }: BatchAsker,
    identifier: Identifier,
  ): Promise<Resolution> {
    limits.demandLookUp(address, caller, identifier)
    try {
      return await resolver.resolve({ identifier, caller, filter: everything, fresh })
    } catch (error) {
      if (isUnknown(error)) limits.countUnknown(address, caller, identifier)
      throw error
    }
  }

  function bytesOf({ shared: entry, answer }: Resolution, form: Form): Buffer {
    if (entry !== undefined) return resolver.bytes(entry, form)
    return form === 'protobuf' ? protobuf.encode(answer) : encodeAnswerJson(answer)
  }
}

function parseQuietly(names: HttpParts['names'], asked: string): Identifier | undefined {
  try {
    return names.parse(asked)
  } catch {
    return undefined
  }
}

/** Writes `asked` into each answer without reading it: behind its first brace. */
function joinJson(entries: readonly ProtobufEntry[]): Buffer {
  const pieces: Buffer[] = []
  for (const [position, entry] of entries.entries()) {
    const start = `${position === 0 ? '{"answers":[' : ','}{"asked":${JSON.stringify(entry.asked)},`
    if ('bytes' in entry) pieces.push(Buffer.from(start), entry.bytes.subarray(1))
    else pieces.push(Buffer.from(start + JSON.stringify(entry.problem).slice(1)))
  }
  pieces.push(Buffer.from(']}'))
  return Buffer.concat(pieces)
}
