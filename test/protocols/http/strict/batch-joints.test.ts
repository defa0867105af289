import { join } from 'node:path'
import t from 'tap'
import { openAnswerProtobuf } from '../../../../src/protocols/http/answer-protobuf.ts'
import { joints } from '../../../../src/protocols/http/strict/batch-joints.ts'
import { repositoryFolder } from '../../../support/store.ts'

interface Entry {
  readonly asked: string
  readonly bytes: Buffer
}

/** Puts a batch together step by step, and says how long it was foretold to be. */
function joined(form: 'json' | 'protobuf', entries: readonly Entry[]) {
  const joint = joints[form]
  const into = Buffer.alloc(200_000)
  let foretold = joint.around
  let at = joint.begin(into, 0)
  for (const [i, { asked, bytes }] of entries.entries()) {
    foretold += joint.entryBytes(asked.length, bytes.length)
    at = joint.beforeAsked(into, at, i === 0, asked.length, bytes.length)
    at += into.write(asked, at)
    at = joint.beforeAnswer(into, at, bytes.length)
    at += bytes.copy(into, at, joint.skipped)
  }
  return { bytes: into.subarray(0, joint.end(into, at)), foretold }
}

t.test('a batch in Protobuf is what the encoder makes of it, whatever its sizes', async t => {
  const protobuf = openAnswerProtobuf(join(repositoryFolder, 'proto'))
  const sizes = [0, 1, 100, 127, 128, 16_383, 16_384, 100_000]
  const entries = sizes.map((size, i) => ({
    asked: 'x'.repeat(i === 3 ? 130 : 7),
    bytes: Buffer.alloc(size, i),
  }))

  const { bytes, foretold } = joined('protobuf', entries)

  t.ok(bytes.equals(protobuf.encodeBatch(entries)))
  t.equal(foretold, bytes.length)
})

t.test('a batch in JSON has what was asked at the head of each answer', async t => {
  const entries = ['a/1', 'b/2'].map(asked => ({
    asked,
    bytes: Buffer.from(JSON.stringify({ identifier: asked.toUpperCase() })),
  }))

  const { bytes, foretold } = joined('json', entries)

  t.strictSame(JSON.parse(bytes.toString()), {
    answers: [
      { asked: 'a/1', identifier: 'A/1' },
      { asked: 'b/2', identifier: 'B/2' },
    ],
  })
  t.equal(foretold, bytes.length)
})
