import fc from 'fast-check'
import t, { type Test } from 'tap'
import { aPrefix, aRecord, aValue } from '../../../support/builders.ts'
import { aDoor, type DoorWorld, publicUrl } from '../a-door.ts'
import { gs1LinksetErrors } from '../linkset/linkset-schema.ts'
import { aProduct, aShop, browser, gtin, vocabulary } from './a-shop.ts'

/**
 * The rules of GS1's test suite for resolvers, each under the name it has there, and the criteria of the GS1-Conformant
 * Resolver standard that the suite does not try, by what they say. Tried over HTTP, without network.
 */
const link = `/01/${gtin}`
const linkset = { accept: 'application/linkset+json' }

/** One door for all: nothing here writes. */
const { app } = aDoor(t, aShop)

function get(url: string, headers: Record<string, string> = {}) {
  return app.inject({ url, headers })
}

function getIn(t: Test, world: DoorWorld, url: string) {
  return aDoor(t, world).app.inject(url)
}

t.test(
  'isURL, plausibleDL, validDL: our Digital Links are web addresses in canonical form',
  async t => {
    const { linkset: contexts } = (await get(`${link}/10/L1`, linkset)).json()

    for (const { anchor } of contexts) {
      t.match(anchor, /^https:\/\/id\.example\.cn\/01\/\d{14}(?:\/10\/L1)?$/)
    }
  },
)

t.test('rdFile: the resolver description file is there', async t => {
  const answer = await get('/.well-known/gs1resolver')
  const file = answer.json()

  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-type'], /^application\/json/)
  t.equal(answer.headers['access-control-allow-origin'], '*')
  t.equal(file.resolverRoot, publicUrl)
  t.ok(file.name)
  t.strictSame(file.supportedLinkType, [{ namespace: vocabulary, prefix: 'gs1:' }])
  t.equal(file.linkTypeDefaultCanBeLinkset, false)
  t.match(file.jsonLdContextLocation, /^https:/)
  const known =
    'all 01 8006 8013 8010 410 411 412 413 414 415 417 8017 8018 255 00 253 401 402 8003 8004'
  for (const key of file.supportedPrimaryKeys) t.ok(known.split(' ').includes(key), key)
})

t.test('corsCheck, methodsCheck: GET, HEAD and OPTIONS, for pages of any origin', async t => {
  const headers = {
    origin: 'https://page.example',
    'access-control-request-method': 'GET,HEAD,OPTIONS',
  }
  const options = await app.inject({ method: 'OPTIONS', url: link, headers })
  const get = await app.inject({ url: link, headers })
  const head = await app.inject({ method: 'HEAD', url: link })
  const post = await app.inject({ method: 'POST', url: link })

  t.equal(options.statusCode, 204)
  t.equal(options.headers['access-control-allow-origin'], '*')
  t.equal(options.headers['access-control-allow-methods'], 'GET, HEAD, OPTIONS')
  t.equal(options.headers['allow'], 'GET, HEAD, OPTIONS')
  t.equal(get.headers['access-control-allow-origin'], '*')
  t.match(get.headers['access-control-expose-headers'], /\bLink\b.*\bLocation\b/)
  t.equal(head.statusCode, 307)
  t.equal(head.headers['location'], get.headers['location'])
  t.equal(head.body, '')
  t.equal(post.statusCode, 405)
  t.equal(post.headers['allow'], 'GET, HEAD, OPTIONS')
})

t.test(
  'linkOnRedirect, legacyLinkHeaders: a redirect tells where the link set is, and lists no links',
  async t => {
    for (const method of ['GET', 'OPTIONS'] as const) {
      const { headers } = await app.inject({ method, url: `${link}/21/S1` })

      t.equal(
        headers['link'],
        `<${publicUrl}${link}/21/S1?linkType=linkset>; rel="linkset"; type="application/linkset+json"`,
      )
    }
  },
)

