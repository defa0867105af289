import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import type { Caller } from '../../../src/model/caller.ts'
import { openSheet } from '../../../src/protocols/sheets/open-sheet.ts'
import { readPrefixRows, writePrefixRow } from '../../../src/protocols/sheets/prefix-columns.ts'
import { readRecordRows, writeRecordRow } from '../../../src/protocols/sheets/record-columns.ts'
import { writeSheet } from '../../../src/protocols/sheets/write-sheet.ts'
import { makeJobs } from '../../../src/registry/jobs/jobs.ts'
import { makeJobMetrics } from '../../../src/registry/jobs/metrics.ts'
import type { JobRow } from '../../../src/registry/jobs/parts.ts'
import { makePrefixRows } from '../../../src/registry/jobs/prefix-rows.ts'
import { makeReceiver, type ReceiveRequest } from '../../../src/registry/jobs/receive.ts'
import { makeJobRunner, makeLease, type RunnerParts } from '../../../src/registry/jobs/run-jobs.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { makeJobRows } from '../../../src/storage/postgres/jobs.ts'
import { makeStagedRows } from '../../../src/storage/postgres/staging.ts'
import { anOperator } from '../../support/builders.ts'
import { coreOver } from '../a-core.ts'

export type JobDesk = Awaited<ReturnType<typeof aJobDesk>>

/** Jobs over a store, with everything but the wire; each desk over the same store is a process of its own. */
export async function aJobDesk(t: Test, database: Database, more: Partial<RunnerParts> = {}) {
  const core = await coreOver(database)
  const { identifierRules, prefixParts, clock } = core
  const rows = makeJobRows(database)
  const staged = makeStagedRows(database)
  const now = () => new Date(clock.now())
  const lease = () => makeLease(10_000)
  const { aliasLeads, ...rules } = identifierRules
  const transactions: RunnerParts['transactions'] = {
    write: (caller, work, options) => core.transactions.write(caller, work, undefined, options),
  }
  const errors: unknown[] = []
  const runner = makeJobRunner({
    rows,
    staged,
    transactions,
    rules,
    aliasLeads,
    prefixRows: makePrefixRows(prefixParts),
    callerNow: async caller => caller,
    signReceipt: async claims => JSON.stringify(claims),
    lease,
    isEmbedded: database.engine === 'embedded',
    renewing: () => ({ cancel: () => undefined }),
    makeGiveWay: () => async () => undefined,
    sleep: async () => undefined,
    now,
    monotonicMs: () => 0,
    metrics: makeJobMetrics(new Registry()),
    onError: error => errors.push(error),
    ...more,
  })
  t.teardown(() => runner.close())
  const receiver = makeReceiver({
    rows,
    staged,
    rules,
    openSheet,
    readRecordRows,
    readPrefixRows,
    demandPrefix: (_caller, { system = 'handle', prefix }) => `${system}:${prefix}`,
    lease,
    renewing: () => ({ cancel: () => undefined }),
    isEmbedded: database.engine === 'embedded',
    makeGiveWay: () => async () => undefined,
    bytesMax: () => 2 ** 26,
    now,
    onReceived: () => undefined,
  })
  const jobs = makeJobs({
    rows,
    staged,
    transactions,
    receiver,
    rules,
    writeSheet,
    writeRecordRow,
    writePrefixRow,
    demand: () => undefined,
    demandOperator: () => undefined,
    maySeeAll: () => true,
    nudge: () => undefined,
  })

  /** Sends a file, and leaves it. */
  async function send(
    body: string | AsyncIterable<Buffer>,
    request: Partial<ReceiveRequest> = {},
    caller: Caller = anOperator,
  ): Promise<JobRow> {
    const { job } = await receiver.receive({
      caller,
      target: 'identifiers',
      mode: 'best',
      isDryRun: false,
      format: 'csv',
      body: typeof body === 'string' ? chunksOf(body) : body,
      idempotencyKey: undefined,
      shapes: { record: row => row as never, prefix: row => row as never },
      ...request,
    })
    return job
  }

  /** Works on whatever there is to do until it is done. */
  async function run(id: string): Promise<JobRow> {
    runner.nudge()
    for (;;) {
      const job = await rows.find(id)
      if (job === undefined) throw new Error('there is no such job')
      if (job.task === null) return job
      await sleep(5)
    }
  }

  return {
    ...core,
    rows,
    staged,
    runner,
    receiver,
    jobs,
    errors,
    send,
    run,
    async done(...what: Parameters<typeof send>): Promise<JobRow> {
      return run((await send(...what)).id)
    },
    async errorsOf(job: JobRow): Promise<string> {
      const chunks: Buffer[] = []
      for await (const chunk of jobs.errors(job, 'en')) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    },
  }
}

async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
}

/** A CSV with so many products under the prefix. */
export function products(count: number, { prefix = '88.118.8', name = 'P', value = 'v' } = {}) {
  const lines = Array.from({ length: count }, (_, at) => {
    return `${prefix}/${name}-${at + 1},product,https://example.cn/${value}/${at + 1},${value} ${at + 1}`
  })
  return `identifier,kind,URL,NAME\n${lines.join('\n')}\n`
}

/** Every row that a job may write, in an order of its own, without what differs between two runs. */
export async function contentOf(database: Database): Promise<unknown[]> {
  const records = await database.query(
    `select key, prefix, identifier, system, kind, values::text, aliases::text, submitter, basis, serial, successor,
       gone::text from records order by key`,
  )
  const versions = await database.query(
    'select key, serial, values::text, gone::text from record_versions order by key, serial',
  )
  const values = await database.query(
    'select digest::text, key from public_values order by key, digest',
  )
  const aliases = await database.query('select key, record_key from aliases order by key')
  return [records, versions, values, aliases]
}
