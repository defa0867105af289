import t from 'tap'
import { AnswerArena } from '../../src/resolver/answer-arena.ts'
import { AnswerRoom } from '../../src/resolver/answer-room.ts'

t.test(
  'bytes that somebody still reads are not written to, and serve again afterwards',
  async t => {
    const own = Buffer.from('first')
    const room = new AnswerRoom(own)
    let isRead = true

    room.leave(() => isRead)
    room.comeBack()
    room.bytes.write('other')

    t.equal(own.toString(), 'first')
    t.equal(room.bytes.length, own.length)
    isRead = false
    room.comeBack()
    t.equal(room.bytes, own)
  },
)

t.test('who reads what served meanwhile is left it, and is not waited for', async t => {
  const own = Buffer.from('first')
  const room = new AnswerRoom(own)
  let isOwnRead = true
  room.leave(() => isOwnRead)
  const second = room.bytes
  second.write('other')

  room.leave(() => true)
  room.bytes.write('third')
  const third = room.bytes
  isOwnRead = false
  room.comeBack()

  t.equal(second.toString(), 'other')
  t.not(third, second)
  t.equal(room.bytes, own)
})

t.test(
  'an answer is copied alike into a room beside the entries and into any other bytes',
  async t => {
    const arena = new AnswerArena({ bytesMax: 4096, entriesMax: 4 }, () => 7)
    const key = Buffer.from('abc')
    const times = { madeAtMs: 0, expiresAtMs: 9 }
    const value = { parts: [Buffer.from('the answer')], forgetBy: 'abc', note: 0, ...times }
    arena.put({ bytes: key, start: 0, end: 3, form: 0 }, value)
    const start = arena.valueStart(arena.find(key, 0, 3, 0, 1))
    const beside = arena.makeRoom(16)
    const next = arena.makeRoom(16)
    const tooLarge = arena.makeRoom(8 * 2 ** 20)

    for (const { bytes } of [beside, next, tooLarge, new AnswerRoom(Buffer.alloc(16))]) {
      t.equal(arena.copy(start + 4, start + 10, bytes, 2), 8)
      t.equal(bytes.toString('latin1', 0, 9), '\0\0answer\0')
    }

    for (const { bytes } of [next, new AnswerRoom(Buffer.alloc(16))]) {
      t.throws(() => arena.copy(start, start + 10, bytes, 7), RangeError)
    }
    t.equal(next.bytes.toString('latin1', 9), '\0'.repeat(7), 'nor is a part of it copied')
    t.equal(beside.bytes.buffer, arena.bytes.buffer)
    t.not(tooLarge.bytes.buffer, arena.bytes.buffer)
  },
)
