import type { ServerResponse } from 'node:http'

/** Status line and headers of an answer that is ready to write, but for its age and what its connection ends headers with. */
export interface AnswerHead {
  /** Up to the value of the age; of an answer that has none, all of it. */
  readonly before: string
  /** From behind the age; empty where there is none. */
  readonly behind: string
}

/** @param headers names and values in turn, as `node:http` is given them */
export function answerHead(headers: readonly string[], status = '200 OK'): AnswerHead {
  const ageAt = headers.indexOf('Age')
  const lines = (from: number, to: number) =>
    Array.from({ length: (to - from) / 2 }, (_, i) => {
      const at = from + 2 * i
      return `${headers[at]}: ${headers[at + 1]}\r\n`
    }).join('')
  const before = ageAt < 0 ? lines(0, headers.length) : `${lines(0, ageAt)}Age: `
  const behind = ageAt < 0 ? '' : `\r\n${lines(ageAt + 2, headers.length)}`
  return { before: `HTTP/1.1 ${status}\r\n${before}`, behind }
}

/** What the headers of a connection that is kept end with, as `node:http` ends them; made again with every second. */
export function makeHeadEnding(
  keepAliveTimeoutMs: number,
  clock: { now(): number },
): () => { readonly text: string; readonly bytes: Buffer } {
  const timeout = Math.floor(keepAliveTimeoutMs / 1000)
  let second = Number.NaN
  let ending = { text: '', bytes: Buffer.alloc(0) }
  return () => {
    const now = Math.floor(clock.now() / 1000)
    if (now !== second) {
      second = now
      const date = new Date(now * 1000).toUTCString()
      const text = `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${timeout}\r\n\r\n`
      ending = { text, bytes: Buffer.from(text, 'latin1') }
    }
    return ending
  }
}

/**
 * Gives a response its head as one text. `writeHead` looks at every letter of every header again, which costs a fifth of a
 * cached answer (measured); this is the member in which it leaves the result, and from which `headersSent` is told.
 * @returns false, having changed nothing, where node keeps it elsewhere
 */
export function giveHead(response: ServerResponse, head: string): boolean {
  const holder = response as ServerResponse & { _header?: unknown }
  if (holder._header !== null) return false
  holder._header = head
  return true
}
