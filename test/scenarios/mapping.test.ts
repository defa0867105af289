import t, { type Test } from 'tap'
import { aFiling } from '../support/filing.ts'
import { aNode } from '../support/node.ts'
import { postgres } from '../support/postgres-server.ts'
import { testWith } from '../support/throw-away.ts'
import { twoNodes, untilSeen, withUrl } from '../support/two-nodes.ts'

const maker = '1XJRACLXEEWEA9'
/** One demo node for all: each test leaves its prefixes to whom it found them with. */
const { operator, reviewer, firm, institute, instituteCode } = await anOffice(t)

t.test('an enterprise claims a prefix, both sides are seen, and one decides', async t => {
  const prefixes = `/v1/enterprises/${encodeURIComponent(instituteCode)}/prefixes`

  const asked = await institute('POST', prefixes, {
    system: 'gs1',
    prefix: '69012345',
    for: ['product'],
    site: '二厂',
  })
  t.match(asked, {
    status: 201,
    headers: { location: `${prefixes}/${asked.body.id}`, etag: '"1"' },
    body: { state: 'awaiting', confidence: 'stated', code: instituteCode },
  })
  for (const who of [operator, reviewer]) {
    const { body } = await who('GET', '/v1/notices')
    t.match(body.items.at(-1), { topic: 'holding.decide', about: `holding:${asked.body.id}` })
  }
  t.match(await reviewer('GET', '/v1/mapping/claims?contested=1'), {
    body: {
      items: [
        {
          id: asked.body.id,
          conflicts: [{ kind: 'below', key: 'gs1:6901234', code: `88.118.1/${maker}` }],
        },
      ],
      next: null,
    },
  })
  const decide = `/v1/mapping/claims/${asked.body.id}:decide`
  t.match(await reviewer('POST', decide, { decision: 'approve' }), {
    status: 409,
    body: {
      code: 'STATE_CONFLICT',
      conflicts: [{ key: 'gs1:6901234' }],
      errors: [{ pointer: '/despite', rule: 'prefix.overlap' }],
    },
  })
  t.match(await institute('POST', decide, { decision: 'approve' }), { status: 403 })
  const decided = await reviewer('POST', decide, {
    decision: 'approve',
    despite: ['gs1:6901234'],
    evidence: [{ kind: 'registry', name: 'GS1 China' }],
  })
  t.match(decided, { status: 200, body: { state: 'active', confidence: 'matched' } })

  t.match(await firm('GET', `/v1/resolve/${encodeURIComponent(instituteCode)}`), {
    body: { prefixes: [{ system: 'gs1', prefix: '69012345', for: ['product'] }, {}] },
  })
  t.match(await institute('GET', `${prefixes}/${asked.body.id}`), {
    body: { state: 'active', conflicts: [], history: [{ code: instituteCode, by: /./, to: null }] },
  })
  t.match(await firm('GET', `${prefixes}/${asked.body.id}`), { status: 403 })
  t.match(await institute('DELETE', `${prefixes}/${asked.body.id}`), {
    status: 200,
    body: { state: 'ended' },
  })
  t.match(await institute('DELETE', `${prefixes}/${asked.body.id}`), {
    status: 409,
    body: { state: 'ended' },
  })
})

t.test('a prefix that changes hands tells who held it, and what is under it stays', async t => {
  const askOwner = async () => (await firm('GET', '/v1/resolve/88.118.8/ABC-7')).body.code

  t.equal(await askOwner(), `88.118.1/${maker}`)
  t.match(await operator('PATCH', '/v1/prefixes/88.118.8', { owner: instituteCode }), {
    status: 200,
  })

  t.equal(await askOwner(), instituteCode)
  t.match(await operator('GET', '/v1/prefixes/88.118.8'), {
    body: {
      owner: instituteCode,
      history: [
        { code: instituteCode, to: null, by: /./ },
        { code: `88.118.1/${maker}`, to: /^2/ },
      ],
    },
  })
  await operator('PATCH', '/v1/prefixes/88.118.8', { owner: maker })
})

t.test('identifiers that no record names are answered by the rules of their prefix', async t => {
  const rules = `/v1/enterprises/${maker}/mapping-rules`
  const ask = async (identifier: string) => {
    const { status, body } = await firm('GET', `/v1/resolve/${identifier}`)
    return status === 200 ? body.identifier : body.code
  }
  const oid = '2.999.118.8.7.9'
  t.equal(await ask(oid), 'IDENTIFIER_UNKNOWN')

  const made = await firm('POST', rules, {
    prefix: 'oid:2.999.118.8',
    kind: 'template',
    from: '2.999.118.8.{product:digits:1-4}.{lot:digits:1-4}',
    to: '88.118.8/ABC-{product}-{lot}',
  })
  t.match(made, { status: 201, body: { prefix: 'oid:2.999.118.8', position: 1 } })
  t.match(await firm('POST', '/v1/mapping:test', { text: `urn:oid:${oid}` }), {
    body: {
      identifier: oid,
      prefix: 'oid:2.999.118.8',
      answer: { rule: made.body.id, identifier: '88.118.8/ABC-7-9' },
      considered: [{ whyNot: null }],
    },
  })
  t.match(await institute('POST', '/v1/mapping:test', { text: oid }), { status: 403 })
  t.equal(await ask(oid), 'IDENTIFIER_UNKNOWN', 'the record is not there yet')
  await firm('POST', '/v1/identifiers', { identifier: '88.118.8/ABC-7-9', kind: 'product' })
  t.equal(await ask(oid), '88.118.8/ABC-7-9')

  t.match(await firm('DELETE', `${rules}/${made.body.id}`), { status: 204 })
  t.equal(await ask(oid), 'IDENTIFIER_UNKNOWN')
  t.match(await firm('DELETE', `${rules}/${made.body.id}`), { status: 404 })
})

