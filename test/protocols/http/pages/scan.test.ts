import t, { type Test } from 'tap'
import { Failure } from '../../../../src/model/failures.ts'
import { pageBytesMax } from '../../../../src/protocols/http/pages/page.ts'
import {
  anAlias,
  aPrefix,
  aRecord,
  aSubject,
  aValue,
  codePrefix,
} from '../../../support/builders.ts'
import { aDoor, aSmallWorld, type DoorWorld } from '../a-door.ts'

const code = '88.118.1/1XJRACLXEEWEA9'
const other = '88.118.1/19E2ENF6AR4LJ3'
const codeUrl = `/C/${code}`

const browser = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'zh-CN,zh;q=0.9',
}
const english = { ...browser, 'accept-language': 'en-GB,en;q=0.9' }

const maker = aSubject('cccccccccccccc', {
  code,
  name: '深圳示例精密制造有限公司',
  region: '440300',
  industry: 'C3911',
})

function aText(index: number, type: string, value: string) {
  return aValue({ index, type, data: { format: 'string', value } })
}

const product = aRecord({
  identifier: '88.118.8/ABC-1',
  values: [
    aText(1, 'URL', 'https://example.com/abc-1'),
    aText(2, 'NAME', '示例轴承'),
    aText(3, 'BATCH', '202611'),
    aText(4, 'WEIGHT', '12 kg'),
  ],
})

const codeRecord = aRecord({ identifier: code, kind: 'subject', subject: maker.id, values: [] })

function aWorld(more: Partial<DoorWorld> = {}): DoorWorld {
  return {
    ...aSmallWorld,
    subjects: [maker],
    prefixes: [...aSmallWorld.prefixes.slice(1), aPrefix('88.118.8', { owner: maker.id })],
    records: [codeRecord, product],
    ...more,
  }
}

async function open(t: Test, url: string, world: DoorWorld = aWorld(), headers = browser) {
  return aDoor(t, world).app.inject({ url, headers })
}

