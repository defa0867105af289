import t from 'tap'
import { withUnknown } from '../../src/load/synthetic.ts'

t.test('without a share nothing is added', async t => {
  t.strictSame(withUnknown(['88.118.8/ABC-1'], 0), ['88.118.8/ABC-1'])
})

t.test(
  'unknown identifiers lie under the prefixes of the known ones, evenly and each once',
  async t => {
    const mixed = withUnknown(['88.118.8/ABC-1', '88.118.9/X'], 0.25)

    const unknown = mixed.filter(each => each.includes('/bench-'))
    t.equal(unknown.length, mixed.length / 4)
    t.equal(new Set(unknown).size, unknown.length)
    t.ok(unknown.every(each => /^88\.118\.[89]\//.test(each)))
    t.equal(mixed.slice(0, 8).filter(each => each.includes('/bench-')).length, 2)
  },
)
