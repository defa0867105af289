import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '../../../../src/protocols/bytes/reader.ts'
import { ByteWriter } from '../../../../src/protocols/bytes/writer.ts'
import {
  decodeHandleList,
  encodeHandleList,
  splitHandleList,
} from '../../../../src/protocols/handle/bodies/handle-list.ts'

t.test('an empty list is one message, and the last', async t => {
  t.strictSame([...splitHandleList([], 100)], [{ handles: [], isContinued: false }])
})

t.test('a list is cut where the next handle would not fit', async t => {
  const handles = ['88.1/a', '88.1/产', '88.1/c']
  const twoBytes = 4 + 10 + 12

  const fitting = [...splitHandleList(handles, twoBytes)]
  const oneByteLess = [...splitHandleList(handles, twoBytes - 1)]

  t.strictSame(fitting, [
    { handles: ['88.1/a', '88.1/产'], isContinued: true },
    { handles: ['88.1/c'], isContinued: false },
  ])
  t.strictSame(
    oneByteLess.map(part => part.handles),
    [['88.1/a'], ['88.1/产'], ['88.1/c']],
  )
})

t.test('all messages of a list fit, and together are the list', async t => {
  const bodyBytesMax = 300
  const list = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 200 })

  t.doesNotThrow(() =>
    fc.assert(
      fc.property(list, handles => {
        const parts = [...splitHandleList(handles, bodyBytesMax)]
        const bodies = parts.map(part => encode(part.handles))
        const again = bodies.flatMap(body => decodeHandleList(new ByteReader(body)))
        return (
          bodies.every(body => body.length <= bodyBytesMax) &&
          parts.every(({ isContinued }, n) => isContinued === n < parts.length - 1) &&
          JSON.stringify(again) === JSON.stringify(handles)
        )
      }),
    ),
  )
})

t.test('handles are taken only as far as messages are written', async t => {
  let taken = 0
  function* endless() {
    for (;;) {
      taken += 1
      yield `88.1/${taken}`
    }
  }

  const { value } = splitHandleList(endless(), 1000).next()

  t.equal(value?.isContinued, true)
  t.ok(taken < 100)
})

function encode(handles: readonly string[]): Buffer {
  const writer = new ByteWriter(65_536)
  encodeHandleList(writer, handles)
  return writer.taken()
}
