import t, { type Test } from 'tap'
import { printCode } from '../../src/model/code.ts'
import { aConsent, aFiling, aFirm, anInstitution } from '../support/filing.ts'
import { aNode, type RunningNode } from '../support/node.ts'

/** From application to code, as somebody with nothing but HTTP goes through it (AII/002 §5). */
t.test('apply, return, resubmit, approve, resolve, suspend, resolve', async t => {
  const { as, http } = await anOfficeBehindDoors(t)
  const [firm, reviewer] = [await as('enterprise'), await as('reviewer')]

  const created = await firm('POST', '/v1/applications', aFiling)
  const { id } = created.body
  t.match(created, {
    status: 201,
    headers: { location: `/v1/applications/${id}`, etag: '"1"' },
    body: {
      state: 'draft',
      kind: 'code',
      code: null,
      declaration: true,
      derived: { region: '440300' },
    },
  })
  t.match(await firm('POST', `/v1/applications/${id}:submit`), {
    status: 200,
    body: { state: 'submitted' },
  })
  const queue = await reviewer('GET', '/v1/applications')
  t.match(queue.body.items, [{ id, name: aFirm.producerName, state: 'submitted' }])
  t.notMatch(JSON.stringify(queue.body), /张三|91440300/)
  t.match((await reviewer('GET', '/v1/notices')).body.items, [
    { topic: 'application.decide', about: `application:${id}` },
  ])
  t.match(await reviewer('POST', `/v1/applications/${id}:assign`), {
    body: { state: 'reviewing' },
  })
  const comments = { 法人代表: '与执照不符' }
  t.match(
    await reviewer('POST', `/v1/applications/${id}:decide`, { decision: 'return', comments }),
    {
      status: 200,
      body: { state: 'returned', comments: { legalRepresentative: '与执照不符' } },
    },
  )
  t.match((await firm('GET', '/v1/notices')).body.items, [{ topic: 'application.mend' }])
  const etag = (await firm('GET', `/v1/applications/${id}`)).headers['etag'] ?? ''
  const mend = { basic: { legalRepresentative: '张三丰' } }
  t.match(await firm('PATCH', `/v1/applications/${id}`, mend, { 'if-match': '"1"' }), {
    status: 412,
    body: { code: 'VERSION_STALE' },
  })
  t.match(await firm('PATCH', `/v1/applications/${id}`, mend, { 'if-match': etag }), {
    status: 200,
    body: { state: 'returned', basic: { ...aFirm, ...mend.basic } },
  })
  await firm('POST', `/v1/applications/${id}:submit`)
  const approved = await reviewer('POST', `/v1/applications/${id}:decide`, { decision: 'approve' })
  t.match(approved, {
    status: 200,
    body: { state: 'approved', code: /^88\.118\.1\/1[0-9A-Y]{13}$/ },
  })

  const { code } = approved.body
  const anybody = await as()
  t.match((await anybody('GET', `/v1/resolve/${code}`)).body, {
    kind: 'subject',
    status: 'active',
    values: [{ type: 'URL' }, { type: 'NAME', data: { value: aFirm.producerName } }],
  })
  const path = `/v1/enterprises/${encodeURIComponent(code)}`
  t.match(await anybody('GET', path), { status: 200, body: { code, region: '440300' } })
  t.notOk('basic' in (await anybody('GET', path)).body)
  t.match((await firm('GET', `/v1/enterprises/${printCode(code.slice(-14)).toLowerCase()}`)).body, {
    basic: { legalRepresentative: '张三丰' },
  })
  t.match(await reviewer('POST', `${path}:suspend`, { reason: '核查中' }), {
    status: 200,
    body: { status: 'suspended', reason: '核查中' },
  })
  t.match((await anybody('GET', `/v1/resolve/${code}`)).body, { status: 'suspended' })
  const page = await fetch(`${http}/C/${code}`, { headers: { accept: 'text/html' } })
  t.match(await page.text(), '核查中', 'whoever scans it reads why')
  t.match(await reviewer('POST', `${path}:suspend`, { reason: '核查中' }), {
    status: 409,
    body: { code: 'STATE_CONFLICT', status: 409 },
  })
  t.match(await firm('POST', `${path}:resume`, { reason: '自行恢复' }), { status: 403 })
  t.match((await firm('GET', `/v1/applications/${id}`)).body.history, [
    { step: 'create' },
    { step: 'submit' },
    { step: 'assign' },
    { step: 'return', comments: { legalRepresentative: '与执照不符' } },
    { step: 'edit' },
    { step: 'submit' },
    { step: 'approve' },
  ])
})

