import t from 'tap'
import { answerTag, isNotModified, serialIn, serialTag } from '../../../src/protocols/http/etag.ts'

t.test('every representation of an answer has a tag of its own', async t => {
  const tags = [
    answerTag('"17.3.2"', 'json', false),
    answerTag('"17.3.2"', 'json', true),
    answerTag('"17.3.2"', 'protobuf', false),
    answerTag('"17.3.2"', 'protobuf', true),
    answerTag('"17.3.2"', 'linkset', false),
    answerTag('"17.3.2"', 'linkset', true),
  ]

  t.strictSame(tags, [
    '"17.3.2"',
    '"17.3.2.r"',
    '"17.3.2.p"',
    '"17.3.2.r.p"',
    '"17.3.2.l"',
    '"17.3.2.r.l"',
  ])
})

t.test('the first number of any of our tags is the serial', async t => {
  t.equal(serialIn(undefined), undefined)
  for (const tag of [serialTag(17), '"17.3.2"', '"17.3.2.r"', '"17.3.2.r.p"', '"17.3.2.l"']) {
    t.equal(serialIn(tag), 17)
  }
})

t.test('If-None-Match compares weakly, over a list', async t => {
  t.equal(isNotModified(undefined, '"1"'), false)
  t.equal(isNotModified('"1"', '"1"'), true)
  t.equal(isNotModified('W/"1"', '"1"'), true)
  t.equal(isNotModified('"0", W/"1"', '"1"'), true)
  t.equal(isNotModified('*', '"1"'), true)
  t.equal(isNotModified('"1.p"', '"1"'), false)
})
