import t, { type Test } from 'tap'
import { openServer } from '../../src/storage/postgres/server.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { postgres } from '../support/postgres-server.ts'
import { aDatabaseUrl } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'
import { aMasterKeyFile } from '../support/two-nodes.ts'

/** By hand `QXM_TEST_RECORDS=1000000`. */
const recordCount = Number(process.env['QXM_TEST_RECORDS'] ?? 10_000)
const askedCount = 500
const seenWithinMs = 1_000

interface Answer {
  readonly code: string | null
  readonly prefixes: readonly { readonly prefix: string }[]
}

async function ask({ http }: RunningNode, identifier: string): Promise<Answer> {
  return (await (
    await fetch(`${http}/v1/resolve/${encodeURIComponent(identifier)}`)
  ).json()) as Answer
}

/** Two processes over one store with the demo's two subjects; the first holds 88.118.8. */
async function twoProcesses(t: Test) {
  const databaseUrl = await aDatabaseUrl(t)
  const env = {
    QXM_DATABASE_URL: databaseUrl,
    QXM_MASTER_KEY_FILE: await aMasterKeyFile(t),
    // Rows are put into the store that nobody announces.
    QXM_RESOLVER_KNOWN_KEYS_MAX: '0',
  }
  const first = await aNode(t, { demo: true, env })
  const second = await aNode(t, { env })
  const alpha = String((await ask(first, '88.118.8/ABC-1')).code)
  const beta = String((await ask(first, '0.NA/88.118.9')).code)

  async function handOver(owner: string): Promise<void> {
    const answer = await fetch(`${first.http}/v1/prefixes/88.118.8`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${first.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ owner }),
    })
    if (answer.status !== 200) throw new Error(await answer.text())
  }

  return { first, second, alpha, beta, databaseUrl, handOver }
}

/** Asks until it is told to stop. @returns what it was told, without repetitions */
function aLoop(node: RunningNode, identifier: string) {
  const told: (string | null)[] = []
  let isStopped = false
  const loop = (async () => {
    while (!isStopped) {
      const { code } = await ask(node, identifier)
      if (told.at(-1) !== code) told.push(code)
    }
  })()
  return {
    async stop() {
      isStopped = true
      await loop
      return told
    },
  }
}

async function untilOwner(node: RunningNode, identifier: string, owner: string): Promise<number> {
  const since = performance.now()
  while ((await ask(node, identifier)).code !== owner) {
    if (performance.now() - since > 10_000) throw new Error('the former owner is still told')
  }
  return performance.now() - since
}

testWith(
  t,
  [postgres],
  'a prefix handed over has one owner at every moment, on two processes',
  async t => {
    const { first, second, alpha, beta, handOver } = await twoProcesses(t)
    const nodes = [first, second]
    const names = Array.from({ length: 50 }, (_, at) => `88.118.8/ABC-${at + 1}`)
    for (const node of nodes) {
      for (const name of [...names, alpha, beta, '06901234000016']) await ask(node, name)
    }
    const loops = nodes.map(node => aLoop(node, '88.118.8/ABC-1'))

    await handOver(beta)
    t.equal((await ask(first, '88.118.8/ABC-1')).code, beta, 'at once where it was written')
    await untilOwner(second, '88.118.8/ABC-1', beta)

    for (const loop of loops) t.strictSame(await loop.stop(), [alpha, beta])
    for (const node of nodes) {
      for (const name of names) t.equal((await ask(node, name)).code, beta, name)
      const holds = async (code: string) =>
        (await ask(node, code)).prefixes.some(({ prefix }) => prefix === '88.118.8')
      t.strictSame([await holds(alpha), await holds(beta)], [false, true])
      const byGtin = await fetch(`${node.http}/v1/resolve/06901234000016`)
      t.equal(
        byGtin.status,
        404,
        'a GTIN of the former owner does not lead to the new one’s record',
      )
    }
    const traced = await fetch(`${second.http}/v1/resolve/88.118.8/ABC-1?trace=1`)
    const { trace } = (await traced.json()) as { trace: { step: string; facts: object }[] }
    t.match(
      trace.find(({ step }) => step === 'history'),
      { facts: { former: [{ code: alpha }] } },
    )

    await handOver(alpha)
    await untilOwner(second, '88.118.8/ABC-1', alpha)
    for (const node of nodes) {
      t.equal((await ask(node, '06901234000016')).code, alpha, 'and back, it leads again')
    }
  },
)

testWith(
  t,
  [postgres],
  `a hand-over of ${recordCount} records is seen within a second`,
  async t => {
    const { first, second, alpha, beta, databaseUrl, handOver } = await twoProcesses(t)
    await insertRecords(databaseUrl)
    const identifiers = Array.from(
      { length: askedCount },
      (_, at) => `88.118.8/MANY-${1 + Math.floor((at * recordCount) / askedCount)}`,
    )
    const ownersBy = async ({ http }: RunningNode) => {
      const answer = await fetch(`${http}/v1/resolve:batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ identifiers }),
      })
      const { answers } = (await answer.json()) as { answers: Answer[] }
      return [...new Set(answers.map(({ code }) => code))]
    }
    for (const node of [first, second]) t.strictSame(await ownersBy(node), [alpha])

    const since = performance.now()
    await handOver(beta)
    const writtenMs = performance.now() - since
    const seenMs = await untilOwner(second, '88.118.8/MANY-1', beta)

    for (const node of [first, second]) t.strictSame(await ownersBy(node), [beta])
    t.ok(
      seenMs <= seenWithinMs,
      `written in ${writtenMs.toFixed()} ms, seen ${seenMs.toFixed()} ms later`,
    )
  },
)

/** In statements that stay below the store's deadline. */
const insertedAtOnce = 10_000

/** As a job would have, without its time. */
async function insertRecords(databaseUrl: string): Promise<void> {
  const database = await openServer({ urls: [databaseUrl] })
  try {
    for (let from = 1; from <= recordCount; from += insertedAtOnce) {
      await database.query(
        `insert into records (key, prefix, identifier, system, kind, values, aliases, subject, submitter, basis, serial,
         successor, gone, created_at, updated_at)
       select lower('88.118.8/MANY-' || n), '88.118.8', '88.118.8/MANY-' || n, 'handle', 'product', '[]', '[]', null,
         'test', 'authority', 1, null, null, now(), now()
       from generate_series($1::int, $2::int) as n`,
        [from, Math.min(recordCount, from + insertedAtOnce - 1)],
      )
    }
  } finally {
    await database.close()
  }
}