t.test('an agent files for an enterprise that confirms, and later ends the mandate', async t => {
  const { as } = await anOfficeBehindDoors(t)
  const [agent, firm, reviewer] = [await as('agent'), await as('enterprise'), await as('reviewer')]
  const proposal = {
    uscc: anInstitution.uscc,
    name: anInstitution.producerName,
    scope: ['code', 'change'],
    until: new Date(Date.now() + 86_400_000).toISOString(),
  }
  const mandate = (await agent('POST', '/v1/mandates', proposal)).body.id
  const filing = { ...aFiling, basic: anInstitution, mandate, submit: true }

  t.match(await agent('POST', '/v1/applications', filing), {
    status: 403,
    body: { errors: [{ pointer: '/mandate', rule: 'mandate.state' }] },
  })
  t.match(await firm('POST', `/v1/mandates/${mandate}:confirm`, { uscc: anInstitution.uscc }), {
    status: 200,
    body: { state: 'confirmed' },
  })
  const filed = await agent('POST', '/v1/applications', filing)
  t.match(filed, { status: 201, body: { state: 'submitted', mandate } })
  const decide = `/v1/applications/${filed.body.id}:decide`
  t.match(await reviewer('POST', decide, { decision: 'approve' }), {
    status: 200,
    body: { state: 'approved' },
  })
  const change = { basic: { 经营状态: '停业' }, consent: aConsent, declaration: true, mandate }
  t.match(await agent('POST', '/v1/applications', change), {
    status: 201,
    body: { kind: 'change' },
  })
  t.match(await firm('POST', `/v1/mandates/${mandate}:end`), { body: { state: 'ended' } })
  t.match(await agent('POST', '/v1/applications', change), { status: 403 })
  t.match(await firm('POST', '/v1/applications', { ...change, mandate: undefined }), {
    status: 201,
    body: { kind: 'change' },
  })
})

t.test(
  'mistakes are told field by field in the asker’s language, and a key makes one application',
  async t => {
    const { as } = await anOfficeBehindDoors(t)
    const firm = await as('enterprise')
    const basic = { ...aFirm, registerDate: 20150230, 营业期限: '长期', producerName: undefined }

    const { status, body } = await firm(
      'POST',
      '/v1/applications',
      { ...aFiling, basic, submit: true },
      { 'accept-language': 'en' },
    )
    t.equal(status, 400)
    t.match(body, { code: 'INPUT_INVALID', errors: [{ pointer: '/basic/registerDate' }, {}] })
    t.match(await firm('POST', '/v1/applications', { basic: aFirm, declaration: true }), {
      status: 403,
      body: { code: 'CONSENT_MISSING', errors: [{ pointer: '/consent' }] },
    })
    const key = { 'idempotency-key': 'once' }
    const first = await firm('POST', '/v1/applications', aFiling, key)
    t.strictSame((await firm('POST', '/v1/applications', aFiling, key)).body, first.body)
    t.match(await firm('POST', '/v1/applications', { ...aFiling, submit: true }, key), {
      status: 409,
      body: { code: 'IDEMPOTENCY_MISMATCH' },
    })
    t.equal((await firm('GET', '/v1/applications')).body.items.length, 1)
    t.match(await firm('GET', '/v1/applications/nowhere'), { status: 404 })
    t.match(await firm('GET', '/v1/enterprises/1XJRACLXEEWEA9'), {
      status: 404,
      body: { code: 'IDENTIFIER_UNKNOWN' },
    })
    t.match(await firm('GET', '/v1/enterprises/1XJRACLXEEWEA8'), {
      status: 400,
      body: { code: 'IDENTIFIER_MALFORMED' },
    })
    t.match(await (await as())('POST', '/v1/applications', aFiling), { status: 401 })
    t.match(await (await as('bank'))('POST', '/v1/applications', aFiling), { status: 403 })
  },
)

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's script sees has no types
  readonly body: any
}

type Ask = (
  method: string,
  path: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<Reply>

/** A node whose codes are the demo's, and who calls it: each role with a key of its own. */
async function anOfficeBehindDoors(t: Test) {
  const node = await aNode(t)
  const operator = askWith(node, node.key)
  return {
    http: node.http,
    async as(role?: string): Promise<Ask> {
      if (role === undefined) return askWith(node, undefined)
      const { body } = await operator('POST', '/v1/clients', { name: role, role })
      return askWith(node, body.key)
    },
  }
}

function askWith(node: RunningNode, key: string | undefined): Ask {
  return async (method, path, body, more = {}) => {
    const response = await fetch(node.http + path, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const headers = Object.fromEntries(response.headers)
    return { status: response.status, headers, body: await response.json() }
  }
}
