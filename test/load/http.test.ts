import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { runLoad } from '../../src/load/load.ts'

async function aServer(t: Test, answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

const load = { via: 'http', connections: 2, depth: 3, seconds: 0.4 } as const

t.test('answers are counted by what they say', async t => {
  const asked = new Set<string>()
  const place = await aServer(t, ({ url = '' }, response) => {
    asked.add(url)
    response.statusCode = url.endsWith('A') ? 200 : url.endsWith('B') ? 404 : 503
    response.end('{}')
  })

  const loaded = await runLoad({ ...load, place, identifiers: ['88.1/A', '88.1/B', '88.1/C?'] })

  t.ok(loaded.answerCount > 10)
  const third = loaded.answerCount / 3
  t.ok(Math.abs(loaded.unknownCount - third) <= 6)
  t.ok(Math.abs(loaded.errorCount - third) <= 6)
  t.same([...asked].sort(), ['/v1/resolve/88.1/A', '/v1/resolve/88.1/B', '/v1/resolve/88.1/C%3F'])
})

t.test(
  'at a rate no more is asked than is due, and standing still is seen in the latencies',
  async t => {
    let stands = true
    const waiting: (() => void)[] = []
    const place = await aServer(t, (_, response) => {
      const answer = () => response.end('{}')
      if (stands) waiting.push(answer)
      else answer()
    })
    setTimeout(() => {
      stands = false
      for (const answer of waiting) answer()
    }, 200)

    const loaded = await runLoad({
      ...load,
      place,
      identifiers: ['88.1/A'],
      perSecond: 100,
      depth: 1,
    })

    // A busy machine wakes us late: what was due by then is due.
    const due = (loaded.answerCount / loaded.answersPerSecond) * 100
    t.ok(loaded.answerCount <= due + 2, `${loaded.answerCount} answers of ${due} due`)
    t.ok(loaded.answerCount + loaded.overdueCount >= due - 3, 'nothing due is forgotten')
    t.ok(loaded.p90Ms > 100, `a tenth of them waited ${loaded.p90Ms} ms`)
  },
)

t.test('a batch counts for the identifiers in it', async t => {
  const bodies: string[] = []
  const place = await aServer(t, (request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      response.end('{}')
    })
  })

  const loaded = await runLoad({ ...load, place, form: 'batch', identifiers: ['88.1/A', '88.1/B'] })

  t.equal(loaded.answerCount % 100, 0)
  t.equal(JSON.parse(bodies[0] ?? '').identifiers.length, 100)
})

t.test('an answer without a length is an error, not a hang', async t => {
  const place = await aServer(t, (_, response) => {
    response.write('{')
    response.end('}')
  })

  const loaded = await runLoad({ ...load, place, identifiers: ['88.1/A'] })

  t.equal(loaded.answerCount, 0)
  t.ok(loaded.errorCount > 0)
})

t.test('connections ask for one after the other between them, not each for all', async t => {
  const asked: string[] = []
  const place = await aServer(t, ({ url = '' }, response) => {
    asked.push(url)
    response.end('{}')
  })
  const identifiers = Array.from({ length: 200_000 }, (_, at) => `88.1/${at}`)

  await runLoad({ ...load, place, identifiers, connections: 8, seconds: 0.2 })

  t.ok(asked.length > 20 && asked.length < identifiers.length, `${asked.length} were asked`)
  t.equal(new Set(asked).size, asked.length)
})
