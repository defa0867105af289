import { anyone } from '../../../model/caller.ts'
import type { Entry } from '../../../resolver/answer-cache.ts'
import type { Resolution } from '../../../resolver/resolve.ts'
import { makeInMemory } from '../in-memory.ts'
import type { ResolveLimits } from '../limits.ts'
import type { Form } from '../negotiate.ts'
import type { HttpParts, StrictMemory } from '../parts.ts'
import { identifierIn } from '../url-text.ts'
import type { StrictRequest } from './read-request.ts'

/** Answers ready to write, kept by the bytes of their questions. */
export interface StrictAnswers {
  /** Whether any may be given at all, as the node is configured now. */
  isOpen(): boolean
  /**
   * Writes the whole answer to a question that is in memory.
   * @param ending what the connection's answers end their headers with: date and connection
   * @returns where the answer ends; −1, having written nothing, whenever anything else has to be done: not in memory, not
   * allowed, no room
   */
  write(
    chunk: Buffer,
    request: StrictRequest,
    address: string,
    ending: Buffer,
    into: Buffer,
    at: number,
  ): number
  /**
   * Asks beyond memory, once.
   * @returns the whole answer; undefined where it is not one that anyone gets, or none, or not allowed: the ordinary server
   * says what it is then
   */
  ask(
    chunk: Buffer,
    request: StrictRequest,
    address: string,
    ending: () => Buffer,
  ): Promise<Buffer | undefined>
}

const noFilter = { types: [], indexes: [] }
const forms: Readonly<Record<Form, number>> = { json: 1, protobuf: 2 }
/** A kept answer begins with the lengths of its head before and behind the age: two bytes each. */
const lengthsBytes = 4
const notes = { other: 0, code: 1 }
const systems = [{ system: 'handle' }, { system: 'code' }] as const

/** The same answers as `resolve-fast.ts` gives, as one run of bytes. */
export function makeStrictAnswers(
  parts: HttpParts,
  { arena, onHit }: StrictMemory,
  limits: ResolveLimits,
): StrictAnswers {
  const { resolver, names, corsOrigins, clock } = parts
  const inMemory = makeInMemory(parts, limits)

  /** Keeps the answer that memory has. @returns whether there is one now */
  function keep(chunk: Buffer, { keyStart, keyEnd, form }: StrictRequest): boolean {
    const found = inMemory.find(chunk.toString('latin1', keyStart, keyEnd), 0)
    if (found === undefined) return false
    const { identifier, resolution, entry } = found
    const { before, behind, body } = bytesOf(resolution, entry, form)
    const lengths = Buffer.allocUnsafe(lengthsBytes)
    lengths.writeUInt16LE(before.length, 0)
    lengths.writeUInt16LE(behind.length, 2)
    return arena.put(
      { bytes: chunk, start: keyStart, end: keyEnd, form: forms[form] },
      {
        parts: [lengths, before, behind, body],
        forgetBy: identifier.key,
        note: notes[identifier.system === 'code' ? 'code' : 'other'],
        madeAtMs: entry.madeAtMs,
        expiresAtMs: entry.expiresAtMs,
      },
    )
  }

  function bytesOf(resolution: Resolution, entry: Entry, form: Form) {
    const body = resolver.bytes(entry, form)
    const headers = inMemory.headers(resolution, form)
    headers.push('Content-Length', String(body.length))
    return { ...headOf(headers), body }
  }

  return {
    isOpen: () => corsOrigins().includes('*'),

    write(chunk, request, address, ending, into, at) {
      const { keyStart, keyEnd, form } = request
      const nowMs = clock.monotonicMs()
      const find = () => arena.find(chunk, keyStart, keyEnd, forms[form], nowMs)
      let place = find()
      const isKnown = place !== 0
      if (!isKnown && keep(chunk, request)) place = find()
      if (place === 0) return -1
      const length = arena.valueLength(place)
      if (at + length + ending.length + ageCharsMax > into.length) return -1
      const asked = systems[arena.note(place)] ?? systems[0]
      if (!limits.admits(address, asked)) return -1
      if (isKnown) onHit()

      const { bytes } = arena
      const lengthsAt = arena.valueStart(place)
      const beforeAt = lengthsAt + lengthsBytes
      const behindAt = beforeAt + bytes.readUInt16LE(lengthsAt)
      const bodyAt = behindAt + bytes.readUInt16LE(lengthsAt + 2)
      let to = at
      to += bytes.copy(into, to, beforeAt, behindAt)
      to += into.write(ageOf(nowMs - arena.madeAtMs(place)), to, 'latin1')
      to += bytes.copy(into, to, behindAt, bodyAt)
      to += ending.copy(into, to)
      return to + bytes.copy(into, to, bodyAt, lengthsAt + length)
    },

    async ask(chunk, { keyStart, keyEnd, form }, address, ending) {
      try {
        const identifier = names.parse(identifierIn(chunk.toString('latin1', keyStart, keyEnd), 0))
        limits.demandLookUp(address, anyone, identifier)
        const resolution = await resolver.resolve({ identifier, caller: anyone, filter: noFilter })
        const { shared } = resolution
        if (shared === undefined || !limits.admits(address, identifier)) return undefined
        const { before, behind, body } = bytesOf(resolution, shared, form)
        const age = Buffer.from(String(resolution.ageSeconds))
        return Buffer.concat([before, age, behind, ending(), body])
      } catch {
        // Asked again by the ordinary server, which says what is the matter; memory knows by then that there is nothing.
        return undefined
      }
    },
  }
}

/** Seconds; more digits than a process lives. */
const ageCharsMax = 12

function ageOf(ms: number): string {
  return String(Math.floor(ms / 1000))
}

/** The head as `node:http` writes it, in two parts: up to the age, and from behind it. */
function headOf(headers: readonly string[]): { readonly before: Buffer; readonly behind: Buffer } {
  const ageAt = headers.indexOf('Age')
  const lines = (from: number, to: number) =>
    Array.from({ length: (to - from) / 2 }, (_, i) => {
      const at = from + 2 * i
      return `${headers[at]}: ${headers[at + 1]}\r\n`
    }).join('')
  return {
    before: Buffer.from(`HTTP/1.1 200 OK\r\n${lines(0, ageAt)}Age: `, 'latin1'),
    behind: Buffer.from(`\r\n${lines(ageAt + 2, headers.length)}`, 'latin1'),
  }
}
