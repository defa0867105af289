import t from 'tap'
import { aSandbox, type RunningSandbox } from '../support/sandbox.ts'
import { aDataFolder } from '../support/store.ts'
import { aPushingTop } from './a-pushing-top.ts'

/** Longer than a node waits between two questions to its feed. */
const patienceMs = 60_000
const pauseMs = 200

t.test('from a hostile top-level node everything gets in, and nothing that is not so', async t => {
  const dataFolder = await aDataFolder(t)
  const before = await aPushingTop(dataFolder)
  const { jws } = await before.grant(86_400)
  for (const _ of [1, 2, 3]) await before.publish()

  const sandbox = await aSandbox(t, {
    dataFolder,
    hostile: ['lie', 'repeat', 'shuffle'],
    enterpriseCount: 1,
  })
  const top = await aPushingTop(dataFolder, sandbox.node.imports)
  await top.handIn(jws)

  const batches = await until(async () => {
    const items = await importsOf(sandbox)
    return items.length === 3 ? items : undefined
  })

  t.strictSame(batches.map(({ seq }) => seq).sort(), [1, 2, 3])
  t.ok(batches.every(({ via }) => via === 'pull'))
  t.equal(batches.filter(({ state }) => state === 'parked').length, 0, 'the gaps are filled')
  const [mine] = await ask(sandbox, '88.118.8/ABC-1')
  t.equal(mine, 200, 'what is ours resolves meanwhile')

  const [delegated] = await ask(sandbox, '88.118.9/PRESS-1?recurse=1')
  t.equal(delegated, 200, 'and what the enterprise node answers for')

  const foreign = await until(async () => {
    const [status, text] = await ask(sandbox, '88.100/TOP?recurse=1')
    return status === 200 ? text : undefined
  })
  t.match(foreign, 'https://top.example.cn', 'the root tells the truth to who goes on asking')
})

interface Batch {
  readonly seq: number
  readonly via: string
  readonly state: string
}

async function importsOf({ node, key }: RunningSandbox): Promise<readonly Batch[]> {
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${node.http}/v1/imports`, { headers })
  const { items } = (await answer.json()) as { items: readonly Batch[] }
  return items
}

async function ask({ node }: RunningSandbox, path: string): Promise<[number, string]> {
  const answer = await fetch(`${node.http}/v1/resolve/${path}`)
  return [answer.status, await answer.text()]
}

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  const givenUpAt = Date.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > givenUpAt) throw new Error(`not within ${patienceMs} ms`)
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}