t.test(
  'reportWith400, noErrorWith200: what is no Digital Link is 400, for programs and for people',
  async t => {
    const wrong = [
      [`${link}/foo`, 'gs1.path'],
      [`${link}/21`, 'gs1.path'],
      ['/01/', 'gs1.path'],
      ['/01/06901234000017', 'gs1.checkDigit'],
      ['/01/foo', 'gs1.form'],
      [`${link}/17/261231`, 'gs1.qualifier'],
      [`${link}/99/A`, 'gs1.qualifier'],
      [`${link}/21/S1/21/S2`, 'gs1.qualifier'],
      [`${link}/10/%E6%89%B9`, 'gs1.value'],
      [`${link}/10/%00`, 'url.encoding'],
    ] as const
    for (const [url, rule] of wrong) {
      const answer = await get(url)
      const page = await get(url, { accept: browser })

      t.equal(answer.statusCode, 400, url)
      t.equal(answer.json().errors[0].rule, rule, url)
      t.equal(page.statusCode, 400, url)
    }
  },
)

t.test('qualifiers in the wrong order are 400, with the URL that would be right', async t => {
  const answer = await get(`${link}/21/S1/10/L%2F1`, { 'accept-language': 'en' })
  const problem = answer.json()

  t.equal(answer.statusCode, 400)
  t.equal(problem.errors[0].rule, 'gs1.order')
  t.match(problem.detail, /in the order 10, 21/)
  t.equal(problem.url, `${publicUrl}${link}/10/L%2F1/21/S1`)
})

t.test('trailingSlash: with and without is the same', async t => {
  const without = await get(link)
  const slash = await get(`${link}/`)

  t.equal(slash.statusCode, without.statusCode)
  t.equal(slash.headers['location'], without.headers['location'])
  t.equal(slash.headers['link'], without.headers['link'])
})

t.test('basicWalkUp: an unknown lot or serial number leads to what it is one of', async t => {
  const cases = [
    [`${link}/10/KL8G`, 'https://example.com/abc-1'],
    [`${link}/22/V1/10/KL8G/21/X`, 'https://example.com/abc-1'],
    [`${link}/235/TPX`, 'https://example.com/abc-1'],
    [`${link}/21/S1`, 'https://example.com/s1'],
    [`${link}/10/OTHER/21/S1`, 'https://example.com/s1'],
    [`${link}/10/L1/21/S1`, 'https://example.com/s1'],
    [`${link}/10/L1`, 'https://example.com/abc-1'],
  ] as const
  for (const [url, target] of cases) {
    const answer = await get(url)

    t.equal(answer.statusCode, 307, url)
    t.equal(answer.headers['location'], target, url)
  }
})

t.test(
  'ltLinksetNoRedirect, ltAllNoRedirect, ltAcceptHeader: three ways to ask for the link set',
  async t => {
    const answers = [
      await get(`${link}?linkType=linkset`),
      await get(`${link}?linkType=all`),
      await get(link, linkset),
      await get(`${link}?linkType=all`, linkset),
    ]
    for (const { statusCode, headers, body } of answers) {
      t.equal(statusCode, 200)
      t.equal(headers['location'], undefined)
      t.equal(headers['content-type'], 'application/linkset+json')
      t.equal(body, answers[0]?.body)
    }
  },
)

t.test('validLinkset: every level up to the key is there, the most particular first', async t => {
  const set = (await get(`${link}/10/L1/21/S1`, linkset)).json()

  t.strictSame(gs1LinksetErrors(set), [])
  t.strictSame(
    set.linkset.map(({ anchor }: { anchor: string }) => anchor),
    [`${link}/21/S1`, `${link}/10/L1`, link].map(path => publicUrl + path),
  )
  t.equal(set.linkset[1][`${vocabulary}certificationInfo`][0].href, 'https://example.com/c-l1')
})

