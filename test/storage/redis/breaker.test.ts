import t from 'tap'
import { makeBreaker } from '../../../src/storage/redis/breaker.ts'
import { aClock } from '../../support/clock.ts'

/** A breaker over a server that can be told how to answer. */
function aBreaker() {
  const clock = aClock()
  const changes: string[] = []
  const server = { answers: true, hangs: false, askedCount: 0 }
  const call = async () => {
    server.askedCount += 1
    if (server.hangs) return new Promise<string>(() => undefined)
    if (!server.answers) throw new Error('refused')
    return 'answer'
  }
  const breaker = makeBreaker({
    clock,
    deadlineMs: 100,
    ask: call,
    onChange: state => void changes.push(state),
  })
  const tries = async (count: number) => {
    for (let n = 0; n < count; n += 1) await breaker.run(call).catch(() => undefined)
  }
  return { breaker, clock, server, changes, call, tries }
}

t.test('a call that takes longer than the deadline is not waited for', async t => {
  const { breaker, clock, server, call } = aBreaker()
  server.hangs = true

  const calling = t.rejects(breaker.run(call), /100 ms/)
  await clock.advance(100)

  await calling
})

t.test('five failures in a row open it, four and a success do not', async t => {
  const { breaker, server, tries, changes } = aBreaker()

  server.answers = false
  await tries(4)
  server.answers = true
  await tries(1)
  server.answers = false
  await tries(4)
  t.ok(breaker.admits)

  await tries(1)
  t.notOk(breaker.admits)
  t.strictSame(changes, ['open'])
})

t.test('open, it is closed by the answer to a probe and by nothing else', async t => {
  const { breaker, server, tries, changes } = aBreaker()
  server.answers = false
  await tries(5)

  await breaker.probe()
  t.ok(breaker.isOpen)
  server.answers = true
  await breaker.probe()

  t.ok(breaker.admits)
  t.strictSame(changes, ['open', 'closed'])
})

t.test('a server that hangs is found out by probes alone, and asked once', async t => {
  const { breaker, clock, server } = aBreaker()
  server.hangs = true

  for (let second = 0; second < 5; second += 1) {
    void breaker.probe()
    await clock.advance(1_000)
  }

  t.ok(breaker.isOpen)
  t.equal(server.askedCount, 1)
})

t.test('calls that hang are counted after their deadline, and so many are enough', async t => {
  const { breaker, clock, server, call } = aBreaker()
  server.hangs = true

  const calls = Array.from({ length: 32 }, () => breaker.run(call).catch(() => undefined))
  t.notOk(breaker.admits)
  await clock.advance(100)
  await Promise.all(calls)

  t.ok(breaker.isOpen)
})
