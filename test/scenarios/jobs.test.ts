import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { peekJwt, verifyJwt } from '../../src/crypto/jwt.ts'
import type { PublicJwk } from '../../src/model/value.ts'
import { products } from '../registry/jobs/a-job-desk.ts'
import { aNode } from '../support/node.ts'
import { type Job, talkTo } from './a-job-client.ts'

t.test('a file of rows from its upload to its undoing', async t => {
  const { http, key } = await aNode(t)
  const node = talkTo(() => http, key)
  await node.prefix('88.118.8')
  const file = `${products(600)}not an identifier,product,,\n`

  const tried = await node.send('into=identifiers&dryRun=1', file, { 'idempotency-key': 'a' })
  const job = await node.json<Job>(tried)
  t.match(tried, { status: 202 })
  t.equal(tried.headers.get('location'), `/v1/jobs/${job.id}`)
  t.match(await node.ended(job.id), {
    state: 'checked',
    counts: { rows: 601, added: 600, changed: 0, unchanged: 0, refused: 1 },
  })
  t.equal((await node.ask('GET', '/v1/resolve/88.118.8/P-1')).status, 404)

  t.match(await node.ask('POST', `/v1/jobs/${job.id}:apply`), { status: 202 })
  const done = await node.ended(job.id)
  t.match(done, { state: 'done', counts: { added: 600, refused: 1 } })
  t.equal((await node.ask('GET', '/v1/resolve/88.118.8/P-1')).status, 200)
  await verifiesReceipt(t, http, done, file)
  const errors = await node.ask('GET', `/v1/jobs/${job.id}/errors`)
  t.match(errors.headers.get('content-type'), 'text/csv')
  t.match(await errors.text(), /not an identifier,product,,,601,identifier,/)
  const again = await node.send('into=identifiers&dryRun=1', file, { 'idempotency-key': 'a' })
  t.match(await again.json(), { id: job.id })
  const other = await node.send('into=identifiers&dryRun=1', 'x', { 'idempotency-key': 'a' })
  t.match(await other.json(), { code: 'IDEMPOTENCY_MISMATCH', status: 409 })

  const events = await node.ask('GET', `/v1/jobs/${job.id}`, undefined, {
    accept: 'text/event-stream',
  })
  t.match(await events.text(), /^event: job\ndata: \{"id":"job-[0-9a-f]+","state":"done"/)
  t.match(await node.ask('POST', `/v1/jobs/${job.id}:undo`), { status: 202 })
  t.match(await node.ended(job.id), { state: 'undone' })
  t.equal((await node.ask('GET', '/v1/resolve/88.118.8/P-1')).status, 410)
  const list = await node.ask('GET', '/v1/jobs')
  t.match(await list.json(), { items: [{ id: job.id, state: 'undone' }], next: null })
})

t.test('what is no job is refused, and says what would be one', async t => {
  const { http, key } = await aNode(t)
  const node = talkTo(() => http, key)

  const [nowhere, table, text, absent] = await Promise.all([
    node.send('into=enterprises', 'x'),
    node.send('into=identifiers&code=1XJRACLXEEWEA9', 'x'),
    node.send('into=identifiers', 'x', { 'content-type': 'text/plain' }),
    node.ask('GET', '/v1/jobs/none'),
  ])

  t.match(await nowhere.json(), { code: 'INPUT_INVALID', detail: /identifiers, prefixes/ })
  t.match(await table.json(), { code: 'INPUT_INVALID', errors: [{ pointer: '/code' }] })
  t.equal(text.status, 415)
  t.equal(absent.status, 404)
  t.equal((await fetch(`${http}/v1/jobs`)).status, 401)
})

t.test('jobs are their senders’, and rows lie where the sender has authority', async t => {
  const { http, key } = await aNode(t)
  const operator = talkTo(() => http, key)
  await operator.prefix('88.118.8')
  await operator.prefix('88.118.9')
  const client = async (prefix: string) => {
    const body = JSON.stringify({ name: 'x', role: 'enterprise', prefixes: [prefix] })
    const headers = { 'content-type': 'application/json' }
    const made = await operator.ask('POST', '/v1/clients', body, headers)
    return talkTo(() => http, (await operator.json<{ key: string }>(made)).key)
  }
  const [ours, theirs] = [await client('88.118.8'), await client('88.118.9')]

  const sent = await ours.send('into=identifiers', `${products(2)}88.118.9/x,,u,n\n`)
  const job = await ours.ended((await ours.json<Job>(sent)).id)

  t.match(job, { state: 'done', counts: { added: 2, refused: 1 } })
  t.equal((await theirs.ask('GET', `/v1/jobs/${job.id}`)).status, 403)
  t.match(await (await theirs.ask('GET', '/v1/jobs')).json(), { items: [] })
  t.equal((await theirs.ask('POST', `/v1/jobs/${job.id}:undo`)).status, 403)
  t.equal((await theirs.send('into=prefixes', 'prefix\n88.118.30\n')).status, 202)
})

t.test('while rows are written to the embedded store, questions are answered', async t => {
  const { http, key } = await aNode(t)
  const node = talkTo(() => http, key)
  await node.prefix('88.118.8')
  await node.ended((await node.json<Job>(await node.send('into=identifiers', products(20)))).id)

  const sent = await node.send('into=identifiers', products(3_000, { name: 'Q' }))
  const { id } = await node.json<Job>(sent)
  const statuses: number[] = []
  for (let number = 1; (await node.job(id)).endedAt === null; number++) {
    const path = `/v1/resolve/88.118.8/P-${(number % 20) + 1}`
    const headers = { 'cache-control': 'no-cache' }
    statuses.push((await node.ask('GET', path, undefined, headers)).status)
  }

  t.ok(statuses.length > 3, `${statuses.length} questions`)
  t.same([...new Set(statuses)], [200])
  t.match(await node.job(id), { state: 'done', counts: { added: 3_000 } })
})

async function verifiesReceipt(t: Test, http: string, job: Job, file: string): Promise<void> {
  const published = await fetch(`${http}/.well-known/qxm-keys.json`)
  const { keys } = (await published.json()) as { keys: ({ kid: string } & PublicJwk)[] }
  const receipt = job.receipt ?? ''
  const jwk = keys.find(({ kid }) => kid === peekJwt(receipt)?.kid)
  if (jwk === undefined) throw new Error('the key of the receipt is not published')
  t.match(await verifyJwt(receipt, { kid: jwk.kid, alg: 'EdDSA', jwk }), {
    iss: http,
    job: job.id,
    counts: job.counts,
    sha256: createHash('sha256').update(file).digest('hex'),
  })
}
