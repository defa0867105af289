import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { postgres } from '../support/postgres-server.ts'
import { aDatabaseUrl } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'
import { aProgram, childrenOf, type Program, runProgram, until } from './a-program.ts'

const key = `qxk_${'0b'.repeat(4)}_${'k'.repeat(43)}`

testWith(t, [postgres], 'several workers are one node, which outlives each of them', async t => {
  const { env } = await anEnvironment(t)
  const node = await aProgram(t, ['--workers', '2'], env)

  const workers = childrenOf(node.pid)
  t.equal(workers.length, 2)
  t.equal(node.output().length, 1, 'one ready line')
  await t.test('both answer on the one port, and are counted together', async t => {
    for (let count = 0; count < 20; count++) t.equal(await resolveStatus(node), 200)

    const metrics = await metricsOf(node)

    t.equal(numberIn(metrics, 'qxm_workers_ready'), 2)
    t.match(metrics, /^qxm_build_info\{.*\} 2$/m, 'two processes')
    t.equal(answeredIn(metrics), 20, 'requests of both')
    t.same(await readinessOf(node), { status: 200, body: { ready: true, degraded: [] } })
  })

  await t.test('a killed worker is replaced', async t => {
    const [first = 0] = workers
    process.kill(first, 'SIGKILL')

    await until('degraded', async () => (await readinessOf(node)).body.degraded.length > 0)
    t.same(await readinessOf(node), { status: 200, body: { ready: true, degraded: ['workers'] } })
    t.equal(await resolveStatus(node), 200, 'the other answers')

    await until('whole', async () => (await readinessOf(node)).body.degraded.length === 0, 20_000)
    t.equal(numberIn(await metricsOf(node), 'qxm_worker_restarts_total'), 1)
    t.equal(await resolveStatus(node), 200, 'on the same port')
  })

  await t.test('the CLI reaches a worker, and is kept from the store', async t => {
    const listed = await runProgram(['client', 'list', '--json'], env)
    t.equal(listed.code, 0, listed.stderr)
    t.match(JSON.parse(listed.stdout), [{ id: '0b0b0b0b', role: 'operator' }])

    t.equal((await runProgram(['migrate'], env)).code, 4)
  })

  await t.test('SIGTERM ends them all', async t => {
    const pids = childrenOf(node.pid)

    node.kill('SIGTERM')

    t.same(await node.ended, { code: 0, signal: null })
    t.same(pids.filter(isAlive), [])
  })
})

testWith(t, [postgres], 'workers whose primary was killed end by themselves', async t => {
  const { env } = await anEnvironment(t)
  const node = await aProgram(t, ['--workers', '1'], env)
  const workers = childrenOf(node.pid)

  node.kill('SIGKILL')

  await until('the end of the workers', () => !workers.some(isAlive))
})

testWith(t, [postgres], 'a node whose workers end again and again ends with 1', async t => {
  const { env } = await anEnvironment(t)
  const node = await aProgram(t, ['--workers', '1'], env)
  const killing = setInterval(() => {
    for (const worker of childrenOf(node.pid)) process.kill(worker, 'SIGKILL')
  }, 50)
  t.teardown(() => clearInterval(killing))

  const { code } = await node.ended.finally(() => clearInterval(killing))

  t.equal(code, 1)
  t.match(node.log().join('\n'), /5 in a row: giving up/)
})

testWith(t, [postgres], 'workers that cannot start end the node with 1', async t => {
  const { env } = await anEnvironment(t)
  const wrong = { ...env, QXM_DATABASE_URL: env.QXM_DATABASE_URL.replace(/store_/, 'no_store_') }

  const { code, stderr } = await runProgram(['start', '--workers', '2'], wrong)

  t.equal(code, 1)
  t.match(stderr, /a worker could not start/)
})

async function anEnvironment(t: Test) {
  const folder = t.testdir({})
  const masterKey = join(folder, 'master.key')
  await writeFile(masterKey, 'ab'.repeat(32), { mode: 0o600 })
  const env = {
    QXM_DATABASE_URL: await aDatabaseUrl(t),
    QXM_MASTER_KEY_FILE: masterKey,
    QXM_DATA_DIR: join(folder, 'data'),
    QXM_BOOTSTRAP_KEY: key,
    QXM_NODE_LAMEDUCK_MS: '200',
  }
  return { env }
}

async function resolveStatus({ ready }: Program): Promise<number> {
  // Each on a connection of its own, so that they are shared out.
  const url = `${ready.http}/v1/resolve/0.NA%2F88.118`
  const response = await fetch(url, { headers: { connection: 'close' } })
  await response.arrayBuffer()
  return response.status
}

async function metricsOf({ ready }: Program): Promise<string> {
  return (await fetch(`${ready.ops}/metrics`)).text()
}

async function readinessOf({ ready }: Program) {
  const response = await fetch(`${ready.ops}/readyz`)
  const body = (await response.json()) as { ready: boolean; degraded: string[] }
  return { status: response.status, body }
}

function numberIn(metrics: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
}

function answeredIn(metrics: string): number {
  const lines = metrics.matchAll(/^qxm_http_requests_total\{route="\/v1\/resolve[^}]*\} (\d+)$/gm)
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
