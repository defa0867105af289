import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { aNode } from '../support/node.ts'
import { aTopnode, knowTopnode } from '../support/topnode.ts'
import { until } from './a-program.ts'

const topnode = await aTopnode()
const iat = Math.floor(Date.now() / 1_000)
const grant = {
  v: 1,
  id: 'grant-1',
  source: '86',
  target: '88.118',
  prefixes: ['88.118.30'],
  tables: ['identifiers', 'basic'],
  fields: {},
  rows: 1_000,
  nbf: iat - 60,
  exp: iat + 86_400,
}

function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'qxm-import-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The members that the test goes on with. */
interface Answer {
  readonly key: string
  readonly state: string
}

t.test('authorised, pushed, previewed, released, resolved, rolled back', async t => {
  const node = await aNode(t, { env: knowTopnode(aFolder(t), topnode) })
  const { imports = '' } = node.node.ready
  const ask = async (method: string, path: string, key: string, body?: object) => {
    const answer = await fetch(node.http + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'accept-language': 'en',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const json = (await answer.json()) as Answer
    return { status: answer.status, json }
  }
  const operator = (method: string, path: string, body?: object) =>
    ask(method, path, node.key, body)
  const aReviewer = async (name: string): Promise<string> =>
    (await operator('POST', '/v1/clients', { name, role: 'reviewer' })).json.key
  const [one, two] = [await aReviewer('one'), await aReviewer('two')]
  await operator('POST', '/v1/prefixes', { prefix: '88.118.30' })

  t.match(await operator('POST', '/v1/grants', { grant: 'a.b.c' }), { status: 400 })
  const token = await topnode.sign(grant)
  t.match(await operator('POST', '/v1/grants', { grant: token }), { status: 201 })
  t.match(await operator('POST', '/v1/grants', { grant: token }), { status: 200 })
  t.match(await operator('GET', '/v1/grants'), {
    json: { items: [{ id: 'grant-1', rows: 1_000 }] },
  })
  t.match(await operator('GET', '/v1/grants/none'), { status: 404 })

  const row = { identifier: '88.118.30/A', kind: 'product', values: [] }
  const files = {
    'identifiers.ndjson': `${JSON.stringify(row)}\n`,
    'basic.ndjson': `${JSON.stringify({ producerName: '无名氏' })}\n`,
  }
  const manifest = { seq: 1, prev: null, prefixes: ['88.118.30'] }
  const { zip } = await topnode.bundle(files, { manifest })
  const receipt = await topnode.send(imports, zip)
  t.equal(receipt.status, 201)
  const path = `/v1/imports/${receipt.json['id']}`
  await until('the plan', async () => (await operator('GET', path)).json.state === 'planned')

  t.match(await operator('GET', `${path}/rows?file=identifiers.ndjson`), {
    json: { items: [{ row: 1, target: '88.118.30/A', outcome: 'added' }], next: null },
  })
  t.match(await operator('POST', `${path}:release`), { status: 403 })
  t.match(await ask('POST', `${path}:release`, one), { status: 200, json: { state: 'planned' } })
  t.match(await ask('POST', `${path}:release`, one), { status: 403 })
  t.match(await ask('POST', `${path}:release`, two), { status: 200, json: { state: 'released' } })
  await until('the rows', async () => (await operator('GET', path)).json.state === 'applied')
  t.match(await operator('GET', '/v1/resolve/88.118.30/A'), { status: 200 })
  t.match(await operator('GET', '/v1/identifiers/88.118.30/A'), { json: { basis: 'grant' } })

  t.match(await operator('GET', `${path}/questions`), { status: 403 })
  t.match(await ask('GET', `${path}/questions`, one), {
    json: { items: [{ row: 1, basic: { producerName: '无名氏' } }] },
  })
  t.match(await ask('POST', `${path}/questions/1:answer`, one, { skip: true }), {
    json: { counts: { questions: 0 } },
  })
  const metrics = await (await fetch(`${node.ops}/metrics`)).text()
  t.match(metrics, /qxm_import_serial\{source="86",reached="done"\} 1/)
  t.match(metrics, /qxm_import_last_success_seconds\{source="86"\} \d/)
  t.match(metrics, /qxm_import_parked 0/)

  t.match(await ask('POST', `${path}:rollback`, one), { json: { state: 'rolledBack' } })
  t.match(await operator('GET', '/v1/resolve/88.118.30/A'), { status: 410 })
  t.match(await operator('DELETE', '/v1/grants/grant-1?reason=test'), {
    json: { reason: 'test', revokedAt: /^\d/ },
  })
  t.match(await operator('POST', '/v1/imports:pull'), { status: 409 }, 'there is no feed')
})
