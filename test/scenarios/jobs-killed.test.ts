import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { openServer } from '../../src/storage/postgres/server.ts'
import { contentOf, products } from '../registry/jobs/a-job-desk.ts'
import { postgres } from '../support/postgres-server.ts'
import { aKey, aNodeProcess, type NodeProcess } from '../support/process.ts'
import { aDatabaseUrl, aDataFolder } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'
import { aMasterKeyFile } from '../support/two-nodes.ts'
import { type Job, talkTo } from './a-job-client.ts'
import { until } from './a-program.ts'

t.setTimeout(3_600_000)

/** Enough to show it in every run; a longer look: `QXM_TEST_KILLS=20`. */
const kills = Number(process.env['QXM_TEST_KILLS'] ?? 3)
const killedRows = 50_000
/** Spreads moments evenly over a time, however many there are. */
const goldenRatio = 0.618

testWith(t, [postgres], 'a job whose process is killed ends as one that ran in peace', async t => {
  t.setTimeout(3_600_000)
  const peaceful = await runAJob(t, 0)
  const killed = await runAJob(t, kills)

  t.equal(killed.hash, peaceful.hash, 'the same rows')
  t.same(killed.counts, peaceful.counts)
  t.equal(killed.lines, peaceful.lines, 'each row has one line among the changes')
  t.comment(`${kills} kills`)
})

/** @returns what the job has left behind, and how long its rows took */
async function runAJob(t: Test, killCount: number) {
  const databaseUrl = await aDatabaseUrl(t)
  const options = {
    folder: await aDataFolder(t),
    key: aKey(),
    env: {
      QXM_DATABASE_URL: databaseUrl,
      QXM_MASTER_KEY_FILE: await aMasterKeyFile(t),
    },
  }
  let process: NodeProcess = await aNodeProcess(t, options)
  const node = talkTo(() => process.http, options.key)
  await node.prefix('88.118.8')
  const poisoned = products(killedRows).replace('88.118.8/P-25000,', 'no identifier at all,')
  const { id } = await node.json<Job>(await node.send('into=identifiers', poisoned))
  for (let kill = 1; kill <= killCount; kill++) {
    // Somewhere in its own part of the rows, each time at another place of a slice.
    const enough = ((kill - 1 + ((kill * goldenRatio) % 1)) * killedRows) / (killCount + 1)
    const mayKill = async () => {
      const { counts, state } = await node.job(id)
      return state === 'done' || (counts['added'] ?? 0) >= enough
    }
    await until('the job has come far enough', mayKill, 60_000)
    await process.kill('SIGKILL')
    process = await aNodeProcess(t, options)
  }
  const { counts } = await node.ended(id, 120_000)
  const database = await openServer({ urls: [databaseUrl], statementTimeoutMs: 60_000 })
  const content = JSON.stringify(await contentOf(database), withoutTimes)
  await until('all is numbered', async () => {
    const [row] = await database.query<{ left: number }>(
      'select count(*) as left from changes where seq is null',
    )
    return row?.left === 0
  })
  const [changes] = await database.query<{ lines: number }>(
    `select sum(count)::int8 as lines from changes where items is not null`,
  )
  await database.close()
  await process.kill('SIGTERM')
  return {
    counts,
    lines: changes?.lines,
    hash: createHash('sha256').update(content).digest('hex'),
  }
}

/** What is written at another moment, by another credential, is the same row. */
function withoutTimes(name: string, value: unknown): unknown {
  if (name === 'submitter') return undefined
  return typeof value === 'string' ? value.replace(/"timestamp":"[^"]*"/g, '') : value
}
