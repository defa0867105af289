import t from 'tap'

import { makePeer } from '../../../src/protocols/handle/door.ts'
import { aPrefix, aRecord, aValue } from '../../support/builders.ts'
import { aRandom } from '../../support/random.ts'
import { aHandleDoor } from './a-handle-door.ts'
import { aRawQuestion } from './raw-questions.ts'

/** A million by hand: `QXM_TEST_QUESTIONS=1000000`. */
const questionCount = Number(process.env['QXM_TEST_QUESTIONS'] ?? 10_000)

const hidden = { permissions: '1100' }
const text = (index: number, value: string, more = {}) =>
  aValue({ index, data: { format: 'string', value }, ...more })
const records = [
  aRecord({ identifier: '88.118.8/ABC-1' }),
  aRecord({ identifier: '88.118.8/轴承-7', values: [text(1, 'é'.repeat(90)), text(2, '')] }),
  aRecord({ identifier: '88.118.8/some', values: [text(1, 'all'), text(2, 'few', hidden)] }),
  aRecord({ identifier: '88.118.8/nothing', values: [text(1, 'few', hidden)] }),
  aRecord({ identifier: '88.118.8/\ufffd', values: [text(1, 'no text')] }),
  aRecord({ identifier: '88.118.8/long', values: [text(1, 'x'.repeat(3_000))] }),
]
const known = records.map(({ identifier }) => identifier)
const handles = [
  ...[...known, ...known, ...known],
  ...['88.118.8/abc-1', '88.118.8/AbC-1', '88.118.8/轴承-７', ' 88.118.8/ABC-1', '88.118.8/ABC-1 '],
  ...['88.118.8/none', '99.1/foreign', '88.118.9/delegated', '0.NA/88.118.8', '0.na/88.118.9'],
  ...['0', '', '/', '88.118.8', '88.118.8/', 'no identifier', `88.118.8/${'y'.repeat(2100)}`],
].map(each => Buffer.from(each))
const noText = [
  Buffer.from('88.118.8/\xff', 'latin1'),
  Buffer.from('88.118.8/ABC-1\0'),
  Buffer.from('88.118.8/\xe8\xbd', 'latin1'),
]

for (const challenge of [false, true]) {
  const count = Math.ceil(questionCount / 2)
  t.test(
    `${count} questions get the bytes of the long way${challenge ? ', where askers are challenged' : ''}`,
    async t => {
      const site = { address: '192.0.2.1', protocols: [{ protocol: 'TCP', port: 2641 }] } as const
      const { door, resolver, arena, clock } = await aHandleDoor(t, {
        prefixes: [
          aPrefix('88.118.8'),
          aPrefix('88.118.9', { served: 'delegated', sites: [site] }),
        ],
        records,
        settings: { challenge },
      })
      const random = aRandom(20_261_123 + Number(challenge))
      const batch = door.makeBatch()
      const different: string[] = []
      let answered = 0
      for (let n = 0; n < count; n++) {
        // What is in memory now and then is not: forgotten by a change, or by age.
        if (random.below(500) === 0) resolver.forget([random.one(records).key])
        if (random.below(2_000) === 0) arena.forgetAll()
        if (random.below(2_000) === 0) await clock.advance(60_000)
        const frame = aRawQuestion(random.below(20) === 0 ? noText : handles, random)
        const peer = makePeer('127.0.0.1', 'tcp', door.makeChallenges())
        if (random.below(4) === 0) peer.identity = { index: 300, handle: '0.NA/88.118.8' }
        const offset = random.below(3) * 7
        const input = Buffer.concat([Buffer.alloc(offset, 1), frame, Buffer.alloc(offset, 1)])

        batch.clear()
        const end = offset + frame.length
        const now = clock.monotonicMs()
        const isAnswered = door.answerCached(input, offset, end, peer, now, batch)
        const long: Buffer[] = []
        if (isAnswered || random.below(2) === 0) {
          await door.answer(frame, peer, message => void long.push(Buffer.from(message)))
        }

        if (!isAnswered) continue
        answered += 1
        if (!batch.view().equals(Buffer.concat(long))) different.push(frame.toString('hex'))
        if (different.length > 3) break
      }

      t.strictSame(different, [])
      t.ok(answered > count / 10, `${answered} were answered from memory`)
    },
  )
}
