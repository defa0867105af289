import t from 'tap'
import { aPdf, aPng } from '../registry/files/some-files.ts'
import { aFiling } from '../support/filing.ts'
import { aNode } from '../support/node.ts'
import { auditRows } from './audit-rows.ts'

/** A licence on its way: from the enterprise that brings it to the reviewer who opens it (AII/002 §5, §9). */
t.test('a licence is brought, named, seen and kept', async t => {
  const node = await aNode(t)
  const { http, key } = node
  const ask = (path: string, init: RequestInit & { key: string | undefined }) =>
    fetch(http + path, {
      ...init,
      headers: {
        ...(init.key === undefined ? {} : { authorization: `Bearer ${init.key}` }),
        ...(init.headers as Record<string, string>),
      },
    })
  const send = async (path: string, who: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await ask(path, {
      method: 'POST',
      key: who,
      headers,
      body: JSON.stringify(body),
    })
    return (await answer.json()) as { id: string; key: string; code: string; evidence: object[] }
  }
  const as = async (role: string) => (await send('/v1/clients', key, { name: role, role })).key
  const [firm, other, reviewer] = [
    await as('enterprise'),
    await as('enterprise'),
    await as('reviewer'),
  ]
  const put = (body: Buffer, type: string, who = firm) =>
    ask('/v1/files', { method: 'POST', key: who, headers: { 'content-type': type }, body })
  const get = (id: string, who: string | undefined) => ask(`/v1/files/${id}`, { key: who })

  const brought = await put(aPdf(), 'image/png')
  const file = (await brought.json()) as { id: string; sha256: string }

  t.match(brought, { status: 201 })
  t.match(file, { id: /^[0-9a-f]{24}$/, sha256: /^[0-9a-f]{64}$/, mediaType: 'application/pdf' })
  t.equal(brought.headers.get('location'), `/v1/files/${file.id}`)
  const again = await put(aPdf(), 'application/octet-stream')
  t.match(await again.json(), { id: file.id })

  const own = await get(file.id, firm)
  t.ok(Buffer.from(await own.arrayBuffer()).equals(aPdf()))
  t.strictSame(
    [
      'content-type',
      'content-disposition',
      'content-security-policy',
      'x-content-type-options',
      'cache-control',
    ].map(name => own.headers.get(name)),
    [
      'application/pdf',
      `attachment; filename="${file.id}.pdf"`,
      "sandbox; default-src 'none'",
      'nosniff',
      'private, no-store',
    ],
  )

  t.equal((await get(file.id, reviewer)).status, 403, 'nothing names it yet')
  const application = await send('/v1/applications', firm, {
    ...aFiling,
    evidence: [{ file: file.id, kind: 'businessLicence', validTo: '2040-08-20' }],
    submit: true,
  })
  t.match(application.evidence, [{ file: file.id, kind: 'businessLicence', validFrom: null }])
  t.equal((await get(file.id, reviewer)).status, 200)
  for (const who of [other, key, undefined]) t.not((await get(file.id, who)).status, 200)
  const decision = { decision: 'approve' }
  const { code } = await send(`/v1/applications/${application.id}:decide`, reviewer, decision)
  const licences = await ask(`/v1/enterprises/${encodeURIComponent(code)}/licences`, { key: firm })
  t.match(await licences.json(), { items: [{ file: file.id, validTo: '2040-08-20' }] })
  const seen = await auditRows(node, `subject=file:${file.id}`, rows => rows.length >= 3)
  t.match(seen, [
    { action: 'file.create' },
    { action: 'file.read.refused' },
    { action: 'file.read' },
  ])

  const refused = await put(aPdf({ 4: '<< /S /JavaScript >>' }), 'application/pdf')
  t.match(
    { status: refused.status, body: await refused.json() },
    { status: 400, body: { code: 'INPUT_INVALID', errors: [{ rule: 'pdf.script' }] } },
  )
  t.equal((await put(Buffer.alloc(6_000_000), 'image/png')).status, 413)
  t.equal((await put(aPng(), 'text/html')).status, 415)
  t.equal((await put(aPng(), 'application/json')).status, 415)
  t.equal((await put(Buffer.alloc(0), 'image/png')).status, 400)
  t.equal((await put(aPng(), 'image/png', reviewer)).status, 403)
  const unasked = await ask('/v1/files', { method: 'POST', key: undefined })
  t.equal(unasked.status, 401)
  t.equal((await get('nothing', firm)).status, 404)
})
