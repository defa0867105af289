/**
 * The reference for the Handle doors: a bare server that looks the handle's bytes up in a `Map` and answers with bytes
 * made before, all answers to one chunk in one write. Whatever a decoder, limits, metrics and order cost is the distance to it.
 * Argument: a JSON object of the handles' whole answers in base64.
 */
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'

const given: Readonly<Record<string, string>> = JSON.parse(process.argv[2] ?? '{}')
const answers = new Map(
  Object.entries(given).map(([handle, text]) => [handle, Buffer.from(text, 'base64')]),
)
const handleAt = 48

function answerTo(input: Buffer, at: number): Buffer {
  const length = input.readUInt32BE(at + 44)
  const known = answers.get(input.toString('latin1', at + handleAt, at + handleAt + length))
  if (known === undefined) throw new Error('asked for something else')
  const answer = Buffer.from(known)
  input.copy(answer, 8, at + 8, at + 12)
  return answer
}

const server = createServer({ noDelay: true }, socket => {
  let rest = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    const input = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const output: Buffer[] = []
    let at = 0
    while (input.length - at >= 20) {
      const end = at + 20 + input.readUInt32BE(at + 16)
      if (end > input.length) break
      output.push(answerTo(input, at))
      at = end
    }
    rest = input.subarray(at)
    if (output.length > 0) socket.write(Buffer.concat(output))
  })
})

const udp = createSocket({
  type: 'udp4',
  lookup: (host, _options, callback) => callback(null, host, 4),
})
udp.on('message', (datagram, { port, address }) => udp.send(answerTo(datagram, 0), port, address))

server.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () => {
  const { port } = server.address() as AddressInfo
  udp.bind(port, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port })}\n`))
})
process.once('SIGTERM', () => process.exit(0))
