import type { Caller } from '../../model/caller.ts'
import { Failure, type FieldError } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import { demandPlace, type RecordRules } from '../record-rules.ts'
import type { KeptRefusal, StagedRows } from '../staging/parts.ts'
import { findNewer } from '../staging/undo-range.ts'
import type {
  Cells,
  JobLedger,
  JobPage,
  JobPatch,
  JobRow,
  JobRows,
  JobTransactions,
  WritePrefixRow,
  WriteRecordRow,
  WriteSheet,
} from './parts.ts'
import type { Receiver } from './receive.ts'

export interface JobContext {
  readonly client: string
  readonly subject: string | null
}

export interface JobsParts {
  readonly rows: JobRows
  readonly staged: StagedRows
  readonly transactions: JobTransactions
  readonly receiver: Receiver
  readonly rules: Omit<RecordRules, 'names'>
  readonly writeSheet: WriteSheet
  readonly writeRecordRow: WriteRecordRow
  readonly writePrefixRow: WritePrefixRow
  readonly demand: (caller: Caller, action: JobAction, context: JobContext) => void
  /** @throws Failure `NOT_PERMITTED` where the caller may not write prefixes */
  readonly demandOperator: (caller: Caller, action: 'prefix.patch') => void
  readonly maySeeAll: (caller: Caller) => boolean
  /** Wakes whoever works on jobs. */
  readonly nudge: () => void
}

export type JobAction = 'job.read' | 'job.apply' | 'job.undo'