t.test('people get a page, programs what resolve says', async t => {
  const { app } = aDoor(t, aWorld())
  const page = await app.inject({ url: codeUrl, headers: browser })
  const resolved = await app.inject(`/v1/resolve/${code}`)
  const json = await app.inject(codeUrl)
  const protobuf = await app.inject({
    url: codeUrl,
    headers: { accept: 'application/x-protobuf' },
  })

  t.equal(page.statusCode, 200)
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(json.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(json.body, resolved.body)
  t.equal(json.headers['etag'], resolved.headers['etag'])
  t.equal(protobuf.headers['content-type'], 'application/x-protobuf')
})

t.test(
  'a page runs nothing, loads nothing, remembers nothing and is kept by no search engine',
  async t => {
    const { headers, body } = await open(t, codeUrl)
    const policy = String(headers['content-security-policy'])

    t.notMatch(body, /<script|<link|<img|<iframe|<form|\son\w+=|\sstyle=|@import|url\(/i)
    t.match(
      policy,
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    t.equal(headers['set-cookie'], undefined)
    t.equal(headers['x-robots-tag'], 'noindex')
    t.match(body, '<meta name="robots" content="noindex">')
    t.equal(headers['referrer-policy'], 'no-referrer')
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['vary'], 'Accept, Accept-Language')
    t.match(headers['cache-control'], /^public, max-age=60$/)
  },
)

t.test('the first words of a code’s page are who, in what standing, and of when', async t => {
  const { body } = await open(t, codeUrl)
  const inOrder = [
    '<h1><bdi>深圳示例精密制造有限公司</bdi></h1>',
    'class="standing good"',
    '有效',
    '<time datetime="',
  ]
  const places = inOrder.map(text => body.indexOf(text))

  t.ok(
    places.every(place => place > 0),
    String(places),
  )
  t.strictSame(
    places,
    [...places].sort((a, b) => a - b),
  )
  t.match(body, '1XJRA-CLXE-EWEA9')
  t.match(body, '440300')
  t.match(body, '<svg class="tick"')
  t.match(body, /<li>handle <bdi>88\.118\.8<\/bdi>/)
})

t.test('a page speaks the reader’s language, and says which', async t => {
  const zh = await open(t, codeUrl)
  const en = await open(t, codeUrl, aWorld(), english)

  t.match(zh.body, '<html lang="zh-CN">')
  t.equal(zh.headers['content-language'], 'zh')
  t.match(en.body, '<html lang="en">')
  t.match(en.body, 'In force, verified by this node')
  t.equal(en.headers['content-language'], 'en')
  const names = maker.name
  t.notMatch(en.body.replaceAll(names, ''), /\p{Script=Han}/u)
})

t.test('a product’s page names product, batch and maker, and links to the maker', async t => {
  const { body, statusCode } = await open(t, '/r/88.118.8/ABC-1')

  t.equal(statusCode, 200)
  t.match(body, '<h1><bdi>示例轴承</bdi></h1>')
  t.match(body, '<dt>批次</dt><dd>202611</dd>')
  t.match(
    body,
    `<dt>生产者</dt><dd><a href="${codeUrl}"><bdi>深圳示例精密制造有限公司</bdi></a></dd>`,
  )
  t.match(body, '<a href="https://example.com/abc-1" rel="noopener nofollow">')
  t.match(body, '<dt>WEIGHT</dt><dd><bdi>12 kg</bdi></dd>')
  t.match(body, '所属主体的企信码有效')
})

t.test('another name is told only while it leads to the thing', async t => {
  const values = [aText(1, 'NAME', '示例'), aText(2, 'GS1', '01/06901234000016')]
  const unproven = aRecord({
    identifier: '88.118.8/X',
    values,
    aliases: [anAlias('01/06901234000016', 'gs1')],
  })
  const granted = { ...unproven, aliases: [anAlias('01/06901234000016', 'gs1', 'granted')] }
  const before = await open(t, '/r/88.118.8/X', aWorld({ records: [codeRecord, unproven] }))
  const after = await open(t, '/r/88.118.8/X', aWorld({ records: [codeRecord, granted] }))

  t.notMatch(before.body, '06901234000016')
  t.match(after.body, '<li>gs1 <bdi>01/06901234000016</bdi></li>')
})

t.test('whatever a chat or scanner hangs onto a link means nothing', async t => {
  const { app } = aDoor(t, aWorld())
  const plain = await app.inject({ url: codeUrl, headers: browser })
  const hung = await app.inject({
    url: `${codeUrl}?from=singlemessage&isappinstalled=0&type=X&size=x`,
    headers: browser,
  })

  t.equal(hung.body, plain.body)
})

t.test('HEAD is GET without its body, and who has the page gets 304', async t => {
  const { app } = aDoor(t, aWorld())
  const get = await app.inject({ url: codeUrl, headers: browser })
  const head = await app.inject({ method: 'HEAD', url: codeUrl, headers: browser })
  const again = await app.inject({
    url: codeUrl,
    headers: { ...browser, 'if-none-match': String(get.headers['etag']) },
  })

  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  t.equal(head.headers['etag'], get.headers['etag'])
  t.equal(Number(head.headers['content-length']), Buffer.byteLength(get.body))
  t.equal(again.statusCode, 304)
})

t.test('a demo code says so, and is not called verified', async t => {
  const parts = { isDemoCode: (asked: string) => asked === code }
  const own = await open(t, codeUrl, aWorld({ parts }), english)
  const ofProduct = await open(t, '/r/88.118.8/ABC-1', aWorld({ parts }))

  for (const { body } of [own, ofProduct]) {
    t.match(body, /demo/)
    t.notMatch(body, /class="tick"|verified|已核验/)
  }
})

t.test(
  'a code that is not in force shows why and who takes over, on its page and its products’',
  async t => {
    for (const [status, zh, en] of [
      ['suspended', '已暂停', 'Suspended'],
      ['revoked', '已撤销', 'Revoked'],
    ] as const) {
      const world = aWorld({
        subjects: [{ ...maker, status, successor: other }],
        parts: { whyNotInForce: async () => '执照已<b>吊销</b>' },
      })
      const page = await open(t, codeUrl, world)
      const enPage = await open(t, codeUrl, world, english)
      const ofProduct = await open(t, '/r/88.118.8/ABC-1', world)

      t.equal(page.statusCode, 200)
      t.match(enPage.body, en)
      for (const { body } of [page, ofProduct]) {
        t.match(body, zh)
        t.match(body, '执照已&#60;b&#62;吊销&#60;/b&#62;')
        t.match(body, `<a href="/C/${other}">`)
        t.notMatch(body, 'class="tick"')
      }
    }
  },
)

t.test('a mistyped code leads to its likeliest spelling', async t => {
  const { statusCode, body } = await open(t, '/C/88.118.1/1XJRACLXEEWEA8', aWorld(), english)

  t.equal(statusCode, 400)
  t.match(body, /<a class="next" href="\/C\/88\.118\.1\/1XJRACLXEEWEA9">1XJRA-CLXE-EWEA9<\/a>/)
  t.match(body, '1XJRACLXEEWEA8')
})

t.test('a code with a symbol too many leads to the one without', async t => {
  const { statusCode, body } = await open(t, '/C/88.118.1/1XJRACLXXEEWEA9')

  t.equal(statusCode, 404)
  t.match(body, '企信码有 14 个字符')
  t.match(body, `href="${codeUrl}"`)
})

t.test('an unknown code warns of a counterfeit and names look-alikes', async t => {
  const { statusCode, body } = await open(t, `/C/${other}`, aWorld(), english)

  t.equal(statusCode, 404)
  t.match(body, 'This code was never issued')
  t.match(body, '8 and B')
  t.match(body, 'counterfeit')
  t.notMatch(body, 'class="next"')
})

t.test('forged, of an unknown key and never issued are one page', async t => {
  const asked = ['19E2ENF6AR4LJ3', '2DP2AW9QRGGDPD', '1Q26H7HETGLAYJ']
  const pages = []
  for (const symbols of asked) {
    const { body } = await open(t, `/C/${codePrefix}/${symbols}`)
    pages.push(body.replaceAll(symbols, ''))
  }

  t.equal(new Set(pages).size, 1)
})

t.test('an unknown identifier, an unknown prefix and a withdrawn one are three pages', async t => {
  const gone = aRecord({
    identifier: '88.118.8/OLD',
    gone: { reason: '停产<i>' },
    successor: '88.118.8/ABC-1',
  })
  const world = aWorld({ records: [codeRecord, product, gone] })
  const unknown = await open(t, '/r/88.118.8/NOPE', world)
  const foreign = await open(t, '/r/86.1000.1/X', world)
  const withdrawn = await open(t, '/r/88.118.8/OLD', world)

  t.equal(unknown.statusCode, 404)
  t.match(unknown.body, '没有登记此标识')
  t.equal(foreign.statusCode, 404)
  t.match(foreign.body, '未知前缀')
  t.equal(withdrawn.statusCode, 410)
  t.match(withdrawn.body, '停产&#60;i&#62;')
  t.match(withdrawn.body, '<a href="/r/88.118.8%2FABC-1">')
})

t.test('while the store is away the page says that this means nothing', async t => {
  const { app, house } = aDoor(t, aWorld())
  house.away = new Failure('STORE_AWAY', undefined, { retryAfterSeconds: 7 })
  const { statusCode, headers, body } = await app.inject({ url: codeUrl, headers: english })

  t.equal(statusCode, 503)
  t.equal(headers['retry-after'], '7')
  t.equal(headers['cache-control'], 'no-store')
  t.match(body, 'This says nothing against the identifier')
  t.match(body, 'Try again in 7 s')
})

t.test('an old answer is shown as old', async t => {
  const { app, house, clock } = aDoor(t, aWorld())
  await app.inject({ url: codeUrl, headers: browser })
  await clock.advance(400_000)
  house.away = new Failure('STORE_AWAY')
  const { statusCode, headers, body } = await app.inject({ url: codeUrl, headers: browser })

  t.equal(statusCode, 200)
  t.match(body, '可能不是最新数据')
  t.equal(headers['cache-control'], 'no-cache')
})

t.test('a delegated identifier’s page says who answers', async t => {
  const { statusCode, body } = await open(t, '/r/88.118.9/X')

  t.equal(statusCode, 200)
  t.match(body, '由另一节点答复')
  t.match(body, '192.0.2.7')
})

t.test('failures before the question are pages too, for people only', async t => {
  const world = aWorld({ parts: { pressure: () => 'memory' } })
  const page = await open(t, codeUrl, world)
  const problem = await aDoor(t, world).app.inject(codeUrl)
  const empty = await open(t, '/r/')

  t.equal(page.statusCode, 503)
  t.match(page.headers['content-type'], 'text/html')
  t.match(problem.headers['content-type'], 'application/problem+json')
  t.equal(empty.statusCode, 400)
  t.match(empty.headers['content-type'], 'text/html')
  t.equal(empty.headers['x-robots-tag'], 'noindex')
})

t.test('too many questions are a page that says when to come back', async t => {
  const { app } = aDoor(t, aWorld({ rates: { resolve: 1 } }))
  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await app.inject({ url: codeUrl, headers: browser }))
  const last = answers.at(-1)

  t.equal(last?.statusCode, 429)
  t.match(last?.headers['content-type'], 'text/html')
  t.ok(last?.headers['retry-after'])
})

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title><svg onload=alert(1)>',
  '</style><script>alert(1)</script>',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)//https://x',
  'data:text/html;base64,PHNjcmlwdD4=',
  'https://x.example/"><script>alert(1)</script>',
  "https://x.example/'onclick=alert(1)",
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '{{constructor.constructor("alert(1)")()}}',
  '<!--<script>',
  '\u202e\u2066<b>\u0000\u001b[31m',
  '`$' + '{alert(1)}`',
  '<a href=https://evil.example>',
]

