import { anyone } from '../../../model/caller.ts'
import type { AnswerMemory, Place } from '../../../resolver/answer-arena.ts'
import { type AnswerBatch, batchMax } from '../answer-batch.ts'
import { answerHead } from '../answer-head.ts'
import { exposedHeaders } from '../cors.ts'
import { parseJson } from '../json-body.ts'
import type { ResolveLimits } from '../limits.ts'
import { type Form, mediaTypes } from '../negotiate.ts'
import { bodyStartOf, lengthCharsMax, writeAll, writeFew } from './answer-bytes.ts'
import type { Answering } from './answering.ts'
import { findItems, makeBatchItems } from './batch-items.ts'
import { type Joint, joints } from './batch-joints.ts'
import type { StrictBatch } from './read-request.ts'

export interface StrictBatchesParts {
  readonly memory: AnswerMemory
  /** The arena's form of an answer. */
  readonly arenaForm: (form: Form) => number
  /** Brings a single question's answer into the arena. @returns false: it is not in memory */
  readonly keep: (chunk: Buffer, start: number, end: number, form: Form) => boolean
  /** Whether an answer in the arena is about a code. */
  readonly isOfCode: (place: Place) => boolean
  readonly limits: Pick<ResolveLimits, 'admits' | 'policy'>
  readonly answerBatch: AnswerBatch
}

/** Batches in the bytes of the answers that are kept for single questions: the same as `v1/resolve-batch.ts` gives. */
export function makeStrictBatches(parts: StrictBatchesParts): Answering<StrictBatch> {
  const { memory, limits } = parts
  const { arena } = memory
  const items = makeBatchItems(batchMax)
  const { starts, ends } = items
  const answerStarts = new Float64Array(batchMax)
  const answerEnds = new Float64Array(batchMax)
  let heads = headsUnder(undefined)
  let headsPolicy: string | undefined

  function headOf(form: Form): Buffer {
    const policy = limits.policy()
    if (policy !== headsPolicy) {
      heads = headsUnder(policy)
      headsPolicy = policy
    }
    return heads[form]
  }

  /** Of the batch that is looked at: whether an answer of it is about a code. */
  let hasCode = false

  /** @returns the first item that is not in the arena, or `count` */
  function findFrom(first: number, chunk: Buffer, count: number, form: Form, nowMs: number) {
    const arenaForm = parts.arenaForm(form)
    for (let i = first; i < count; i++) {
      const place = arena.find(chunk, starts[i] as number, ends[i] as number, arenaForm, nowMs)
      if (place === 0) return i
      if (parts.isOfCode(place)) hasCode = true
      const start = arena.valueStart(place)
      answerStarts[i] = bodyStartOf(arena, start)
      answerEnds[i] = start + arena.valueLength(place)
    }
    return count
  }

  /** @returns how many had to be brought in; −1 where one is not in memory */
  function findAll(chunk: Buffer, count: number, form: Form, nowMs: number): number {
    hasCode = false
    let added = 0
    let i = findFrom(0, chunk, count, form, nowMs)
    for (; i < count; i = findFrom(i + 1, chunk, count, form, nowMs)) {
      if (!parts.keep(chunk, starts[i] as number, ends[i] as number, form)) return -1
      added += 1
    }
    // What was brought in is not located yet, and may have moved what was.
    return added === 0 || findFrom(0, chunk, count, form, nowMs) === count ? added : -1
  }

  function lengthOfAll(count: number, { around, entryBytes }: Joint): number {
    let length = around
    for (let i = 0; i < count; i++) {
      const asked = (ends[i] as number) - (starts[i] as number)
      length += entryBytes(asked, (answerEnds[i] as number) - (answerStarts[i] as number))
    }
    return length
  }

  function writeItems(chunk: Buffer, count: number, joint: Joint, into: Buffer, start: number) {
    let at = joint.begin(into, start)
    for (let i = 0; i < count; i++) {
      const [askedStart, askedEnd] = [starts[i] as number, ends[i] as number]
      const [answerStart, answerEnd] = [answerStarts[i] as number, answerEnds[i] as number]
      const answer = answerEnd - answerStart
      at = joint.beforeAsked(into, at, i === 0, askedEnd - askedStart, answer)
      for (let from = askedStart; from < askedEnd; from++) into[at++] = chunk[from] as number
      at = joint.beforeAnswer(into, at, answer)
      at = arena.copy(answerStart + joint.skipped, answerEnd, into, at)
    }
    return joint.end(into, at)
  }

  return {
    write(chunk, { bodyStart, end, form }, address, nowMs, ending, into, at) {
      const count = findItems(chunk, bodyStart, end, items)
      const added = count === 0 ? -1 : findAll(chunk, count, form, nowMs)
      if (added < 0) return -1
      const joint = joints[form]
      const head = headOf(form)
      const length = lengthOfAll(count, joint)
      if (at + head.length + lengthCharsMax + ending.length + length > into.length) return -1
      if (!limits.admits(address, { system: hasCode ? 'code' : 'handle' }, count)) return -1
      if (count > added) memory.onHit(count - added)
      let to = writeAll(head, into, at)
      to = writeFew(`${length}\r\n`, into, to)
      to = writeAll(ending, into, to)
      return writeItems(chunk, count, joint, into, to)
    },

    async ask(chunk, { bodyStart, end, form, language }, address, ending) {
      try {
        const identifiers = identifiersOf(parseJson(chunk.subarray(bodyStart, end)))
        if (identifiers === undefined) return undefined
        const asker = { address, caller: anyone, fresh: false, language }
        const body = await parts.answerBatch(asker, identifiers, form)
        const length = Buffer.from(`${body.length}\r\n`)
        return Buffer.concat([headOf(form), length, ending(), body])
      } catch {
        // The ordinary way says what is the matter with it.
        return undefined
      }
    },
  }
}

/** @returns undefined for a body that is none of a batch */
function identifiersOf(body: unknown): readonly string[] | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { identifiers, ...more } = body as Readonly<Record<string, unknown>>
  if (!Array.isArray(identifiers) || Object.keys(more).length > 0) return undefined
  const isBatch = identifiers.length >= 1 && identifiers.length <= batchMax
  return isBatch && identifiers.every(each => typeof each === 'string') ? identifiers : undefined
}

/** Up to the value of the length, in the order and the letters of the framework. */
function headsUnder(policy: string | undefined): Readonly<Record<Form, Buffer>> {
  const headOf = (form: Form) => {
    const { before } = answerHead([
      ...['vary', 'Accept', 'access-control-allow-origin', '*'],
      ...['access-control-expose-headers', exposedHeaders],
      ...['cache-control', 'private, no-store', 'x-content-type-options', 'nosniff'],
      ...(policy === undefined ? [] : ['ratelimit-policy', policy]),
      ...['content-type', mediaTypes[form]],
    ])
    return Buffer.from(`${before}content-length: `, 'latin1')
  }
  return { json: headOf('json'), protobuf: headOf('protobuf') }
}
