import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startChild } from '../../bench/load/child.ts'
import { encodeQuestions } from '../../src/load/handle-questions.ts'
import { runLoad } from '../../src/load/load.ts'

const handles = Array.from({ length: 50 }, (_, at) => `88.118.8/ABC-${at}`)
/** As long as an envelope says, with the code for success; the last bytes tell which. */
const answers = Object.fromEntries(
  handles.map((handle, at) => {
    const answer = Buffer.alloc(60 + at)
    answer.writeUInt32BE(answer.length - 20, 16)
    answer.writeUInt32BE(1, 24)
    answer.write(String(at), answer.length - 2)
    return [handle, answer]
  }),
)
const given = Object.fromEntries(
  Object.entries(answers).map(([handle, answer]) => [handle, answer.toString('base64')]),
)
const bare = await startChild(
  join(import.meta.dirname, '..', '..', 'bench', 'load', 'bare-handle.js'),
  [JSON.stringify(given)],
)
t.teardown(() => bare.stop())
const place = { host: '127.0.0.1', port: Number(bare.ready['port']) }

t.test('the reference answers each handle with its bytes and the id it was asked with', async t => {
  const frames = encodeQuestions(handles).map(({ bytes }, at) => {
    const frame = Buffer.from(bytes)
    frame.writeUInt32BE(1_000 + at, 8)
    return frame
  })
  const expected = Buffer.concat(
    handles.map((handle, at) => {
      const answer = Buffer.from(answers[handle] as Buffer)
      answer.writeUInt32BE(1_000 + at, 8)
      return answer
    }),
  )
  const socket = connect(place)
  const all = Buffer.concat(frames)
  // Cut in the middle of a question.
  socket.write(all.subarray(0, 333))
  setImmediate(() => socket.write(all.subarray(333)))

  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of socket) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= expected.length) break
  }

  t.ok(Buffer.concat(chunks).equals(expected))
})

t.test('over UDP nothing is lost or wrong', async t => {
  const load = { via: 'udp', connections: 2, depth: 4, seconds: 0.3 } as const

  const loaded = await runLoad({ ...load, place, identifiers: handles })

  t.ok(loaded.answerCount > 50)
  t.equal(loaded.errorCount + loaded.unknownCount + loaded.lostCount, 0)
})
