import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Database } from '../../src/storage/postgres/database.ts'
import { openServer } from '../../src/storage/postgres/server.ts'
import { postgres } from '../support/postgres-server.ts'
import { aKey, aNodeProcess, type NodeProcess } from '../support/process.ts'
import { aDatabaseUrl } from '../support/store.ts'
import { testWith } from '../support/throw-away.ts'
import { aTopnode, type Bundle, knowTopnode } from '../support/topnode.ts'
import { aMasterKeyFile } from '../support/two-nodes.ts'

/** Enough to show it in every run; a longer look: `QXM_TEST_KILLS=20`. */
const kills = Number(process.env['QXM_TEST_KILLS'] ?? 3)
const rowCount = Number(process.env['QXM_TEST_ROWS'] ?? 2_000)
/** Spreads moments evenly over a time, however many there are. */
const goldenRatio = 0.618

const waitsMax = 1_200
const waitMs = 50

const prefix = '88.118.30'

t.setTimeout(3_600_000)

testWith(
  t,
  [postgres],
  'an import whose node is killed at any moment ends in the rows of a clean run',
  async t => {
    t.setTimeout(3_600_000)
    const topnode = await aTopnode()
    const bundles: Bundle[] = []
    for (let seq = 1; seq <= kills + 1; seq++) {
      const prev = bundles.at(-1)?.digest ?? null
      bundles.push(
        await topnode.bundle({ 'identifiers.ndjson': rowsOf(seq) }, manifestOf(seq, prev)),
      )
    }

    const masterKeyFile = await aMasterKeyFile(t)
    const clean = await aWorld(t, topnode, masterKeyFile)
    let node = await clean.start()
    const begun = Date.now()
    for (const { zip } of bundles) await topnode.send(node.imports, zip)
    await clean.applied(bundles.length)
    const spanMs = (Date.now() - begun) / bundles.length
    await node.process.kill('SIGTERM')

    const struck = await aWorld(t, topnode, masterKeyFile)
    node = await struck.start()
    for (const [position, { zip }] of bundles.entries()) {
      const pushed = topnode.send(node.imports, zip).catch(() => undefined)
      const isStruck = position < kills
      if (isStruck) {
        const afterMs = spanMs * ((position * goldenRatio) % 1)
        await new Promise(resolve => setTimeout(resolve, afterMs))
        await node.process.kill('SIGKILL')
        await pushed
        await struck.demandWhole(t)
        node = await struck.start()
        // Whether it was acknowledged or not: who pushes, pushes again.
        await topnode.send(node.imports, zip)
      }
      await pushed
      await struck.applied(position + 1)
      await struck.demandWhole(t)
    }

    t.equal(await struck.hash(), await clean.hash())
    await node.process.kill('SIGTERM')
  },
)

function manifestOf(seq: number, prev: string | null) {
  return { manifest: { seq, prev, prefixes: [prefix] } }
}

/** Each batch writes half of its rows over those of the one before. */
function rowsOf(seq: number): string {
  const lines = Array.from({ length: rowCount }, (_, row) => {
    const number = row % 2 === 0 ? row : row + seq * rowCount
    const data = `https://example.cn/${seq}/${row}`
    const values = [{ index: 1, type: 'URL', data }]
    return JSON.stringify({ identifier: `${prefix}/R${number}`, kind: 'product', values })
  })
  return `${lines.join('\n')}\n`
}

type Topnode = Awaited<ReturnType<typeof aTopnode>>

/** A database with a grant and a prefix, and nodes that come and go over it. */
async function aWorld(t: Test, topnode: Topnode, masterKeyFile: string) {
  const databaseUrl = await aDatabaseUrl(t)
  const database = await openServer({ urls: [databaseUrl] })
  t.teardown(() => database.close())
  const env = {
    ...knowTopnode(aFolder(t), topnode),
    QXM_DATABASE_URL: databaseUrl,
    QXM_MASTER_KEY_FILE: masterKeyFile,
    QXM_IMPORT_RELEASE: 'auto',
    QXM_MODE: 'standard',
  }
  const key = aKey()
  let isNew = true

  return {
    async start(): Promise<{ process: NodeProcess; imports: string }> {
      // A lease of whoever was killed ends after ten seconds: nobody waits for that here.
      await database.query('update imports set worked_until = null')
      const process = await aNodeProcess(t, { folder: aFolder(t), key, env })
      const imports = process.imports ?? ''
      if (isNew) await prepare(process, topnode, imports)
      isNew = false
      return { process, imports }
    },
    async applied(seq: number): Promise<void> {
      for (let left = waitsMax; left > 0; left--) {
        const rows = await database.query<{ seq: number; state: string }>(
          'select seq, state from imports order by seq',
        )
        if (rows.some(row => row.seq === seq && row.state === 'applied')) return
        await new Promise(resolve => setTimeout(resolve, waitMs))
      }
      throw new Error(`batch ${seq} is not applied`)
    },
    async demandWhole(t: Test): Promise<void> {
      const halves = await database.query(
        `select r.source, count(*) as count from records r join imports i on i.id = r.source
         where i.state <> 'applied' group by r.source`,
      )
      t.strictSame(halves, [], 'nothing of a batch is there before all of it is')
    },
    hash: () => hashOf(database),
  }
}

async function prepare(
  { http, key }: NodeProcess,
  topnode: Topnode,
  imports: string,
): Promise<void> {
  const iat = Math.floor(Date.now() / 1_000)
  const grant = {
    v: 1,
    id: 'grant-1',
    source: '86',
    target: '88.118',
    prefixes: [prefix],
    tables: ['identifiers'],
    fields: {},
    rows: 10_000_000,
    nbf: iat - 60,
    exp: iat + 86_400,
  }
  const body = Buffer.from(await topnode.sign(grant))
  const options = { path: '/v1/grants', contentType: 'application/jose' }
  const { status } = await topnode.send(imports, body, options)
  const allotted = await fetch(`${http}/v1/prefixes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ prefix }),
  })
  if (status !== 201 || allotted.status !== 201) {
    throw new Error(`not prepared: ${status}, ${allotted.status}`)
  }
}

/** `t.testdir` is one folder a test, made anew each time. */
function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'qxm-import-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Of all that answers are made of; when it was written and by which batch differs from world to world. */
async function hashOf(database: Database): Promise<string> {
  const rows = await database.query<{ line: string }>(
    `select concat_ws('|', r.key, r.identifier, r.kind, r.serial, i.seq, r.basis,
       (select string_agg((v - 'timestamp')::text, ',') from jsonb_array_elements(r.values::jsonb) v)) as line
     from records r join imports i on i.id = r.source order by r.key`,
  )
  const hash = createHash('sha256')
  for (const { line } of rows) hash.update(`${line}\n`)
  return `${rows.length} rows ${hash.digest('hex')}`
}
