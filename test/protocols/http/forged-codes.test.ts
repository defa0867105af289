import t from 'tap'
import {
  blockMs,
  forgedPerHourMax,
  makeForgedCodes,
} from '../../../src/protocols/http/forged-codes.ts'

t.test('fifty guesses within an hour keep a party from codes for ten minutes', async t => {
  const forged = makeForgedCodes()
  for (let i = 1; i < forgedPerHourMax; i++) forged.count('a', i)
  t.equal(forged.blockedMs('a', 50), 0)

  forged.count('a', 50)

  t.equal(forged.blockedMs('a', 50), blockMs)
  t.equal(forged.blockedMs('b', 50), 0)
  t.equal(forged.blockedMs('a', 50 + blockMs), 0)
})

t.test('guesses are forgotten after an hour', async t => {
  const forged = makeForgedCodes()
  for (let i = 1; i < forgedPerHourMax; i++) forged.count('a', 0)

  forged.count('a', 3_600_000)

  t.equal(forged.blockedMs('a', 3_600_000), 0)
})

t.test('new guessers push out the oldest ones, so that memory is bounded', async t => {
  const forged = makeForgedCodes()
  for (let i = 0; i < forgedPerHourMax; i++) forged.count('first', 0)
  t.ok(forged.blockedMs('first', 1) > 0)

  for (let i = 0; i < 10_000; i++) forged.count(`p${i}`, 1)

  t.equal(forged.blockedMs('first', 1), 0)
})
