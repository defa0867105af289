import { connect, type Socket } from 'node:net'
import { envelopeBytes } from '../protocols/handle/envelope.ts'
import { QuestionWindow } from './handle-questions.ts'
import type { Drive } from './load.ts'

/** A server that refuses connections is not asked more often. */
const pauseAfterBreakMs = 100

/**
 * Asks over connections that are kept open with `depth` questions under way on each; or, `isReconnecting`, over a new
 * connection for each question.
 */
export const driveTcp: Drive = parts => {
  const { place, tally, depth, isReconnecting } = parts
  let hasEnded = false
  let socket: Socket
  const window = new QuestionWindow(parts, isReconnecting ? 1 : depth)

  function open(): void {
    let rest = Buffer.alloc(0)
    socket = connect({ ...place, noDelay: true })
    const own = socket
    function askAll(slots: readonly number[]): void {
      if (hasEnded || own !== socket) return
      const frames = slots.flatMap(slot => window.ask(slot, later => askAll([later])) ?? [])
      if (frames.length > 0) own.write(Buffer.concat(frames))
    }
    own.on('connect', () => askAll(window.slots()))
    own.on('data', chunk => {
      const input = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const free: number[] = []
      let at = 0
      while (input.length - at >= envelopeBytes) {
        const end = at + envelopeBytes + input.readUInt32BE(at + 16)
        if (end > input.length) break
        const slot = window.answered(input, at, end)
        if (slot !== undefined) free.push(slot)
        at = end
      }
      rest = input.subarray(at)
      if (hasEnded || free.length === 0) return
      if (!isReconnecting) askAll(free)
      else {
        // A reset, so that thousands of closed connections do not use up the ports.
        own.resetAndDestroy()
        open()
      }
    })
    own.on('error', () => own.destroy())
    own.on('close', () => {
      if (hasEnded || own !== socket) return
      tally.broken()
      setTimeout(() => hasEnded || open(), pauseAfterBreakMs)
    })
  }

  open()
  return () => {
    hasEnded = true
    socket.destroy()
  }
}
