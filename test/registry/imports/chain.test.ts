import t from 'tap'
import { placeInChain } from '../../../src/registry/imports/chain.ts'

const head = { seq: 41, digest: 'd41' }

t.test(
  'a manifest follows when it has the next number and names the digest of the last',
  async t => {
    t.equal(placeInChain(head, { seq: 42, prev: 'd41' }), 'next')
    t.equal(placeInChain({ seq: 0, digest: null }, { seq: 1, prev: null }), 'next')
  },
)

t.test('one with the next number and another past is a fork', async t => {
  t.equal(placeInChain(head, { seq: 42, prev: 'other' }), 'fork')
  t.equal(placeInChain(head, { seq: 42, prev: null }), 'fork')
})

t.test('one behind a gap waits, whatever past it names', async t => {
  t.equal(placeInChain(head, { seq: 43, prev: 'd42' }), 'later')
  t.equal(placeInChain({ seq: 0, digest: null }, { seq: 2, prev: 'd1' }), 'later')
})

t.test('a number that is used is none of the next', async t => {
  t.equal(placeInChain(head, { seq: 41, prev: 'd40' }), 'older')
})
