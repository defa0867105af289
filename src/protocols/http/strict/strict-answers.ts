import { anyone } from '../../../model/caller.ts'
import { failures, isUnknown, type UnknownCode } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { AnswerMemory } from '../../../resolver/answer-arena.ts'
import type { Entry } from '../../../resolver/answer-cache.ts'
import type { Resolution } from '../../../resolver/resolve.ts'
import { makeAnswerBatch } from '../answer-batch.ts'
import { answerHead } from '../answer-head.ts'
import { makeInMemory } from '../in-memory.ts'
import type { ResolveLimits } from '../limits.ts'
import {
  batchRoute,
  codeRoute,
  type HttpMetrics,
  handleRoute,
  resolveRoute,
  scanRoute,
} from '../metrics.ts'
import type { Form } from '../negotiate.ts'
import type { HttpParts } from '../parts.ts'
import { makeUnknownReplies } from '../unknown-reply.ts'
import { identifierIn } from '../url-text.ts'
import {
  type Composed,
  composed,
  partsOf,
  roomForKept,
  roomForRefusal,
  wholeAnswer,
  writeKept,
  writeRefusal,
} from './answer-bytes.ts'
import type { Answering } from './answering.ts'
import type { StrictPath, StrictQuestion, StrictRequest } from './read-request.ts'
import { makeStrictBatches } from './strict-batches.ts'

/** Answers ready to write, kept by the bytes of their questions. */
export interface StrictAnswers extends Answering<StrictRequest> {
  /** Whether any may be given at all, as the node is configured now. */
  isOpen(): boolean
  /** Tells the metrics what was given since it was called last. @param seconds that each answer took */
  tell(seconds: number): void
}

export interface StrictAnswersParts {
  readonly house: Pick<
    HttpParts,
    'resolver' | 'names' | 'corsOrigins' | 'publicUrl' | 'keptHandles' | 'protobuf' | 'pressure'
  >
  readonly memory: AnswerMemory
  readonly limits: ResolveLimits
  readonly metrics: HttpMetrics
  readonly nextRequestId: () => string
}

type DeskLimits = Pick<ResolveLimits, 'admits' | 'admitsLookUp' | 'admitsUnknown'>

/** What is done for the questions of a path. */
interface Desk {
  readonly route: string
  readonly limits: DeskLimits
  /** @param text the identifier as the request line has it. @throws Failure or Refusal */
  parse(text: string): Identifier
  /** @returns undefined for an answer that is given in other words elsewhere */
  compose(text: string, resolution: Resolution, entry: Entry, form: Form): Composed | undefined
  /**
   * How what is unknown is refused, where it is not with a problem document.
   * @returns undefined for what is refused in other words elsewhere
   */
  refusal?(text: string, code: UnknownCode): Composed | undefined
  given: number
  refused: number
}

const noFilter = { types: [], indexes: [] }
const forms = { json: 1, protobuf: 2 } as const
const handlesForm = 3
const notes = { other: 0, code: 1 }
const systems = [{ system: 'handle' }, { system: 'code' }] as const

