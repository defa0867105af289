import t from 'tap'
import type { Site, Value } from '../../../../src/model/value.ts'
import { encodeReferral } from '../../../../src/protocols/handle/bodies/referral.ts'
import { encodeResolutionAnswer } from '../../../../src/protocols/handle/bodies/resolution.ts'
import type { Service } from '../../../../src/protocols/handle/client/parts.ts'
import { ServerAway } from '../../../../src/protocols/handle/client/server-away.ts'
import { makeSiteCache } from '../../../../src/protocols/handle/client/site-cache.ts'
import {
  makeWalk,
  type WalkParts,
  WalkTooLong,
} from '../../../../src/protocols/handle/client/walk.ts'
import { siteOfServer } from '../../../../src/protocols/handle/site-values.ts'
import { aValue } from '../../../support/builders.ts'
import { aClock } from '../../../support/clock.ts'
import { bodyOf } from '../a-client.ts'

function aSite(address: string): Site {
  const interfaces = [{ query: true, admin: false, protocol: 'TCP' as const, port: 2641 }]
  return siteOfServer({ address, interfaces, serialNumber: 1, description: '' })
}

const site = (address: string, type = 'HS_SITE') =>
  aValue({ type, data: { format: 'site', value: aSite(address) } })
const text = (type: string, value: string) => aValue({ type, data: { format: 'string', value } })

type Said =
  | readonly Value[]
  | { readonly code: number; readonly handle?: string; readonly values?: readonly Value[] }

/** Servers by address, and what each says of a handle; of all others it says that they are unknown. */
function aWorld(
  servers: Readonly<Record<string, Readonly<Record<string, Said>>>>,
  more: Partial<WalkParts> = {},
) {
  const clock = aClock()
  const asked: string[] = []
  const away = new Set<string>()
  const walk = makeWalk({
    async askService({ sites }, { handle }) {
      const address = sites[0]?.servers[0]?.address ?? ''
      asked.push(`${address} ${handle}`)
      if (away.has(address)) throw new ServerAway('away')
      const said = servers[address]?.[handle] ?? { code: 100 }
      if (!('code' in said)) {
        return { responseCode: 1, body: bodyOf(encodeResolutionAnswer, { handle, values: said }) }
      }
      const { code, handle: service = '', values } = said
      const body = bodyOf(encodeReferral, { handle: service, ...(values && { values }) })
      return { responseCode: code, body }
    },
    siteCache: makeSiteCache(clock),
    clock,
    roots: { sites: [aSite('192.0.2.1')], isForeign: false },
    mode: 'walk',
    hopsMax: 16,
    timeoutMs: 1_000,
    ...more,
  })
  const { signal } = new AbortController()
  const resolve = async (handle: string, start?: Service) => {
    const found = await walk.resolve(handle, start, { recursionCount: 1, signal })
    return found.kind === 'values' ? found.values.map(({ data }) => data.value) : found.kind
  }
  return { resolve, asked, away, clock, walk }
}

const root = '192.0.2.1'
const home = '192.0.2.2'
const other = '192.0.2.3'
const answer = [text('URL', 'here')]

t.test('the record of the prefix says where its handles are, and is kept', async t => {
  const { resolve, asked } = aWorld({
    [root]: { '0.NA/88.1': [site(home)] },
    [home]: { '88.1/x': answer },
  })

  t.same(await resolve('88.1/x'), ['here'])
  t.equal(await resolve('88.1/y'), 'unknownHandle')
  t.same(asked, [`${root} 0.NA/88.1`, `${home} 88.1/x`, `${home} 88.1/y`])
})

t.test('a record may name a service handle instead of sites', async t => {
  const { resolve } = aWorld({
    [root]: {
      '0.NA/88.1': [text('HS_SERV', '0.SERV/88')],
      '0.NA/0.serv': [site(other)],
    },
    [other]: { '0.SERV/88': [site(home)] },
    [home]: { '88.1/x': answer },
  })

  t.same(await resolve('88.1/x'), ['here'])
})

t.test('referrals are followed: to a service, for a prefix, and by a service handle', async t => {
  const { resolve } = aWorld({
    [root]: {
      '0.NA/88.1.5': { code: 303, values: [site(other, 'HS_SITE.PREFIX')] },
      '0.NA/88.2': [site(home)],
      '0.NA/0.serv': [site(other)],
    },
    [other]: { '0.NA/88.1.5': [site(home)], '0.SERV/1': [site('192.0.2.4')] },
    [home]: {
      '88.1.5/x': { code: 302, values: [site('192.0.2.4')] },
      '88.2/x': { code: 302, handle: '0.SERV/1' },
    },
    '192.0.2.4': { '88.1.5/x': answer, '88.2/x': answer },
  })

  t.same(await resolve('88.1.5/x'), ['here'])
  t.same(await resolve('88.2/x'), ['here'])
})

