import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { QuestionWindow } from './handle-questions.ts'
import type { Drive } from './load.ts'

/** After which a question counts as lost. Clients of the hierarchy ask again after half a second to two. */
const answerTimeoutMs = 1_000
const sweepEveryMs = 100
const receiveBufferBytes = 4 * 1024 * 1024

/** Asks from one socket with `depth` questions under way. Of an answer in several datagrams the first one counts. */
export const driveUdp: Drive = parts => {
  const { place, tally, depth } = parts
  const { host, port } = place
  const window = new QuestionWindow(parts, depth)
  let hasEnded = false
  const family = isIPv6(host) ? 6 : 4
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    recvBufferSize: receiveBufferBytes,
    lookup: (name, _options, callback) => callback(null, name, family),
  })
  function ask(slot: number): void {
    if (hasEnded) return
    const frame = window.ask(slot, ask)
    if (frame !== undefined) socket.send(frame, port, host)
  }
  socket.on('message', datagram => {
    const slot = window.answered(datagram, 0, datagram.length)
    if (slot !== undefined) ask(slot)
  })
  socket.on('error', () => tally.broken())
  for (const slot of window.slots()) ask(slot)
  const sweep = setInterval(() => {
    for (const slot of window.giveUp(performance.now() - answerTimeoutMs)) ask(slot)
  }, sweepEveryMs)
  return () => {
    hasEnded = true
    clearInterval(sweep)
    socket.close()
  }
}