/** Bulk work, as those see it who send it. */
export interface Jobs extends Receiver {
  /** @throws Failure `NOT_PERMITTED` */
  find(id: string, caller: Caller): Promise<JobRow | undefined>
  list(
    caller: Caller,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<JobPage>
  /** The refused rows as a file of the format that came, with the reasons behind them. */
  errors(job: JobRow, language: keyof Text): AsyncIterable<Buffer>
  /** Writes what a dry run has checked. @throws Failure `STATE_CONFLICT` */
  apply(id: string, caller: Caller): Promise<JobRow | undefined>
  /** Ends a job between two slices; what is written stays. @throws Failure `STATE_CONFLICT` where it has ended */
  cancel(id: string, caller: Caller): Promise<JobRow | undefined>
  /**
   * Takes back what a job has done.
   * @throws Failure `STATE_CONFLICT`, naming records that somebody has written since
   */
  undo(id: string, caller: Caller): Promise<JobRow | undefined>
}

/** Names in a refusal: enough to see what it is about. */
const newerNamedMax = 20
const refusalsPerRead = 500

export function makeJobs(parts: JobsParts): Jobs {
  const { rows, staged, demand, nudge } = parts

  async function find(id: string, caller: Caller, action: JobAction): Promise<JobRow | undefined> {
    const job = await rows.find(id)
    if (job !== undefined) demand(caller, action, contextOf(job))
    return job
  }

  /**
   * What keeps a job from being taken back as a whole.
   * @throws Failure `NOT_PERMITTED` where the caller may not write what it wrote, `STATE_CONFLICT` where that is not known any more
   */
  async function newerThan(job: JobRow, caller: Caller): Promise<readonly Newer[]> {
    const { id, target, lastRow } = job
    if (target === 'prefixes') {
      parts.demandOperator(caller, 'prefix.patch')
      const { added, changed } = job.counts
      if ((await rows.prefixCount(id)) < added + changed) throw tooLate()
      const newer = await rows.newerPrefixes(id, newerNamedMax)
      return newer.map(({ row, prefix: name }) => ({ row, column: 'prefix', name }))
    }
    for (const { place: _, prefix: __, ...where } of await staged.places(id)) {
      demandPlace(parts.rules, where, caller, 'identifier.replace')
    }
    const newer = await findNewer(staged, id, lastRow, newerNamedMax)
    return newer.map(({ row, identifier: name }) => ({ row, column: 'identifier', name }))
  }

  /** Changes a job under its lock. @param decide what is to be written; nothing: it stays as it is */
  function change(
    id: string,
    caller: Caller,
    action: string,
    decide: (job: JobRow, at: Date) => JobPatch | undefined,
  ): Promise<JobRow | undefined> {
    return parts.transactions.write(caller, async (ledger: JobLedger) => {
      const job = await ledger.jobs.lock(id)
      const patch = job && decide(job, ledger.at)
      if (patch === undefined) return job
      await ledger.jobs.patch(id, patch)
      await ledger.audit({ action, target: `job:${id}` })
      return job && { ...job, ...patch }
    })
  }

  return {
    receive: parts.receiver.receive,

    find: (id, caller) => find(id, caller, 'job.read'),

    list: (caller, page) =>
      rows.list(
        parts.maySeeAll(caller) ? {} : { of: { client: caller.id, subject: caller.subject } },
        page,
      ),

    errors: (job, language) => {
      const columns = job.columns.filter(column => !errorColumns.includes(column))
      return parts.writeSheet(
        job.format,
        [...columns, ...errorColumns],
        refusedCells(parts, job, columns, language),
        // A spreadsheet knows the charset by its mark, whatever the file came in.
        { charset: 'utf-8' },
      )
    },

    async apply(id, caller) {
      if ((await find(id, caller, 'job.apply')) === undefined) return undefined
      const job = await change(id, caller, 'job.apply', before => {
        const { state, isDryRun, counts } = before
        // Asked twice, it is still being done, or done.
        if (isDryRun && (state === 'applying' || state === 'done')) return undefined
        if (state !== 'checked') throw wrongState(before)
        const { refused } = counts
        const begun = { rows: counts.rows, added: 0, changed: 0, unchanged: 0, refused }
        if (before.mode === 'all' && refused > 0) throw refusedRows(refused)
        return {
          state: 'applying',
          task: 'apply',
          reached: 0,
          ahead: [],
          counts: begun,
          endedAt: null,
        }
      })
      nudge()
      return job
    },

    async cancel(id, caller) {
      if ((await find(id, caller, 'job.apply')) === undefined) return undefined
      const job = await change(id, caller, 'job.cancel', (before, at) => {
        const { state, task } = before
        if (state === 'cancelled') return undefined
        if (state === 'checked') return { state: 'cancelled', task: null, endedAt: at }
        if (task === null || task === 'undo') throw wrongState(before)
        return { cancelAsked: true }
      })
      nudge()
      return job
    },

    async undo(id, caller) {
      const asked = await find(id, caller, 'job.undo')
      if (asked === undefined) return undefined
      if (asked.undoneBy !== null) return asked
      if (asked.state !== 'done') throw wrongState(asked)
      if (asked.counts.rows > 0 && (await staged.lastRow(id)) === 0) throw tooLate()
      const newer = await newerThan(asked, caller)
      if (newer.length > 0) throw touchedSince(newer)
      const job = await change(id, caller, 'job.undo', before => {
        if (before.undoneBy !== null) return undefined
        if (before.state !== 'done') throw wrongState(before)
        return {
          state: 'applying',
          task: 'undo',
          reached: 0,
          ahead: [],
          undoneBy: caller,
          endedAt: null,
        }
      })
      nudge()
      return job
    },
  }
}

function contextOf({ caller }: JobRow): JobContext {
  return { client: caller.id, subject: caller.subject }
}

/** Behind the columns that came; a file that has them is one that was given back. */
const errorColumns: readonly string[] = ['row', 'field', 'reason']

async function* refusedCells(
  parts: JobsParts,
  { id }: JobRow,
  columns: readonly string[],
  language: keyof Text,
): AsyncGenerator<Cells> {
  const cellsOf = makeCellsOf(parts, columns)
  for (let after = 0; ; ) {
    const refusals = await parts.staged.refused(id, after, refusalsPerRead)
    for (const refusal of refusals) {
      const { row, error } = refusal
      yield {
        ...cellsOf(refusal),
        row,
        field: fieldOf(error) || null,
        reason: error.detail[language],
      }
      after = row
    }
    if (refusals.length < refusalsPerRead) return
  }
}

/** What was refused at once comes back as it came; what was refused later, as it was understood. */
function makeCellsOf(
  { writeRecordRow, writePrefixRow }: JobsParts,
  columns: readonly string[],
): (refusal: KeptRefusal) => Cells {
  const writeRecord = writeRecordRow(columns)
  return ({ cells, staged }) => {
    if (cells !== null) return JSON.parse(cells)
    if (staged === undefined) return {}
    if (!('text' in staged)) return writeRecord(staged)
    const prefix = JSON.parse(staged.text)
    return columns.length === 0 ? prefix : writePrefixRow(columns)(prefix)
  }
}

/** The member that the reason is about: `identifier`, `values/0/type`. */
function fieldOf({ pointer }: FieldError): string {
  return pointer.replace(/^\//, '')
}

function wrongState({ state }: JobRow): Failure {
  return new Failure('STATE_CONFLICT', say(`任务处于 ${state} 状态`, `the job is ${state}`), {
    facts: { state },
  })
}

function refusedRows(count: number): Failure {
  const detail = say(
    `${count} 行不符合要求，mode=all 时全部不登记`,
    `${count} rows are refused, and with mode=all nothing is written then`,
  )
  return new Failure('STATE_CONFLICT', detail)
}

function tooLate(): Failure {
  const detail = say(
    '任务的行已过保留期，不能撤销',
    'the rows of the job are not kept any more: it cannot be undone',
  )
  return new Failure('STATE_CONFLICT', detail)
}

/** A row of the job whose identifier or prefix somebody has written since. */
interface Newer {
  readonly row: number
  readonly column: 'identifier' | 'prefix'
  readonly name: string
}

function touchedSince(newer: readonly Newer[]): Failure {
  const detail = say(
    '任务写入的内容中，有的之后又被修改，不能整体撤销',
    'some of what the job has written was written again since: it cannot be undone as a whole',
  )
  const errors = newer.map(({ row, column, name }) => ({
    pointer: `/rows/${row}/${column}`,
    rule: 'job.newer',
    detail: say(`${name} 之后又被修改`, `${name} was written again since`),
  }))
  return new Failure('STATE_CONFLICT', detail, { errors })
}
