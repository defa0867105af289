import t, { type Test } from 'tap'
import { jsonDepthMax, jsonNodesMax, parseJson } from '../../../src/protocols/http/json-body.ts'

const parse = (text: string) => parseJson(Buffer.from(text))

function refused(t: Test, text: string | Buffer, rule: string) {
  t.throws(() => parseJson(Buffer.from(text)), { code: 'INPUT_INVALID', errors: [{ rule }] }, rule)
}

t.test('JSON is read as it is', async t => {
  t.strictSame(parse('{"a":[1,"\\u4e2d","😀",null,true]}'), { a: [1, '中', '😀', null, true] })
  t.strictSame(parse('\ufeff{"a":1}'), { a: 1 })
  t.equal(parse(''), undefined)
})

t.test('a body that is no JSON or no UTF-8 is refused', async t => {
  refused(t, '{', 'json.syntax')
  refused(t, '{"a":1}x', 'json.syntax')
  refused(t, Buffer.from([0x22, 0xff, 0x22]), 'json.utf8')
  refused(t, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'json.utf8')
})

t.test('NUL and halves of surrogate pairs are refused wherever they stand', async t => {
  for (const text of ['"\\u0000"', '{"a":["x\\ud800"]}', '{"\\udc00":1}', '"\\ud800\\u0041"']) {
    refused(t, text, 'json.text')
  }
  t.equal(parse('"\\ud83d\\ude00"'), '😀')
})

t.test('members that reach for prototypes are refused, escaped ones too', async t => {
  for (const member of ['__proto__', 'constructor', 'prototype', '__\\u0070roto__']) {
    refused(t, `{"a":[{"${member}":{"polluted":1}}]}`, 'json.member')
  }
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
  t.strictSame(parse('{"a":"__proto__"}'), { a: '__proto__' })
})

t.test('depth is bounded, however deep the body is', async t => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

  t.doesNotThrow(() => parse(nested(jsonDepthMax)))
  refused(t, nested(jsonDepthMax + 1), 'json.depth')
  refused(t, nested(1_000_000), 'json.depth')
  refused(t, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'json.depth')
})

t.test('the number of elements is bounded', async t => {
  const many = (count: number) => `[${'1,'.repeat(count - 1)}1]`

  t.doesNotThrow(() => parse(many(jsonNodesMax - 2)))
  t.throws(() => parse(many(jsonNodesMax + 1)), { code: 'TOO_LARGE' })
})