t.test('no text of anybody becomes markup', async t => {
  for (const text of hostile) {
    const clean = text.replace('\0', '')
    const subject = {
      ...maker,
      name: clean,
      region: clean,
      industry: clean,
      status: 'suspended' as const,
      successor: clean,
    }
    const records = [
      codeRecord,
      aRecord({
        identifier: '88.118.8/X',
        values: ['URL', 'NAME', 'BATCH', 'SERIAL', 'DESC', 'LINK', clean].map((type, place) =>
          aText(place + 1, type, clean),
        ),
        aliases: [],
        successor: clean,
      }),
      aRecord({ identifier: '88.118.8/GONE', gone: { reason: clean }, successor: clean }),
    ]
    const sites = [{ address: clean, protocols: [], url: clean }]
    const world = aWorld({
      subjects: [subject],
      records,
      prefixes: [
        aPrefix('88.118.8', { owner: maker.id }),
        aPrefix('88.118.9', { owner: maker.id, served: 'delegated', sites }),
        aPrefix(codePrefix),
      ],
      parts: { whyNotInForce: async () => clean },
    })
    const urls = [
      codeUrl,
      '/r/88.118.8/X',
      '/r/88.118.8/GONE',
      '/r/88.118.9/X',
      `/r/${encodeURIComponent(clean)}`,
      `/r/88.118.8/${encodeURIComponent(clean)}`,
      `/C/88.118.1/${encodeURIComponent(clean)}`,
    ]
    const { app } = aDoor(t, world)
    for (const url of urls) {
      const { body, headers } = await app.inject({ url, headers: browser })
      t.match(headers['content-type'], 'text/html')
      t.strictSame(foreignTags(body), [], `${url}: ${text}`)
      t.strictSame(foreignLinks(body), [], `${url}: ${text}`)
      t.notMatch(body, /[\u0000\u001b\u202a-\u202e\u2066-\u2069]/, url)
    }
  }
})

