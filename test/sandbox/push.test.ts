import t from 'tap'
import type { Outcome } from '../../src/sandbox/push.ts'
import { type Wrong, wrongs } from '../../src/sandbox/wrongs.ts'
import { aSandbox } from '../support/sandbox.ts'
import { aPushingTop } from './a-pushing-top.ts'

/** What the node answers to each wrong push: the status of each request, undefined without a handshake. */
const expected: Readonly<Record<Wrong, readonly (number | undefined)[]>> = {
  again: [200],
  replay: [201, 403],
  gap: [201],
  fork: [409],
  scope: [403],
  foreign: [201],
  poison: [201],
  bytes: [400],
  body: [400],
  truncated: [400],
  manifest: [403],
  signer: [403],
  stale: [403],
  expired: [403],
  pin: [403],
  certificate: [undefined],
}

function statusesOf(outcomes: readonly Outcome[]) {
  return outcomes.map(({ answer }) => answer?.status)
}

const sandbox = await aSandbox(t)
const top = await aPushingTop(sandbox.dataFolder, sandbox.node.imports)

t.test('nothing is pushed before there is a grant', async t => {
  await t.rejects(top.push(), { name: 'NoGrant' })
})

t.test('a grant is handed in, and a batch under it', async t => {
  const { jws } = await top.grant(86_400)

  t.match(await top.handIn(jws), { status: 201 })
  t.strictSame(statusesOf(await top.push()), [201])
  t.match(await top.journal.sent(), { seq: 1, rowCount: 3 })
})

for (const [wrong, statuses] of Object.entries(expected)) {
  t.test(`${wrong}: ${wrongs[wrong as Wrong].en}`, async t => {
    const before = await top.journal.sent()

    const outcomes = await top.push(wrong as Wrong)

    t.strictSame(statusesOf(outcomes.filter(({ what }) => what !== 'held')), statuses)
    const after = await top.journal.sent()
    const wasTaken = statuses.includes(201)
    t.equal(after.seq > before.seq, wasTaken, 'the chain goes on from what was taken alone')
  })
}

t.test('what was left out is sent before anything else', async t => {
  await top.push('gap')

  const outcomes = await top.push()

  t.match(outcomes, [
    { what: 'held', answer: { status: 201 } },
    { what: 'batch', answer: { status: 201 } },
  ])
  t.equal((await top.journal.sent()).heldSeq, undefined)
})

t.test('under a grant that has ended nothing comes in', async t => {
  const { jws } = await top.grant(0)

  t.match(await top.handIn(jws), { status: 403 })
  t.strictSame(statusesOf(await top.push()), [403])
})

t.test('under a revoked grant nothing comes in', async t => {
  const { id, jws } = await top.grant(86_400)
  await top.handIn(jws)
  const revoked = await fetch(`${sandbox.node.http}/v1/grants/${id}?reason=test`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${sandbox.key}` },
  })

  t.equal(revoked.status, 200)
  t.strictSame(statusesOf(await top.push()), [403])
})
