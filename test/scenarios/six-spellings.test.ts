import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tunnelMediaType } from '../../src/protocols/http/handle-tunnel/tunnel.ts'
import {
  type Answered,
  aQuestion,
  aTcpClient,
  aUdpClient,
  readAnswer,
} from '../protocols/handle/a-client.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'

interface Answer {
  readonly identifier: string
  readonly code: string
  readonly serial: number
  readonly sameAs: readonly { readonly system: string; readonly identifier: string }[]
  readonly trace?: readonly {
    readonly step: string
    readonly text: string
    readonly facts: object
  }[]
}

async function ask(node: RunningNode, identifier: string, query = ''): Promise<Answer> {
  const answer = await fetch(`${node.http}/v1/resolve/${encodeURIComponent(identifier)}${query}`, {
    headers: { 'accept-language': 'en' },
  })
  if (answer.status !== 200) throw new Error(`${identifier}: ${await answer.text()}`)
  return (await answer.json()) as Answer
}

/** One product of the demo, as every system and every carrier has it. */
const spellings = [
  '88.118.8/ABC-4',
  'hdl:88.118.8/abc-4',
  'https://resolver.example.cn/r/88.118.8/ABC-4',
  '6901234000047',
  '06901234000047',
  '(01)06901234000047(10)LOT1(21)S1',
  ']Q3010690123400004710LOT1\x1d21S1',
  'urn:epc:id:sgtin:6901234.000004.S1',
  'https://id.example.cn/01/06901234000047/10/LOT1/21/S1',
  '01/06901234000047/22/V2/10/LOT1/21/S1',
  '2.999.118.8.1000.4',
  'urn:oid:2.999.118.8.1000.4',
  '10064811800000004',
  'https://www.iotroot.com/E=10064811800000004',
  'VAA88.118.8/ABC-4',
  'did:web:example.com:products:abc-4',
] as const

t.test('one product, however it is asked for, is one record', async t => {
  const node = await aNode(t, { demo: true })
  const expected = await ask(node, '88.118.8/ABC-4')
  t.strictSame(expected.sameAs.map(({ system }) => system).sort(), [
    'did',
    'ecode',
    'gs1',
    'oid',
    'vaa',
  ])

  for (const spelling of spellings) {
    const { identifier, code, serial, sameAs } = await ask(node, spelling)
    t.strictSame(
      { identifier, code, serial, sameAs },
      {
        identifier: expected.identifier,
        code: expected.code,
        serial: expected.serial,
        sameAs: expected.sameAs,
      },
      spelling,
    )
  }

  t.test('a trace of each tells name, prefix, where it was found, and the alias', async t => {
    for (const asked of spellings) {
      const { trace = [] } = await ask(node, asked, '?trace=1')
      const steps = trace.map(({ step }) => step)

      t.match(trace[0], { step: 'name', facts: { normal: String } }, asked)
      t.match(trace[1], { step: 'prefix', facts: { owner: expected.code, by: String } })
      const isByName = /88\.118\.8\/abc-4/i.test(asked) && !asked.startsWith('VAA')
      t.equal(steps.includes('alias'), !isByName, `${asked}: ${steps.join()}`)
      t.equal(steps.includes('level'), /S1/.test(asked), `${asked}: ${steps.join()}`)
    }
  })

  t.test('from the product to its maker, its prefixes, and back', async t => {
    const card = (await (
      await fetch(`${node.http}/v1/resolve/${encodeURIComponent(expected.code)}`)
    ).json()) as { prefixes: { system: string; prefix: string }[] }
    t.ok(card.prefixes.some(({ prefix }) => prefix === '6901234'))

    for (const { system, prefix } of card.prefixes) {
      const key = system === 'handle' ? prefix : `${system}:${prefix}`
      const back = await fetch(`${node.http}/v1/reverse?prefix=${encodeURIComponent(key)}`)
      t.match(await back.json(), { items: [{ code: expected.code }] }, key)
    }
  })
})

const gtin = '06909999000012'
const claimant = '88.118.8/RIVAL'

