import fc from 'fast-check'
import t from 'tap'
import { AnswerArena } from '../../src/resolver/answer-arena.ts'

const roomy = { bytesMax: 1 << 20, entriesMax: 1000 }
const soon = { note: 0, madeAtMs: 0, expiresAtMs: 1000 }

interface Said {
  readonly form?: number
  readonly forgetBy?: string
  readonly note?: number
  readonly madeAtMs?: number
  readonly expiresAtMs?: number
}

function anArena(bounds = roomy) {
  let next = 7
  const arena = new AnswerArena(bounds, () => Math.imul(next++, 2_654_435_761) >>> 0)
  return {
    arena,
    put(key: string, value: string, said: Said = {}) {
      const { form = 0, forgetBy = key, ...rest } = said
      const bytes = Buffer.from(`<${key}>`)
      const parts = [Buffer.from(value.slice(0, 3)), Buffer.from(value.slice(3))]
      return arena.put(
        { bytes, start: 1, end: bytes.length - 1, form },
        { ...soon, forgetBy, parts, ...rest },
      )
    },
    get(key: string, { form = 0, nowMs = 1 } = {}) {
      const bytes = Buffer.from(key)
      const place = arena.find(bytes, 0, bytes.length, form, nowMs)
      if (place === 0) return undefined
      const start = arena.valueStart(place)
      return arena.bytes.toString('utf8', start, start + arena.valueLength(place))
    },
  }
}

t.test('what was put is found by the same bytes, for each form', async t => {
  const { put, get } = anArena()

  put('a/1', 'json', { form: 1 })
  put('a/1', 'protobuf', { form: 2 })
  put('', 'the empty question')

  t.equal(get('a/1', { form: 1 }), 'json')
  t.equal(get('a/1', { form: 2 }), 'protobuf')
  t.equal(get('a/1', { form: 3 }), undefined)
  t.equal(get('A/1', { form: 1 }), undefined)
  t.equal(get(''), 'the empty question')
})

t.test('a second put replaces the first', async t => {
  const { arena, put, get } = anArena()
  put('a', 'old')

  put('a', 'new and longer')

  t.equal(get('a'), 'new and longer')
  t.equal(arena.count, 1)
})

t.test('an entry tells what was said of it', async t => {
  const { arena, put } = anArena()
  put('a', 'value', { note: 255, madeAtMs: 12.5 })

  const place = arena.find(Buffer.from('a'), 0, 1, 0, 13)

  t.equal(arena.note(place), 255)
  t.equal(arena.madeAtMs(place), 12.5)
})

t.test('an entry is gone at its end', async t => {
  const { arena, put, get } = anArena()
  put('a', 'value')

  t.equal(get('a', { nowMs: 999 }), 'value')
  t.equal(get('a', { nowMs: 1000 }), undefined)
  t.equal(arena.count, 0)
})

t.test('a change outdates every spelling of its identifier, and nothing else', async t => {
  const { arena, put, get } = anArena()
  put('88.1/a', 'one', { forgetBy: '88.1/a' })
  put('88.1%2Fa', 'two', { forgetBy: '88.1/a' })
  put('88.1/b', 'three', { forgetBy: '88.1/b' })

  arena.forget(['88.1/a'])

  t.same([get('88.1/a'), get('88.1%2Fa'), get('88.1/b')], [undefined, undefined, 'three'])
})

t.test('what was put after a change is true', async t => {
  const { arena, put, get } = anArena()
  arena.forget(['a'])
  arena.forgetAll()

  put('a', 'value')

  t.equal(get('a'), 'value')
})

t.test('everything can be outdated at once', async t => {
  const { arena, put, get } = anArena()
  put('a', 'one')
  put('b', 'two')

  arena.forgetAll()

  t.same([get('a'), get('b')], [undefined, undefined])
})

t.test('what is asked for outlives what is not', async t => {
  const { put, get } = anArena({ bytesMax: 64 * 100, entriesMax: 100 })
  put('wanted', 'x')

  for (let i = 0; i < 1000; i++) {
    put(`passing-${i}`, 'x')
    if (i % 10 === 0) get('wanted')
  }

  t.equal(get('wanted'), 'x')
  t.equal(get('passing-0'), undefined)
  t.equal(get('passing-999'), 'x')
})

t.test('one answer never takes a large part of the buffer', async t => {
  const { put } = anArena({ bytesMax: 16_000, entriesMax: 10 })

  t.equal(put('a', 'x'.repeat(1000)), false)
  t.equal(put('a', 'x'.repeat(900)), true)
})

t.test('there are never more entries than allowed', async t => {
  const { arena, put, get } = anArena({ bytesMax: 1 << 20, entriesMax: 10 })

  for (let i = 0; i < 100; i++) put(`k${i}`, 'x')

  t.equal(arena.count, 10)
  t.equal(get('k99'), 'x')
  t.equal(get('k0'), undefined)
})

/** Steps over few keys in little room, so that they meet. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('put'), key: fc.nat(40), size: fc.nat(120) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('get'), key: fc.nat(40), size: fc.nat(0) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('forget'), key: fc.nat(40), size: fc.nat(0) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('wait'), key: fc.nat(3), size: fc.nat(0) }),
    },
  ),
  { minLength: 1, maxLength: 400, size: 'max' },
)

t.test('whatever is done, an answer found is the last one put and not outdated', async t => {
  const runs = Number(process.env['QXM_TEST_ARENA'] ?? 300)
  let found = 0
  fc.assert(
    fc.property(steps, fc.integer({ min: 30, max: 200 }), (actions, kilobytesTenths) => {
      const bounds = { bytesMax: kilobytesTenths * 100, entriesMax: 25 }
      const { arena, put, get } = anArena(bounds)
      const model = new Map<string, { value: string; expiresAtMs: number }>()
      let nowMs = 0
      for (const [step, { do: what, key: number, size }] of actions.entries()) {
        const key = 'k'.repeat(number % 7) + number
        if (what === 'put') {
          const value = `${step}|${'v'.repeat(size)}`
          const isKept = put(key, value, { madeAtMs: nowMs, expiresAtMs: nowMs + 50 })
          // One too large is not kept; what was there before may then still be found, and is still true.
          if (isKept) model.set(key, { value, expiresAtMs: nowMs + 50 })
        } else if (what === 'forget') {
          arena.forget([key])
          model.delete(key)
        } else if (what === 'wait') {
          nowMs += number * 10
        } else {
          const value = get(key, { nowMs })
          if (value === undefined) continue
          found += 1
          const expected = model.get(key)
          if (expected === undefined || expected.value !== value) return false
          if (nowMs >= expected.expiresAtMs) return false
        }
        if (arena.count > bounds.entriesMax) return false
      }
      return true
    }),
    { numRuns: runs, seed: 20_261_123 },
  )
  t.ok(found > runs, `${found} answers were found`)
})
