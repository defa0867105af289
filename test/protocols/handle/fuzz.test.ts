import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { aRecord } from '../../support/builders.ts'
import { aQuestion, aTcpClient, aUdpClient, placeOf } from './a-client.ts'
import { aHandleDoor } from './a-handle-door.ts'
import { vectors } from './wire-vectors.ts'

const seed = 20_261_123
const framesTotal = 100_000
/** Few, because a broken envelope ends its connection, and what stands behind it is never looked at. */
const framesPerConnection = 10
const connectionsAtOnce = 8
const datagramsTotal = 5_000
const secondsMax = 60

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** xorshift32: the same frames on every machine. */
function makeRandom(start: number): (below: number) => number {
  let state = start
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const good = [
  ...vectors
    .filter(({ kind }) => kind === 'request' || kind === 'response')
    .map(({ hex }) => Buffer.from(hex, 'hex')),
  aQuestion('88.118.8/ABC-1'),
  aQuestion('88.118.8/ABC-1', { types: ['URL'], indexes: [1, 2, 3] }),
]

function mutate(random: (below: number) => number): Buffer {
  const frame = Buffer.from(good[random(good.length)] as Buffer)
  const changes = 1 + random(4)
  for (let n = 0; n < changes; n++) {
    const at = random(frame.length)
    switch (random(4)) {
      case 0:
        frame.writeUInt8((frame[at] as number) ^ (1 << random(8)), at)
        break
      case 1:
        frame.writeUInt8(random(256), at)
        break
      case 2:
        if (at + 4 <= frame.length) frame.writeUInt32BE(lies[random(lies.length)] as number, at)
        break
      case 3:
        return shortened(frame, random)
    }
  }
  return frame
}

const lies = [0, 1, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 262_144, 262_145, 2049]

/** Cut or stretched; mostly the envelope tells the truth about it, so that what follows is still found. */
function shortened(frame: Buffer, random: (below: number) => number): Buffer {
  const cut =
    random(2) === 0
      ? Buffer.from(frame.subarray(0, 20 + random(frame.length - 19)))
      : Buffer.concat([frame, frame.subarray(0, random(40))])
  if (random(8) > 0) cut.writeUInt32BE(cut.length - 20, 16)
  return cut
}

/** Sends bytes, reads whatever comes, and is done when the other end has closed. */
function throwAt(at: string, bytes: Buffer): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(placeOf(at))
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
    socket.resume()
    socket.end(bytes)
  })
}

t.test(`${framesTotal} broken frames harm nobody`, { timeout: 120_000 }, async t => {
  const records = Array.from({ length: 20 }, (_, at) =>
    aRecord({ identifier: `88.118.8/ABC-${at}` }),
  )
  const { tcpAt, udpAt, tcp, logged } = await aHandleDoor(t, { records })
  const random = makeRandom(seed)
  const bystander = await aTcpClient(t, tcpAt)
  await bystander.ask(aQuestion('88.118.8/ABC-1'))
  // Once around first, so that what is only warming up is not taken for a leak.
  await throwAt(tcpAt, Buffer.concat(Array.from({ length: 1000 }, () => mutate(random))))
  collectGarbage()
  const bytesBefore = process.memoryUsage().heapUsed
  const startedAt = performance.now()

  let left = framesTotal / framesPerConnection
  await Promise.all(
    Array.from({ length: connectionsAtOnce }, async () => {
      while (left-- > 0) {
        await throwAt(
          tcpAt,
          Buffer.concat(Array.from({ length: framesPerConnection }, () => mutate(random))),
        )
      }
    }),
  )
  const udp = await aUdpClient(t, udpAt)
  for (let n = 0; n < datagramsTotal; n++) {
    udp.send(mutate(random).subarray(0, 512))
    if (n % 100 === 0) await new Promise(resolve => setTimeout(resolve, 1))
  }
  await new Promise(resolve => setTimeout(resolve, 100))

  const seconds = (performance.now() - startedAt) / 1000
  t.ok(seconds < secondsMax, `${seconds.toFixed(1)} s`)
  t.equal((await bystander.ask(aQuestion('88.118.8/ABC-1'))).header.responseCode, 1)
  udp.received.length = 0
  t.equal((await udp.ask(aQuestion('88.118.8/ABC-2', { requestId: 1 }))).header.responseCode, 1)
  t.equal(tcp.connectionCount, 1)
  collectGarbage()
  const grownMegabytes = (process.memoryUsage().heapUsed - bytesBefore) / 1e6
  t.ok(grownMegabytes < 20, `${grownMegabytes.toFixed(1)} MB more`)
  t.same(new Set(logged.filter(line => !line.includes('nothing is written'))), new Set())
})