/** The demo's enterprise registers a GTIN of the demo's institution as an alias of a product of its own. */
async function aNodeWithAClaim(t: Test) {
  const folder = await aDataFolder(t)
  const node = await aNode(t, { demo: true, folder })
  const { code } = await ask(node, '0.NA/88.118.9')
  const asOperator = await writerOf(node, folder, 'operator')
  await asOperator('POST', '/v1/prefixes', { system: 'gs1', prefix: '6909999', owner: code })
  const asRival = await writerOf(node, folder, 'enterprise')
  await asRival('PUT', `/v1/identifiers/${claimant}`, {
    kind: 'product',
    values: [
      { index: 1, type: 'URL', data: 'https://rival.example.com/' },
      { index: 2, type: 'GS1', data: gtin },
    ],
  })
  return { node, asRival }
}

async function writerOf({ http }: RunningNode, folder: string, name: string) {
  const key = (await readFile(join(folder, 'demo', `${name}.key`), 'utf8')).trim()
  return async (method: string, path: string, body?: object) => {
    const answer = await fetch(http + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return answer.json()
  }
}

t.test('a rival’s GTIN written into one’s own record leads nowhere, on every door', async t => {
  const { node, asRival } = await aNodeWithAClaim(t)
  const at = node.node.ready.handle ?? ''
  const tcp = await aTcpClient(t, at)
  const udp = await aUdpClient(t, at)
  const get = (path: string, headers = {}) =>
    fetch(node.http + path, { headers, redirect: 'manual' })
  const names = [
    `01/${gtin}`,
    gtin,
    `(01)${gtin}`,
    `01/${gtin}/10/LOT1/21/S1`,
    `https://id.example.cn/01/${gtin}`,
    `urn:epc:id:sgtin:6909999.000001.S1`,
  ]

  for (const name of names) {
    const encoded = encodeURIComponent(name)
    t.equal((await get(`/v1/resolve/${encoded}`)).status, 404, `JSON: ${name}`)
    const protobuf = await get(`/v1/resolve/${encoded}`, { accept: 'application/x-protobuf' })
    t.equal(protobuf.status, 404, `protobuf: ${name}`)
    t.equal((await get(`/r/${encoded}`)).status, 404, `/r/: ${name}`)
    const page = await get(`/r/${encoded}`, { accept: 'text/html' })
    t.equal(page.status, 404, `the page: ${name}`)
    t.notMatch(await page.text(), /rival\.example/)
    const rest = await get(`/api/handles/${encoded}`)
    t.match(await rest.json(), { responseCode: /^(100|301)$/ }, `REST: ${name}`)
    const question = aQuestion(name)
    const tunnel = await fetch(node.http, {
      method: 'POST',
      headers: { 'content-type': tunnelMediaType },
      body: question,
    })
    const answers: Answered[] = [
      await tcp.ask(question),
      await udp.ask(question),
      readAnswer(Buffer.from(await tunnel.arrayBuffer())),
    ]
    for (const { header } of answers) t.match(header, { responseCode: /^(100|301)$/ }, name)
  }
  t.equal((await get(`/01/${gtin}`)).status, 404, 'Digital Link')
  const batch = await fetch(`${node.http}/v1/resolve:batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifiers: names }),
  })
  t.strictSame(
    ((await batch.json()) as { answers: { status: number }[] }).answers.map(({ status }) => status),
    names.map(() => 404),
    'batch',
  )
  const reverse = await get(`/v1/reverse?value=${gtin}`)
  const { items } = (await reverse.json()) as { items: { via: string }[] }
  t.notOk(
    items.some(({ via }) => via === 'alias'),
    'reverse finds the text as a value, and no name',
  )

  t.test('its own record goes on without it, and says so to its owner alone', async t => {
    t.strictSame((await ask(node, claimant)).sameAs, [])
    t.match(await asRival('GET', `/v1/identifiers/${claimant}`), {
      aliases: [{ system: 'gs1', identifier: `01/${gtin}`, standing: 'claimed', unproven: true }],
    })
    const proven = await asRival('GET', '/v1/identifiers/88.118.8/ABC-4')
    t.match(proven, { aliases: [{ standing: 'claimed' }] })
    t.notMatch(proven, { aliases: [{ unproven: true }] })
  })
})
