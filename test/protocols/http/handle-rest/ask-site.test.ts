import t from 'tap'
import { makeServerHealth } from '../../../../src/protocols/handle/client/server-health.ts'
import {
  httpBasesOf,
  makeAskHttpSites,
} from '../../../../src/protocols/http/handle-rest/ask-site.ts'
import { anIdentifier, aValue } from '../../../support/builders.ts'
import { aClock } from '../../../support/clock.ts'

const base = 'https://node.example.cn'
const asked = anIdentifier('88.118.9/a/b c')
const value = aValue()

/** Sites that answer what they are told, and what was asked of them. */
function someSites(answers: Readonly<Record<string, () => Response | Promise<Response>>>) {
  const clock = aClock()
  const urls: string[] = []
  const askSites = makeAskHttpSites({
    health: makeServerHealth(clock),
    async fetch(url, init) {
      t.equal(init.redirect, 'error')
      urls.push(url)
      const answer = Object.entries(answers).find(([start]) => url.startsWith(start))?.[1]
      if (answer === undefined) throw new TypeError('fetch failed')
      return answer()
    },
  })
  const { signal } = new AbortController()
  const ask = (identifier = asked, bases = Object.keys(answers)) =>
    askSites(bases, identifier, signal)
  return { ask, askSites, urls, clock }
}

const json = (body: object, status = 200) => new Response(JSON.stringify(body), { status })
const saying = (body: object, status?: number) => someSites({ [base]: () => json(body, status) })

t.test('a handle is asked for by Handle REST, its slashes as they are', async t => {
  const { ask, urls } = saying({ responseCode: 1, handle: '88.118.9/A/B c', values: [value] })

  t.strictSame(await ask(), [value])
  t.strictSame(urls, [`${base}/api/handles/88.118.9/a/b%20c`])
})

t.test('what is no handle is asked for by our own API', async t => {
  const { ask, urls } = saying({ values: [value], referral: null })

  t.strictSame(await ask(anIdentifier('06901234567892')), [value])
  t.strictSame(urls, [`${base}/v1/resolve/01%2F06901234567892`])
})

t.test('"no such identifier" is an answer, in either', async t => {
  t.equal(await saying({ responseCode: 100 }, 404).ask(), undefined)
  t.equal(
    await saying({ code: 'IDENTIFIER_UNKNOWN' }, 404).ask(anIdentifier('06901234567892')),
    undefined,
  )
})

for (const [name, answer, identifier] of [
  ['another handle', () => json({ responseCode: 1, handle: '88.118.9/x', values: [] })],
  ['a referral', () => json({ responseCode: 302, handle: asked.text, values: [] }, 300)],
  ['a page', () => new Response('<html>')],
  ['a list', () => json([])],
  ['no values', () => json({ responseCode: 1, handle: asked.text })],
  ['a broken value', () => json({ responseCode: 1, handle: asked.text, values: [{ index: 'x' }] })],
  ['too much', () => new Response('x'.repeat(5 * 1024 * 1024))],
  ['its own referral', () => json({ values: [], referral: {} }), '06901234567892'],
  ['a prefix it does not know', () => json({ code: 'PREFIX_UNKNOWN' }, 404), '06901234567892'],
] as const) {
  t.test(`a site that answers with ${name} has not answered`, async t => {
    const { ask } = someSites({ [base]: answer })

    await t.rejects(ask(anIdentifier(identifier ?? asked.text)), { name: 'ServerAway' })
  })
}

t.test('the next site is asked when one is away, which then rests', async t => {
  const other = 'https://other.example.cn'
  const { askSites, urls, clock } = someSites({
    [other]: () => json({ responseCode: 1, handle: asked.text, values: [value] }),
  })
  const { signal } = new AbortController()

  for (let round = 0; round < 3; round++) {
    t.strictSame(await askSites([base, other], asked, signal), [value])
  }
  t.equal(urls.filter(url => url.startsWith(base)).length, 1)
  await clock.advance(60_000)
  await askSites([base, other], asked, signal)
  t.equal(urls.filter(url => url.startsWith(base)).length, 2)
})

t.test('the asker’s time ends it, with the asker’s reason', async t => {
  const controller = new AbortController()
  const { askSites } = someSites({
    [base]: () => {
      controller.abort(new Error('late'))
      throw new TypeError('fetch failed')
    },
  })

  await t.rejects(askSites([base], asked, controller.signal), { message: 'late' })
})

t.test('a site is asked at its URL, else at the address and port it names for HTTP', async t => {
  t.strictSame(
    httpBasesOf([
      { address: '192.0.2.1', protocols: [{ protocol: 'HTTP', port: 80 }], url: `${base}/` },
      { address: '192.0.2.2', protocols: [{ protocol: 'HTTP', port: 8000 }] },
      { address: '2001:db8::1', protocols: [{ protocol: 'HTTP', port: 8000 }] },
      { address: '192.0.2.3', protocols: [{ protocol: 'TCP', port: 2641 }] },
    ]),
    [base, 'http://192.0.2.2:8000', 'http://[2001:db8::1]:8000'],
  )
})