t.test(
  'declaredContentType, linksetJsonldCheck: its type is said, and how it is read as JSON-LD',
  async t => {
    const named = await get(link, linkset)
    const json = await get(`${link}?linkType=linkset`, { accept: 'application/json' })
    const page = await get(`${link}?linkType=linkset`, { accept: browser })

    t.equal(named.headers['content-type'], 'application/linkset+json')
    t.match(named.headers['link'], /rel="http:\/\/www\.w3\.org\/ns\/json-ld#context"/)
    t.match(named.headers['link'], /type="application\/ld\+json"/)
    t.equal(json.headers['content-type'], 'application/json; charset=utf-8')
    t.equal(json.body, named.body)
    t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    t.match(page.body, /href="https:\/\/example\.com\/c"/)
  },
)

t.test('qsPassedOn: a redirect passes the query on as it was sent', async t => {
  const cases = [
    ['?foo=bar', 'https://example.com/abc-1?foo=bar'],
    ['?17=261231&a=%2f+b&a=&c', 'https://example.com/abc-1?17=261231&a=%2f+b&a=&c'],
    [
      '?linkType=gs1:certificationInfo&x=1',
      'https://example.com/c?linkType=gs1:certificationInfo&x=1',
    ],
    ['?', 'https://example.com/abc-1'],
  ] as const
  for (const [query, target] of cases) {
    t.equal((await get(link + query)).headers['location'], target)
  }
})

t.test(
  'defaultLinkExists, singleDefaulLink, defaultTarget: one default, with a title only, is where a scan leads',
  async t => {
    const [context] = (await get(link, linkset)).json().linkset
    const targets = context[`${vocabulary}defaultLink`]
    const bare = await get(link)
    const scanned = await get(link, { accept: browser, 'accept-language': 'fr' })

    t.strictSame(targets, [{ href: 'https://example.com/abc-1', title: '示例轴承' }])
    t.equal(bare.statusCode, 307)
    t.equal(bare.headers['location'], targets[0].href)
    t.equal(scanned.headers['location'], targets[0].href)
  },
)

t.test('a default link is described by a further link type', async t => {
  const [context] = (await get(link, linkset)).json().linkset

  t.equal(context[`${vocabulary}pip`][0].href, context[`${vocabulary}defaultLink`][0].href)
})

t.test(
  'singleMultiLink: of several default links the asker’s language chooses, else there is the one',
  async t => {
    const several = ['en', 'fr'].map(
      language =>
        [
          'LINK',
          {
            rel: 'gs1:defaultLinkMulti',
            href: `https://example.com/${language}`,
            hreflang: [language],
          },
        ] as const,
    )
    const record = aProduct('88.118.8/M', `01/${gtin}`, ['URL', 'https://example.com/'], ...several)
    const { app } = aDoor(t, { ...aShop, records: [record] })
    const target = async (language: string) =>
      (await app.inject({ url: link, headers: { accept: browser, 'accept-language': language } }))
        .headers['location']

    t.equal(await target('fr-CH, en;q=0.5'), 'https://example.com/fr')
    t.equal(await target('en'), 'https://example.com/en')
    t.equal(await target('de'), 'https://example.com/')
  },
)

t.test('loFor…: the link of the type asked for, however the type is spelt', async t => {
  const types = [
    'gs1:certificationInfo',
    'gs1%3AcertificationInfo',
    'https://ref.gs1.org/voc/certificationInfo',
    encodeURIComponent('https://gs1.org/voc/certificationInfo'),
  ]
  for (const type of types) {
    const answer = await get(`${link}?linkType=${type}`)

    t.equal(answer.statusCode, 307)
    t.match(answer.headers['location'], /^https:\/\/example\.com\/c\?/)
  }
  t.match((await get(`${link}/10/L1?linkType=gs1:certificationInfo`)).headers['location'], /c-l1/)
})

t.test(
  'loFor… with hreflang: of several links of one type the asker’s language chooses',
  async t => {
    const target = async (language?: string) => {
      const headers = language === undefined ? {} : { 'accept-language': language }
      const answer = await get(`${link}?linkType=gs1:instructions`, headers)
      return String(answer.headers['location']).replace(/\?.*/, '')
    }

    t.equal(await target('en'), 'https://example.com/en')
    t.equal(await target('zh-Hans-CN,en;q=0.5'), 'https://example.com/zh')
    t.equal(await target(), 'https://example.com/zh')
  },
)