t.test('what cannot be a rule or a claim is refused where it is wrong', async t => {
  const refusal = async (path: string, body: object) => {
    const answer = await firm('POST', `/v1/enterprises/${maker}/${path}`, body)
    return [answer.status, answer.body.errors?.[0]?.pointer, answer.body.errors?.[0]?.rule]
  }
  const gs1 = { prefix: 'gs1:6901234' }

  t.same(
    await refusal('mapping-rules', {
      ...gs1,
      kind: 'template',
      from: '{a:(x+)+:9}',
      to: '88.118.8/',
    }),
    [400, '/from', 'template.class'],
  )
  t.same(
    await refusal('mapping-rules', {
      ...gs1,
      kind: 'template',
      from: '{a:alnum}{b:alnum}',
      to: '88.118.8/{a}{b}',
    }),
    [400, '/from', 'template.ambiguous'],
  )
  t.same(
    await refusal('mapping-rules', {
      ...gs1,
      kind: 'exact',
      from: '6901234000017',
      to: '88.118.8/x',
    }),
    [400, '/from', 'gs1.checkDigit'],
  )
  t.same(await refusal('mapping-rules', { ...gs1, kind: 'exact', to: '88.118.8/x' }), [
    400,
    '/from',
    'required',
  ])
  const rows = Array.from({ length: 1_001 }, () => ({ from: '6901234000016', to: '88.118.8/x' }))
  t.match(await refusal('mapping-rules', { ...gs1, kind: 'table', rows }), [400, '/rows'])
  t.same(await refusal('prefixes', { system: 'oid', prefix: '1.40.3' }), [
    400,
    '/prefix',
    'prefix.oid.secondArc',
  ])
  t.same(await refusal('prefixes', { system: 'gs1', prefix: '690' }), [
    400,
    '/prefix',
    'prefix.gs1',
  ])
  t.same(await refusal('prefixes', { prefix: '88.118%2E9' }), [400, '/prefix', 'prefix.handle'])
  t.match(
    await operator('PATCH', '/v1/mapping/aliases', {
      identifier: '88.118.8/ABC-1',
      alias: '6901234000023',
      standing: 'released',
    }),
    { status: 400, body: { errors: [{ pointer: '/alias', rule: 'alias.unknown' }] } },
  )
})

testWith(
  t,
  [postgres],
  'a rule written at one process leads at another within a second',
  async t => {
    const { first, second } = await twoNodes(t)
    const subject = await aSubject(first)
    for (const [prefix, system] of [
      ['88.118.31', 'handle'],
      ['6901234', 'gs1'],
    ]) {
      await first.write('POST', `/v1/enterprises/${subject}/prefixes`, { system, prefix })
    }
    await first.write('PUT', '/v1/identifiers/88.118.31/A', withUrl('https://example.com/a'))
    t.match(await second.ask('6901234000016'), /UNKNOWN/)

    const made = await first.write('POST', `/v1/enterprises/${subject}/mapping-rules`, {
      prefix: 'gs1:6901234',
      kind: 'exact',
      from: '6901234000016',
      to: '88.118.31/A',
    })

    t.equal(made.status, 201)
    const tookMs = await untilSeen(second, '6901234000016', 'https://example.com/a')
    t.ok(tookMs < 1_000, `${tookMs} ms`)
  },
)

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's script sees has no types
  readonly body: any
}

type Ask = (method: string, path: string, body?: object) => Promise<Reply>

/** The demo node, with who works at it and a key for each of its two enterprises. */
async function anOffice(t: Test) {
  const node = await aNode(t, { demo: true })
  const operator = askWith(node.http, node.key)
  const as = async (role: string, subject?: string) => {
    const { body } = await operator('POST', '/v1/clients', { name: role, role, subject })
    return askWith(node.http, body.key)
  }
  const { body } = await operator('GET', '/v1/prefixes/88.118.9')
  const instituteCode: string = body.owner
  return {
    operator,
    instituteCode,
    reviewer: await as('reviewer'),
    firm: await as('enterprise', maker),
    institute: await as('enterprise', instituteCode),
  }
}

function askWith(http: string, key: string): Ask {
  return async (method, path, body) => {
    const response = await fetch(http + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'accept-language': 'en',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const headers = Object.fromEntries(response.headers)
    return { status: response.status, headers, body: text === '' ? undefined : JSON.parse(text) }
  }
}

/** A subject that has applied and was approved at a node. @returns its code's symbols */
async function aSubject(node: { http: string; key: string }): Promise<string> {
  const operator = askWith(node.http, node.key)
  const as = async (role: string) => {
    const { body } = await operator('POST', '/v1/clients', { name: role, role })
    return askWith(node.http, body.key)
  }
  const [firm, reviewer] = [await as('enterprise'), await as('reviewer')]
  const { body } = await firm('POST', '/v1/applications', { ...aFiling, submit: true })
  const decided = await reviewer('POST', `/v1/applications/${body.id}:decide`, {
    decision: 'approve',
  })
  return String(decided.body.code).split('/')[1] ?? ''
}