t.test(
  'links are buttons, in the reader’s language first, called by their title or their relation',
  async t => {
    const links = [
      { rel: 'gs1:instructions', href: 'https://example.com/en', hreflang: ['en'] },
      { rel: 'gs1:instructions', href: 'https://example.com/zh', hreflang: ['zh'] },
      { rel: 'gs1:certificationInfo', href: 'https://example.com/c', title: '合格证 <1>' },
      { rel: 'about', href: 'javascript:alert(1)' },
    ]
    const values = links.map((link, place) => aText(place + 1, 'LINK', JSON.stringify(link)))
    const world = aWorld({ records: [codeRecord, aRecord({ identifier: '88.118.8/L', values })] })
    const { app } = aDoor(t, world)
    const zh = await app.inject({ url: '/r/88.118.8/L', headers: browser })
    const en = await app.inject({ url: '/r/88.118.8/L', headers: english })
    const buttons = (body: string) =>
      [...body.matchAll(/<a class="next" href="([^"]*)"[^>]*><bdi>(.*?)<\/bdi>/g)].map(
        ([, href, name]) => `${href} ${name}`,
      )

    t.strictSame(buttons(zh.body), [
      'https://example.com/zh 使用说明',
      'https://example.com/c 合格证 &#60;1&#62;',
      'https://example.com/en 使用说明',
    ])
    t.strictSame(buttons(en.body).slice(0, 1), ['https://example.com/en Instructions'])
    t.strictSame(foreignLinks(zh.body), [])
    t.match(zh.body, '<dt>链接</dt>', 'what is no link is shown, and leads nowhere')
  },
)