t.test('the record of a derived prefix may be where an ancestor says', async t => {
  const { resolve, asked } = aWorld({
    [root]: { '0.NA/88': [site(other, 'HS_SITE.PREFIX')] },
    [other]: { '0.NA/88.1.5': [site(home)] },
    [home]: { '88.1.5/x': answer },
  })

  t.same(await resolve('88.1.5/x'), ['here'])
  t.ok(asked.includes(`${root} 0.NA/88.1`))
})

t.test('a prefix nobody knows is unknown for ten seconds', async t => {
  const { resolve, asked, clock } = aWorld({})

  t.equal(await resolve('88/x'), 'unknownPrefix')
  t.equal(await resolve('88/y'), 'unknownPrefix')
  t.equal(asked.length, 1)
  await clock.advance(10_000)
  t.equal(await resolve('88/x'), 'unknownPrefix')
  t.equal(asked.length, 2)
})

t.test('servers that refer to each other are left, and so is a way without end', async t => {
  const circle = aWorld({
    [root]: { '0.NA/88.1': [site(home)] },
    [home]: { '88.1/x': { code: 302, values: [site(other)] } },
    [other]: { '88.1/x': { code: 302, values: [site(home)] } },
  })
  const endless = aWorld(
    Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => [
        `198.51.100.${n}`,
        { '88.1/x': { code: 302, values: [site(`198.51.100.${n + 1}`)] } },
      ]),
    ),
  )
  const named = aWorld({ [root]: { '0.NA/88.1': [text('HS_SERV', '88.1/service')] } })
  const start = { sites: [aSite('198.51.100.0')], isForeign: false }

  await t.rejects(circle.resolve('88.1/x'), WalkTooLong)
  await t.rejects(endless.resolve('88.1/x', start), WalkTooLong)
  await t.rejects(named.resolve('88.1/x'), WalkTooLong)
  t.equal(endless.asked.length, 16)
})

t.test('a prefix referral for a handle, and codes that say nothing, are no answers', async t => {
  for (const code of [2, 3, 4, 301, 303, 400, 402]) {
    const { resolve } = aWorld({
      [root]: { '0.NA/88.1': [site(home)] },
      [home]: { '88.1/x': { code, values: [site(other)] } },
    })

    await t.rejects(resolve('88.1/x'), ServerAway, `code ${code}`)
  }
})

t.test('a service that is away is looked for again by the next question', async t => {
  const { resolve, asked, away } = aWorld({
    [root]: { '0.NA/88.1': [site(home)] },
    [home]: { '88.1/x': answer },
  })
  away.add(home)
  await t.rejects(resolve('88.1/x'), ServerAway)

  away.clear()

  t.same(await resolve('88.1/x'), ['here'])
  t.equal(asked.filter(each => each === `${root} 0.NA/88.1`).length, 2)
})

t.test('questions under one prefix share one look-up', async t => {
  const { resolve, asked } = aWorld({
    [root]: { '0.NA/88.1': [site(home)] },
    [home]: { '88.1/x': answer, '88.1/y': answer },
  })

  await Promise.all([resolve('88.1/x'), resolve('88.1/y'), resolve('88.1/x')])

  t.equal(asked.filter(each => each.startsWith(root)).length, 1)
})

t.test('a recursive node is asked for the bare prefix', async t => {
  const { resolve, asked } = aWorld(
    { [root]: { '88.1.5': [site(home)] }, [home]: { '88.1.5/x': answer } },
    { mode: 'recursiveNode' },
  )

  t.same(await resolve('88.1.5/x'), ['here'])
  t.same(asked, [`${root} 88.1.5`, `${home} 88.1.5/x`])
})

t.test('without roots only known services are asked', async t => {
  const { resolve } = aWorld(
    { [home]: { '88.1/x': answer } },
    { roots: { sites: [], isForeign: false } },
  )

  t.equal(await resolve('88.1/x'), 'unknownPrefix')
  t.same(await resolve('88.1/x', { sites: [aSite(home)], isForeign: false }), ['here'])
})
