import t from 'tap'
import { aSubject } from '../../../support/builders.ts'
import { aDoor, aSmallWorld, publicUrl } from '../a-door.ts'

const code = '88.118.1/1XJRACLXEEWEA9'
const url = '/v1/enterprises/1XJRACLXEEWEA9/qr'

function aWorld(more: Parameters<typeof aSubject>[1] = {}) {
  const subject = aSubject('cccccccccccccc', { code, name: '示例企业', ...more })
  return { ...aSmallWorld, subjects: [subject] }
}

t.test('anybody gets the label of a code, as vectors and as pixels', async t => {
  const { app } = aDoor(t, aWorld())
  const svg = await app.inject(`${url}.svg`)
  const png = await app.inject(`${url}.png`)

  t.equal(svg.statusCode, 200)
  t.equal(svg.headers['content-type'], 'image/svg+xml')
  t.match(svg.body, `<title>${publicUrl.toUpperCase()}/C/${code}</title>`)
  t.match(svg.body, 'width="30mm"')
  t.match(svg.body, '示例企业')
  t.equal(svg.headers['content-security-policy'], "default-src 'none'; sandbox")
  t.equal(png.headers['content-type'], 'image/png')
  t.equal(png.rawPayload.toString('latin1', 1, 4), 'PNG')
})

t.test('a code is named as everywhere: short, in small letters, in groups, or whole', async t => {
  const { app } = aDoor(t, aWorld())
  const { body } = await app.inject(`${url}.svg`)
  const spellings = ['1xjraclxeewea9', '1XJRA-CLXE-EWEA9', encodeURIComponent(code)]

  for (const spelling of spellings) {
    const response = await app.inject(`/v1/enterprises/${spelling}/qr.svg`)
    t.equal(response.body, body, spelling)
  }
})

t.test('size, level and text are the asker’s', async t => {
  const { app } = aDoor(t, aWorld())
  const small = await app.inject(`${url}.svg?size=12&text=0`)
  const strong = await app.inject(`${url}.svg?level=H`)

  t.match(small.body, 'width="12mm"')
  t.notMatch(small.body, '<text')
  t.match(strong.body, 'viewBox="0 0 41 ')
})

t.test('what cannot be printed is refused by name', async t => {
  const { app } = aDoor(t, aWorld())
  const cases = [
    ['size=9', '/size', 'minimum'],
    ['size=201', '/size', 'maximum'],
    ['size=large', '/size', 'type'],
    ['level=X', '/level', 'enum'],
    ['colour=red', '/colour', 'additionalProperties'],
    ['level=H&size=10', '/size', 'qr.moduleTooSmall'],
  ] as const

  for (const [query, pointer, rule] of cases) {
    const response = await app.inject(`${url}.png?${query}`)
    t.equal(response.statusCode, 400, query)
    t.match(response.json(), { code: 'INPUT_INVALID', errors: [{ pointer, rule }] })
  }
})

t.test('who has the label need not load it again', async t => {
  const { app } = aDoor(t, aWorld())
  const { headers } = await app.inject(`${url}.png`)
  const again = await app.inject({
    url: `${url}.png`,
    headers: { 'if-none-match': String(headers['etag']) },
  })

  t.equal(headers['cache-control'], 'public, max-age=3600')
  t.equal(again.statusCode, 304)
  t.equal(again.body, '')
})

t.test('a code that nobody has, and a text that is none, get no label', async t => {
  const { app } = aDoor(t, aWorld())
  const unknown = await app.inject('/v1/enterprises/19E2ENF6AR4LJ3/qr.svg')
  const mistyped = await app.inject('/v1/enterprises/1XJRACLXEEWEA8/qr.svg')
  const other = await app.inject(`/v1/enterprises/${encodeURIComponent('88.118.8/ABC-1')}/qr.svg`)

  t.match([unknown.statusCode, unknown.json().code], [404, 'IDENTIFIER_UNKNOWN'])
  t.match([mistyped.statusCode, mistyped.json().suggestion], [400, '88.118.1/1XJRACLXEEWEA9'])
  t.match([other.statusCode, other.json().code], [400, 'IDENTIFIER_MALFORMED'])
})

t.test('a suspended code keeps its label, a revoked one names who takes over', async t => {
  const successor = '88.118.1/19E2ENF6AR4LJ3'
  const suspended = await aDoor(t, aWorld({ status: 'suspended' })).app.inject(`${url}.svg`)
  const revoked = await aDoor(t, aWorld({ status: 'revoked', successor })).app.inject(`${url}.svg`)

  t.equal(suspended.statusCode, 200)
  t.equal(revoked.statusCode, 410)
  t.match(revoked.json(), { code: 'IDENTIFIER_GONE', reason: 'revoked', successor })
})

t.test('a label costs as much as many answers', async t => {
  const { app } = aDoor(t, { ...aWorld(), rates: { resolve: 150 } })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await app.inject(`${url}.svg?text=0`)).statusCode)

  t.equal(statuses[0], 200)
  t.equal(statuses.at(-1), 429)
})

t.test('a symbol that does not read as its code never leaves', async t => {
  const broken = () => {
    throw new Error('a QR symbol reads as the text it was drawn from')
  }
  const { labels } = aDoor(t).parts
  const { app } = aDoor(t, { ...aWorld(), parts: { labels: { ...labels, draw: broken } } })

  const response = await app.inject(`${url}.svg`)

  t.equal(response.statusCode, 500)
  t.equal(response.json().code, 'INTERNAL')
})