t.test('300: links that suit alike are shown to the asker', async t => {
  const url = `${link}?linkType=gs1:traceability`
  const answer = await get(url)
  const page = await get(url, { accept: browser })

  t.equal(answer.statusCode, 300)
  t.strictSame(gs1LinksetErrors(answer.json()), [])
  t.strictSame(Object.keys(answer.json().linkset[0]), [
    'anchor',
    'itemDescription',
    `${vocabulary}traceability`,
  ])
  t.equal(answer.json().linkset[0][`${vocabulary}traceability`].length, 2)
  t.equal(page.statusCode, 300)
  t.match(page.body, /href="https:\/\/example\.com\/t1"[\s\S]*href="https:\/\/example\.com\/t2"/)
})

t.test(
  'specificLinkTypeNotFound: a link type that is not there is 404, with those that are',
  async t => {
    const answer = await get(`${link}?linkType=gs1:nosuchlt`)
    const page = await get(`${link}?linkType=gs1:nosuchlt`, { accept: browser })

    t.equal(answer.statusCode, 404)
    t.equal(answer.json().code, 'LINK_UNKNOWN')
    t.ok(answer.json().linkTypes.includes(`${vocabulary}instructions`))
    t.equal(page.statusCode, 404)
    t.match(page.headers['content-type'], 'text/html')
  },
)

t.test('an unknown key is 404, for programs and for people', async t => {
  for (const url of ['/01/06901234000023', '/01/04012345999990/21/1']) {
    t.equal((await get(url)).statusCode, 404)
    const page = await get(url, { accept: browser })
    t.equal(page.statusCode, 404)
    t.match(page.headers['content-type'], 'text/html')
  }
})

t.test(
  'for any request there is a default link: where the record names none, our own page',
  async t => {
    const bare = aProduct('88.118.8/N', `01/${gtin}`, ['NAME', 'x'])
    const answer = await getIn(t, { ...aShop, records: [bare] }, link)

    t.equal(answer.statusCode, 307)
    t.equal(answer.headers['location'], `${publicUrl}/r/01%2F${gtin}`)
  },
)

t.test('a GTIN in its shorter forms is the same thing', async t => {
  const answer = await get('/01/6901234000016')

  t.equal(answer.headers['location'], 'https://example.com/abc-1')
  t.match(answer.headers['link'], `<${publicUrl}${link}?linkType=linkset>`)
})

t.test('answers say what they depend on, and for how long they hold', async t => {
  const redirect = await get(link)
  const set = await get(link, linkset)
  const again = await get(link, { ...linkset, 'if-none-match': String(set.headers['etag']) })

  for (const { headers } of [redirect, set]) {
    t.equal(headers['vary'], 'Accept, Accept-Language')
    t.equal(headers['cache-control'], 'public, max-age=60')
  }
  t.equal(again.statusCode, 304)
})

t.test('a withdrawn serial number is gone, not one of its class', async t => {
  const gone = { ...aProduct('88.118.8/G', `01/${gtin}/21/G1`), gone: { reason: '召回' } }
  const world = { ...aShop, records: [...aShop.records, gone] }
  const answer = await getIn(t, world, `${link}/21/G1`)

  t.equal(answer.statusCode, 410)
  t.equal(answer.json().reason, '召回')
})

t.test('an alias of somebody else’s key sends nobody anywhere', async t => {
  const thief = aProduct('88.118.8/T', '01/06905678000014', ['URL', 'https://thief.example/'])
  const { app } = aDoor(t, { ...aShop, records: [thief] })
  for (const headers of [{}, linkset, { accept: browser }]) {
    const answer = await app.inject({ url: '/01/06905678000014', headers })

    t.equal(answer.statusCode, 404)
    t.notMatch(answer.body + JSON.stringify(answer.headers), /thief/)
  }
})