/** The same answers as `resolve-fast.ts` and `handle-http.ts` give, as one run of bytes. */
export function makeStrictAnswers(parts: StrictAnswersParts): StrictAnswers {
  const { house, memory, limits, metrics, nextRequestId } = parts
  const { resolver, names, corsOrigins, keptHandles, pressure } = house
  const { arena, onHit } = memory
  const inMemory = makeInMemory(house, limits)
  const unknownReply = makeUnknownReplies(house, limits)
  const answers = {
    limits,
    parse: (text: string) => names.parse(identifierIn(text, 0)),
    compose(_text: string, resolution: Resolution, entry: Entry, form: Form) {
      const body = resolver.bytes(entry, form)
      return composed(inMemory.head(resolution, form, body.length), body)
    },
  }
  const resolveDesk: Desk = { ...answers, route: resolveRoute, given: 0, refused: 0 }
  const desks: Readonly<Record<StrictPath, Desk | undefined>> = {
    resolve: resolveDesk,
    scan: { ...answers, route: scanRoute, given: 0, refused: 0 },
    code: { ...answers, route: codeRoute, given: 0, refused: 0 },
    handles: keptHandles && {
      route: handleRoute,
      limits: keptHandles.limits,
      parse: keptHandles.parse,
      compose(rawHandle, _resolution, entry) {
        const kept = keptHandles.compose(rawHandle, entry)
        return kept && composed(answerHead(kept.headers), kept.body)
      },
      refusal(rawHandle, code) {
        const kept = keptHandles.refusal(rawHandle, code)
        return kept && composed(answerHead(kept.headers, '404 Not Found'), kept.body)
      },
      given: 0,
      refused: 0,
    },
  }
  const batches = makeStrictBatches({
    memory,
    arenaForm: form => arenaForm({ path: 'resolve', form }),
    keep: (chunk, keyStart, keyEnd, form) =>
      keep(resolveDesk, chunk, { path: 'resolve', keyStart, keyEnd, form }) === true,
    isOfCode: place => arena.note(place) === notes.code,
    limits,
    answerBatch: makeAnswerBatch(house, limits),
  })
  let batchCount = 0
  const allDesks = Object.values(desks).filter(desk => desk !== undefined)

  /** Keeps the answer that memory has. @returns whether there is one now; how it refuses what is unknown */
  function keep(desk: Desk, chunk: Buffer, asked: Asked): boolean | Unknown {
    const { keyStart, keyEnd, form } = asked
    const text = chunk.toString('latin1', keyStart, keyEnd)
    const identifier = parsed(desk, text)
    if (identifier === undefined) return false
    // First, because what is new here is mostly a made-up name.
    const code = resolver.peekUnknown(identifier)
    if (code !== undefined) return { identifier, code }
    const resolution = resolver.peek(identifier)
    if (resolution === undefined) return false
    const entry = resolution.shared
    const answer = desk.compose(text, resolution, entry, form)
    const pieces = answer && partsOf(answer)
    if (pieces === undefined) return false
    return arena.put(
      { bytes: chunk, start: keyStart, end: keyEnd, form: arenaForm(asked) },
      {
        parts: pieces,
        forgetBy: identifier.key,
        note: notes[identifier.system === 'code' ? 'code' : 'other'],
        madeAtMs: entry.madeAtMs,
        expiresAtMs: resolution.copyUntilMs,
      },
    )
  }

  function parsed(desk: Desk, text: string): Identifier | undefined {
    try {
      return desk.parse(text)
    } catch {
      // The ordinary way says what is wrong with it.
      return undefined
    }
  }

  /** As {@link Answering.write}. */
  function refuse(
    desk: Desk,
    { identifier, code }: Unknown,
    chunk: Buffer,
    { pathStart, keyStart, keyEnd, language }: StrictQuestion,
    address: string,
    ending: Buffer,
    into: Buffer,
    at: number,
  ): number {
    if (desk.refusal !== undefined) {
      const refusal = desk.refusal(chunk.toString('latin1', keyStart, keyEnd), code)
      const bytes = refusal && wholeAnswer(refusal, 0, ending)
      if (bytes === undefined || at + bytes.length > into.length) return -1
      if (!desk.limits.admitsUnknown(address, identifier)) return -1
      desk.refused += 1
      return at + bytes.copy(into, at)
    }
    const reply = unknownReply(code, language)
    if (at + roomForRefusal(reply, keyEnd - pathStart, ending) > into.length) return -1
    if (!desk.limits.admitsUnknown(address, identifier)) return -1
    desk.refused += 1
    return writeRefusal(reply, nextRequestId(), chunk, pathStart, keyEnd, ending, into, at)
  }

  return {
    isOpen: () => corsOrigins().includes('*'),

    write(chunk, request, address, nowMs, ending, into, at) {
      if (request.path === 'batch') {
        const to = batches.write(chunk, request, address, nowMs, ending, into, at)
        if (to >= 0) batchCount += 1
        return to
      }
      const desk = desks[request.path]
      if (desk === undefined) return -1
      const { keyStart, keyEnd } = request
      const form = arenaForm(request)
      let place = arena.find(chunk, keyStart, keyEnd, form, nowMs)
      const isKnown = place !== 0
      if (!isKnown) {
        const kept = keep(desk, chunk, request)
        if (typeof kept === 'object') {
          return refuse(desk, kept, chunk, request, address, ending, into, at)
        }
        if (kept) place = arena.find(chunk, keyStart, keyEnd, form, nowMs)
      }
      if (place === 0 || at + roomForKept(arena, place, ending) > into.length) return -1
      const asked = systems[arena.note(place)] ?? systems[0]
      if (!desk.limits.admits(address, asked)) return -1
      if (isKnown) onHit(1)
      desk.given += 1
      return writeKept(arena, place, nowMs, ending, into, at)
    },

    async ask(chunk, request, address, ending) {
      if (pressure() !== undefined) return undefined
      if (request.path === 'batch') {
        const answer = await batches.ask(chunk, request, address, ending)
        if (answer !== undefined) batchCount += 1
        return answer
      }
      const desk = desks[request.path]
      const text = chunk.toString('latin1', request.keyStart, request.keyEnd)
      const identifier = desk && parsed(desk, text)
      if (desk === undefined || identifier === undefined) return undefined
      // Asked again by the ordinary server, which says what is the matter.
      if (!desk.limits.admitsLookUp(address, identifier)) return undefined
      try {
        const resolution = await resolver.resolve({ identifier, caller: anyone, filter: noFilter })
        const { shared: entry, ageSeconds } = resolution
        const answer = entry && desk.compose(text, resolution, entry, request.form)
        if (answer === undefined || !desk.limits.admits(address, identifier)) return undefined
        desk.given += 1
        return wholeAnswer(answer, ageSeconds, ending())
      } catch (error) {
        const code = unknownCodeOf(error)
        if (code === undefined) return undefined
        const into = Buffer.allocUnsafe(refusalBytesMax + request.keyEnd - request.pathStart)
        const unknown = { identifier, code }
        const end = refuse(desk, unknown, chunk, request, address, ending(), into, 0)
        return end < 0 ? undefined : into.subarray(0, end)
      }
    },

    tell(seconds) {
      for (const desk of allDesks) {
        if (desk.given > 0) metrics.answered(desk.route, 200, seconds, desk.given)
        if (desk.refused > 0) metrics.answered(desk.route, 404, seconds, desk.refused)
        desk.given = desk.refused = 0
      }
      if (batchCount > 0) metrics.answered(batchRoute, 200, seconds, batchCount)
      batchCount = 0
    },
  }
}

interface Unknown {
  readonly identifier: Identifier
  readonly code: UnknownCode
}

/** Its head, its words in two languages, and what the connection adds, with room to spare. */
const refusalBytesMax = 4_096

/** What of a question its answer depends on. */
type Asked = Pick<StrictQuestion, 'path' | 'keyStart' | 'keyEnd' | 'form'>

function arenaForm({ path, form }: Pick<Asked, 'path' | 'form'>): number {
  return path === 'handles' ? handlesForm : forms[form]
}

/** @returns undefined for every other refusal, one in words of its own included */
function unknownCodeOf(error: unknown): UnknownCode | undefined {
  return isUnknown(error) && error.detail === failures[error.code] ? error.code : undefined
}