/** Tags and attributes that no page of ours has. */
function foreignTags(body: string): string[] {
  const ours =
    /^<(?:!doctype html|\/?(?:html|head|body|main|footer|section|title|style|h1|h2|p|dl|dt|dd|ul|li|bdi|span|time|svg|a)|meta|path)(?: (?:lang|charset|name|content|property|class|datetime|href|rel|viewBox|aria-hidden|fill|d)="[^"<>]*")*>$/
  return [...body.matchAll(/<[^>]*>?/g)].map(([tag]) => tag).filter(tag => !ours.test(tag))
}

/** Links that lead neither to this node's pages nor, marked as foreign, to a web address. */
function foreignLinks(body: string): string[] {
  return [...body.matchAll(/<a [^>]*>/g)]
    .map(([tag]) => tag)
    .filter(tag => !/href="(?:\/[rC]\/[^"]*|)"/.test(tag))
    .filter(
      tag => !/^<a (?:class="next" )?href="https?:\/\/[^"]*" rel="noopener nofollow">$/.test(tag),
    )
}

t.test('a page is at most 30 KB, whatever there is to tell', async t => {
  const long = '<&"\'>'.repeat(2_000)
  const characters = '汉'.repeat(5_000)
  const values = Array.from({ length: 500 }, (_, place) =>
    aText(
      place + 1,
      place % 2 === 0 ? long.slice(0, 120) : `T${place}`,
      place % 3 === 0 ? long : characters,
    ),
  )
  const links = Array.from({ length: 300 }, (_, place) =>
    aText(
      place + 1_000,
      'LINK',
      JSON.stringify({
        rel: 'about',
        href: `https://example.com/${place}`,
        title: '汉'.repeat(200),
      }),
    ),
  )
  const owned = Array.from({ length: 60 }, (_, place) =>
    aPrefix(`88.118.${'8'.repeat(200)}${place}`, { owner: maker.id }),
  )
  const identifier = `88.118.8/${'"'.repeat(245)}`
  const record = aRecord({
    identifier,
    values: [...values, ...links, aText(600, 'NAME', long)],
    successor: long,
  })
  const world = aWorld({
    subjects: [{ ...maker, name: long, status: 'revoked', successor: long, region: '440300' }],
    records: [{ ...codeRecord, values: [...values, ...links] }, record],
    prefixes: [...owned, aPrefix('88.118.8', { owner: maker.id }), aPrefix(codePrefix)],
    parts: { whyNotInForce: async () => long },
  })
  const urls = [
    codeUrl,
    `/r/${encodeURIComponent(identifier)}`,
    `/r/${encodeURIComponent(long.slice(0, 1_500))}`,
  ]

  for (const url of urls) {
    const { rawPayload, headers } = await open(t, url, world)
    t.match(headers['content-type'], 'text/html')
    t.ok(rawPayload.length <= pageBytesMax, `${rawPayload.length} bytes`)
  }
  t.equal(pageBytesMax, 30 * 1024)
})