t.test(
  'handledBy: a key whose prefix is delegated leads to our page, which says who answers',
  async t => {
    const sites = [{ address: '192.0.2.7', protocols: [{ protocol: 'HTTP', port: 80 } as const] }]
    const delegated = aPrefix('6907777', { system: 'gs1', served: 'delegated', sites })
    const prefixes = [...aShop.prefixes, delegated]
    const answer = await getIn(t, { ...aShop, prefixes }, '/01/06907777000018/21/A')

    t.equal(answer.statusCode, 307)
    t.equal(answer.headers['location'], `${publicUrl}/r/01%2F06907777000018%2F21%2FA`)
  },
)

t.test('nothing of the request becomes a target', async t => {
  const queries = [
    '?linkType=https://evil.example/',
    '?linkType=//evil.example',
    '?url=https://evil.example/',
  ]
  for (const query of queries) {
    const { headers } = await get(link + query, { host: 'evil.example' })
    const location = String(headers['location'] ?? publicUrl)

    t.not(new URL(location).hostname, 'evil.example')
  }
})

t.test('a record that leads to its own Digital Link does not send people in circles', async t => {
  const circle = aProduct('88.118.8/O', `01/${gtin}`, ['URL', `${publicUrl}${link}/10/A?x`])
  const answer = await getIn(t, { ...aShop, records: [circle] }, link)

  t.equal(answer.headers['location'], `${publicUrl}/r/01%2F${gtin}`)
})

t.test('whose code is suspended or revoked sends nobody on: our page says so first', async t => {
  for (const status of ['suspended', 'revoked'] as const) {
    const [owner, ...others] = aShop.subjects
    const subjects = owner ? [{ ...owner, status }, ...others] : []
    const { app } = aDoor(t, { ...aShop, subjects })
    const answer = await app.inject(link)
    const [context] = (await app.inject({ url: link, headers: linkset })).json().linkset

    t.equal(answer.headers['location'], `${publicUrl}/r/01%2F${gtin}`)
    t.equal(context[`${vocabulary}defaultLink`][0].href, answer.headers['location'])
  }
})

t.test('values that are not public are no links, whoever asks', async t => {
  const secret = aValue({
    index: 9,
    type: 'LINK',
    permissions: '1100',
    data: { format: 'string', value: '{"rel":"about","href":"https://secret.example/"}' },
  })
  const [record] = aShop.records
  const world = {
    ...aShop,
    records: [aRecord({ ...record, values: [...(record?.values ?? []), secret] })],
  }
  const headers = { ...linkset, authorization: 'Bearer owner' }

  t.notMatch((await aDoor(t, world).app.inject({ url: link, headers })).body, /secret/)
})

t.test('a page of links shows somebody’s words as words', async t => {
  const hostile = aProduct(
    '88.118.8/H',
    `01/${gtin}`,
    ['NAME', '<script>alert(1)</script>'],
    ['LINK', { rel: 'about', href: 'https://example.com/"onclick=x', title: '"><img src=x>' }],
  )
  const { app } = aDoor(t, { ...aShop, records: [hostile] })
  const url = `${link}?linkType=linkset`
  const { body } = await app.inject({ url, headers: { accept: browser } })

  t.match(body, '&#60;script&#62;')
  t.notMatch(body, /<script|<img|"onclick/)
})

t.test('no path below a key makes us fail, or leads anywhere that the record does not', async t => {
  const text = fc.oneof(
    fc.webPath(),
    fc.string().map(encodeURIComponent),
    fc.constantFrom(
      '10/L1',
      '21/S1/10/L1',
      '22/V/10/L1/21/S1',
      '21/%2e%2e',
      '10/%',
      '//evil.example',
    ),
  )
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', gtin),
        text,
        fc.webQueryParameters(),
        async (key, path, query) => {
          const { statusCode, headers } = await get(`/01/${key}/${path}?${query}`)
          const target = new URL(String(headers['location'] ?? publicUrl))

          return statusCode < 500 && ['example.com', 'id.example.cn'].includes(target.hostname)
        },
      ),
      { numRuns: 100 },
    ),
  )
})
