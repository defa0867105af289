import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { followConfig, makeLiveConfig } from '../../src/assembly/reload.ts'
import { makeClosers } from '../../src/runtime/closers.ts'
import { readConfig } from '../../src/runtime/config.ts'
import { aClock } from '../support/clock.ts'

t.test('a part that refuses leaves all as it was', async t => {
  const { config } = readConfig({ env: {} })
  const { config: next } = readConfig({ env: { QXM_RATE_WRITE: '7' } })
  const live = makeLiveConfig(config)
  const rate = live.follow(({ rate }) => rate.write)
  live.onChange(() => {
    throw new Error('no')
  })

  t.throws(() => live.offer(next), /no/)

  t.equal(rate(), config.rate.write)
  t.equal(live.now, config)
})

t.test('a file is read again when it has changed and lies still', async t => {
  const { clock, rate, write, counts } = aFollowedFile(t)
  write('[rate]\nwrite = 8\n')

  await clock.advance(1_000)
  t.equal(rate(), 200, 'seen to have changed, perhaps still being written')
  await clock.advance(1_000)
  t.equal(rate(), 8)
  await clock.advance(5_000)

  t.same(counts, { accepted: 1, refused: 0 }, 'once')
})

t.test('a bad file is refused once, with every mistake', async t => {
  const { clock, rate, write, counts, errors } = aFollowedFile(t)
  write('[rate]\nwrite = -1\n[nothing]\nx = 1\n')

  await clock.advance(5_000)

  t.equal(rate(), 200)
  t.same(counts, { accepted: 0, refused: 1 })
  t.match(errors, [{ path: 'nothing.x' }, { path: 'rate.write' }])
})

t.test('keys that need a start are named and left', async t => {
  const { clock, live, write, warnings } = aFollowedFile(t)
  write('[http]\nport = 9\n[cache]\nttlSeconds = 5\n')

  await clock.advance(2_000)

  t.equal(live.now.http.port, 8000)
  t.match(warnings, [{ waiting: ['http.port', 'cache.ttlSeconds'] }])
})

function aFollowedFile(t: Test) {
  const file = join(t.testdir({ 'node.toml': '' }), 'node.toml')
  const read = () => readConfig({ env: {}, file })
  const clock = aClock()
  const live = makeLiveConfig(read().config)
  const rate = live.follow(({ rate }) => rate.write)
  const counts = { accepted: 0, refused: 0 }
  const errors: object[] = []
  const warnings: object[] = []
  followConfig({
    live,
    source: { read, file },
    clock,
    closers: makeClosers({ warn: () => undefined }),
    log: {
      info: () => undefined,
      warn: (fields: object) => void warnings.push(fields),
      error: (fields: object) => void errors.push(fields),
    },
    metrics: { accepted: () => counts.accepted++, refused: () => counts.refused++ },
  })
  return {
    clock,
    live,
    rate,
    counts,
    errors,
    warnings,
    write: (text: string) => writeFileSync(file, text),
  }
}
