import fc from 'fast-check'
import t from 'tap'
import type { Identifier } from '../../../src/model/identifier.ts'
import { makeRecentHandles } from '../../../src/protocols/handle/recent-handles.ts'

function aReader() {
  const parsed: string[] = []
  const find = makeRecentHandles(text => {
    parsed.push(text)
    return text.startsWith('?') ? undefined : identifierOf(text)
  })
  const findText = (text: string, before = '') => {
    const input = Buffer.from(before + text + before)
    const start = Buffer.byteLength(before)
    return find(input, start, start + Buffer.byteLength(text))
  }
  return { parsed, findText }
}

function identifierOf(text: string): Identifier {
  return { system: 'handle', text, key: text, authority: '' }
}

t.test('what was asked for lately is not read again, wherever in the input it stands', async t => {
  const { parsed, findText } = aReader()

  const first = findText('88.118.8/ABC-1')
  const second = findText('88.118.8/ABC-1', 'xx')

  t.equal(second, first)
  t.same(parsed, ['88.118.8/ABC-1'])
})

t.test('what is no handle is none the second time too', async t => {
  const { findText } = aReader()

  t.equal(findText('?'), undefined)
  t.equal(findText('?'), undefined)
})

t.test('a handle is never taken for another one, however many there are', async t => {
  const { findText } = aReader()
  const handle = fc.oneof(
    fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }),
    fc.nat(20_000).map(number => `88.118.8/ABC-${number}`),
    fc.nat(200).map(length => 'a'.repeat(1 + length)),
  )

  const { failed } = fc.check(
    fc.property(handle, text => findText(text)?.text === (text.startsWith('?') ? undefined : text)),
    { seed: 4, numRuns: 20_000 },
  )

  t.notOk(failed)
})
