import { createHash, randomBytes } from 'node:crypto'
import type { Caller } from '../../model/caller.ts'
import { Failure, type FieldError, invalid } from '../../model/failures.ts'
import { hasLoneSurrogateOrNul } from '../../model/safe-text.ts'
import { say } from '../../model/text.ts'
import type { PrefixInput, PrefixName } from '../prefixes.ts'
import type { RecordRules } from '../record-rules.ts'
import { attempt, makeCheckRow, type RowInput, reasonOf } from '../staging/check-rows.ts'
import { type MakeGiveWay, rowsPerTurn } from '../staging/give-way.ts'
import type { Appender, RefusedRow, StagedRow, StagedRows, StagedText } from '../staging/parts.ts'
import {
  embeddedAllRowsMax,
  jobRowsMax,
  prefixRowsMax,
  refusalsMax,
  retrySeconds,
  stageRows,
  uploadsMax,
  waitingMax,
  waitingPerCallerMax,
} from './bounds.ts'
import type {
  JobMode,
  JobRow,
  JobRows,
  JobTarget,
  Lease,
  OpenSheet,
  PrefixSheetRow,
  ReadPrefixRows,
  ReadRecordRows,
  RecordRow,
  Renewing,
  Sheet,
  SheetFormat,
  SheetRow,
} from './parts.ts'

export interface ReceiveParts {
  readonly rows: JobRows
  readonly staged: StagedRows
  readonly rules: RecordRules
  readonly openSheet: OpenSheet
  readonly readRecordRows: ReadRecordRows
  readonly readPrefixRows: ReadPrefixRows
  /** @throws Failure where the caller may not write prefixes, or the text is none */
  readonly demandPrefix: (caller: Caller, input: PrefixName) => string
  readonly lease: () => Lease
  /** Keeps the lease while the file arrives. @returns what ends it */
  readonly renewing: Renewing
  readonly isEmbedded: boolean
  /** Lets others have the process meanwhile; one for each file. */
  readonly makeGiveWay: MakeGiveWay
  readonly bytesMax: () => number
  readonly now: () => Date
  /** Told when a file is here and wants to be worked on. */
  readonly onReceived: () => void
}

export type PrefixRowInput = PrefixInput & PrefixName

export interface ReceiveRequest {
  readonly caller: Caller
  readonly target: JobTarget
  readonly mode: JobMode
  readonly isDryRun: boolean
  readonly format: SheetFormat
  readonly body: AsyncIterable<Buffer>
  readonly idempotencyKey: string | undefined
  /** The shape of what a row says, as the body of a single write is checked. @throws Failure `INPUT_INVALID` */
  readonly shapes: {
    readonly record: (row: RecordRow) => RowInput
    readonly prefix: (row: PrefixSheetRow) => PrefixRowInput
  }
}

/** Takes files in: what of the rules needs no look into the store is decided while they arrive. */
export interface Receiver {
  /**
   * @returns the job, and whether this request made it: the same file under the same key is the same job
   * @throws Failure `INPUT_INVALID`, `TOO_LARGE`, `TOO_MANY`, `IDEMPOTENCY_MISMATCH`; what had come is forgotten then
   */
  receive(request: ReceiveRequest): Promise<{ readonly job: JobRow; readonly isNew: boolean }>
}

export function makeReceiver(parts: ReceiveParts): Receiver {
  const { rows, lease } = parts
  let uploads = 0

  async function receiveNew(request: ReceiveRequest): Promise<JobRow | undefined> {
    await demandRoom(parts, request.caller)
    const held = lease()
    const job = newJob(request, parts.now())
    if (!(await rows.insert(job, held))) return undefined
    try {
      const received = await take(parts, request, job, held)
      parts.onReceived()
      return received
    } catch (error) {
      await fail(parts, job, held, error)
      throw error
    }
  }

  return {
    async receive(request) {
      if (uploads >= uploadsMax)
        throw tooMany(say('正在接收的文件过多', 'too many files are arriving'))
      uploads += 1
      try {
        const job = await receiveNew(request)
        if (job !== undefined) return { job, isNew: true }
        return { job: await repeated(parts, request), isNew: false }
      } finally {
        uploads -= 1
      }
    },
  }
}

async function demandRoom({ rows }: ReceiveParts, { id }: Caller): Promise<void> {
  const { own, all } = await rows.waiting(id)
  if (own >= waitingPerCallerMax) {
    throw tooMany(
      say(
        `每个凭证最多 ${waitingPerCallerMax} 个未完成的任务`,
        `a credential has at most ${waitingPerCallerMax} jobs that are not done`,
      ),
    )
  }
  if (all >= waitingMax) throw tooMany(say('等待的任务过多', 'too many jobs wait'))
}

function tooMany(detail: Failure['detail']): Failure {
  return new Failure('TOO_MANY', detail, { retryAfterSeconds: retrySeconds })
}

/** Ids begin with the time, so that they are listed in its order. */
function newJob(
  { caller, target, mode, isDryRun, format, idempotencyKey }: ReceiveRequest,
  at: Date,
): JobRow {
  return {
    id: `job-${at.getTime().toString(16).padStart(12, '0')}${randomBytes(8).toString('hex')}`,
    target,
    mode,
    isDryRun,
    state: 'received',
    task: 'receive',
    caller,
    format,
    columns: [],
    charset: null,
    sha256: null,
    byteCount: 0,
    counts: { rows: 0, added: 0, changed: 0, unchanged: 0, refused: 0 },
    reached: 0,
    ahead: [],
    lastRow: 0,
    undoneBy: null,
    cancelAsked: false,
    reason: null,
    receipt: null,
    idempotencyKey: idempotencyKey ?? null,
    createdAt: at,
    updatedAt: at,
    endedAt: null,
  }
}

/** A request under a key that was used: the same when its file is. */
async function repeated(
  { rows, bytesMax }: ReceiveParts,
  { caller, idempotencyKey = '', body, target, mode, isDryRun }: ReceiveRequest,
): Promise<JobRow> {
  const tap = makeTap(bytesMax())
  for await (const _ of tap.through(body));
  const former = await rows.findByKey(caller.id, idempotencyKey)
  const stillArrives = say('同一文件正在接收，请稍后再试', 'the same file is still arriving')
  if (former === undefined || former.task === 'receive') throw tooMany(stillArrives)
  const isSame =
    former.sha256?.equals(tap.digest()) === true && former.target === target && former.mode === mode
  // A dry run that was applied meanwhile is the same request all the same.
  if (!isSame || (isDryRun && !former.isDryRun && former.state === 'received')) {
    throw new Failure('IDEMPOTENCY_MISMATCH')
  }
  return former
}

/** Counts and digests what passes. */
function makeTap(bytesMax: number) {
  const hash = createHash('sha256')
  let count = 0
  return {
    async *through(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of body) {
        count += chunk.length
        if (count > bytesMax) throw tooLong(bytesMax)
        hash.update(chunk)
        yield chunk
      }
    },
    digest: () => hash.digest(),
    count: () => count,
  }
}

async function take(
  parts: ReceiveParts,
  request: ReceiveRequest,
  job: JobRow,
  held: Lease,
): Promise<JobRow> {
  const { rows, staged, openSheet, bytesMax, isEmbedded } = parts
  const { target, mode, format } = request
  const tap = makeTap(bytesMax())
  const rowsMax = target === 'prefixes' ? prefixRowsMax : jobRowsMax
  const body = tap.through(request.body)
  const sheet = await openSheet(body, format, { bytesMax: bytesMax(), rowsMax })
  const stage = makeStager(parts, request, job, sheet, staged.append(job.id))
  let count = 0
  // Also while a slow sender is waited for.
  const renewing = parts.renewing(async () => {
    const soFar = { counts: stage.counts(), byteCount: tap.count() }
    await rows.patch(job.id, held.holder, soFar, 'lease')
    await rows.renew(job.id, held)
  }, held.ms / 3)
  try {
    for await (const chunk of sheet.rows) {
      count += chunk.length
      if (count > rowsMax) throw tooManyRows(rowsMax)
      if (isEmbedded && mode === 'all' && count > embeddedAllRowsMax) throw tooManyForOne()
      await stage.add(chunk)
    }
    await stage.end()
  } finally {
    renewing.cancel()
    // Nothing is written any more when it is said that nothing is.
    await stage.settled()
  }
  // What the sheet left unread is part of the file.
  for await (const _ of body);
  const patch = {
    task: 'check',
    columns: sheet.columns,
    charset: sheet.charset,
    sha256: tap.digest(),
    byteCount: tap.count(),
    counts: stage.counts(),
    lastRow: stage.lastRow(),
  } as const
  if (!(await rows.patch(job.id, held.holder, patch))) throw interrupted()
  return { ...job, ...patch }
}

/** Whoever works on it next has waited too long, and said so. */
function interrupted(): Failure {
  return new Failure(
    'STATE_CONFLICT',
    say('接收过程被中断，请重新发送', 'receiving was interrupted: send it again'),
  )
}

/** A broken upload leaves the job as the trace that it was, without its rows, and its key to be used again. */
async function fail(
  { rows, staged, now }: ReceiveParts,
  job: JobRow,
  held: Lease,
  error: unknown,
): Promise<void> {
  const failure = error instanceof Failure ? error : undefined
  const broken = say('上传中断', 'the upload broke off')
  const reason = { code: failure?.code ?? 'UPLOAD', detail: failure?.detail ?? broken }
  const patch = {
    state: 'failed',
    task: null,
    reason,
    idempotencyKey: null,
    endedAt: now(),
  } as const
  try {
    await rows.patch(job.id, held.holder, patch)
    while (await staged.drop(job.id));
  } catch {
    // The store is away: whoever finds the lease run out does the same.
  }
}

interface Stager {
  add(chunk: readonly SheetRow[]): Promise<void>
  /** Writes what is left. */
  end(): Promise<void>
  /** Waits for what is being written, whatever becomes of it. */
  settled(): Promise<void>
  counts(): JobRow['counts']
  lastRow(): number
}

/** Checks rows as they come, and stages them a step behind: the store writes while the next ones are checked. */
function makeStager(
  parts: ReceiveParts,
  request: ReceiveRequest,
  job: JobRow,
  sheet: Sheet,
  appender: Appender,
): Stager {
  const check =
    request.target === 'identifiers'
      ? recordCheck(parts, request, job, sheet)
      : prefixCheck(parts, request, sheet)
  const giveWay = parts.makeGiveWay('process')
  let refused: RefusedRow[] = []
  let writing: Promise<void> = Promise.resolve()
  let held = 0
  let rowCount = 0
  let refusedCount = 0
  let last = 0

  async function flush(): Promise<void> {
    await writing
    const refusals = refused
    refused = []
    held = 0
    writing = appender.commit(refusals)
    // Whoever waits for it next hears of it.
    writing.catch(() => undefined)
  }

  function refuse({ row, cells }: SheetRow, why: Failure | FieldError): void {
    refusedCount += 1
    if (refusedCount > refusalsMax) throw tooManyRefusals()
    const error = why instanceof Failure ? reasonOf(why) : why
    refused.push({ row, error, cells: JSON.stringify(cells) })
  }

  return {
    async add(chunk) {
      for (const [at, row] of chunk.entries()) {
        if (at % rowsPerTurn === 0) await giveWay()
        const checked = row.refusal ?? attempt(() => check(row))
        rowCount += 1
        held += 1
        last = row.row
        if (isRefusal(checked)) refuse(row, checked)
        else appender.hold(checked)
      }
      if (held >= stageRows) await flush()
    },

    async end() {
      await flush()
      await writing
    },

    settled: () => writing.catch(() => undefined),

    counts: () => ({ rows: rowCount, added: 0, changed: 0, unchanged: 0, refused: refusedCount }),
    lastRow: () => last,
  }
}

type Checked = StagedRow | StagedText

function isRefusal(checked: Checked | Failure | FieldError): checked is Failure | FieldError {
  return checked instanceof Failure || 'rule' in checked
}

function recordCheck(
  { rules, readRecordRows }: ReceiveParts,
  { caller, shapes }: ReceiveRequest,
  { createdAt }: JobRow,
  sheet: Sheet,
): (row: SheetRow) => StagedRow {
  const read = readRecordRows(sheet)
  const checkRow = makeCheckRow(rules, caller, createdAt)
  return ({ row, cells }) => {
    const said = read(cells)
    demandSafe(said)
    return checkRow(row, shapes.record(said))
  }
}

function prefixCheck(
  { readPrefixRows, demandPrefix }: ReceiveParts,
  { caller, shapes }: ReceiveRequest,
  sheet: Sheet,
): (row: SheetRow) => StagedText {
  const read = readPrefixRows(sheet)
  return ({ row, cells }) => {
    const said = read(cells)
    demandSafe(said)
    const input = shapes.prefix(said)
    return { row, key: demandPrefix(caller, input), text: JSON.stringify(input) }
  }
}

/** What no store takes as text, wherever it stands in a row. */
function demandSafe(value: unknown): void {
  if (typeof value === 'string') {
    if (hasLoneSurrogateOrNul(value)) throw invalid('', 'json.text', unsafe)
  } else if (typeof value === 'object' && value !== null) {
    for (const name in value) demandSafe(value[name as keyof typeof value])
  }
}

const unsafe = say(
  '含有 NUL 或不成对的代理码元',
  'there is a NUL or half of a surrogate pair in it',
)

function tooLong(bytesMax: number): Failure {
  const megabytes = Math.floor(bytesMax / 2 ** 20)
  return new Failure(
    'TOO_LARGE',
    say(
      `文件不得超过 ${megabytes} MB，请分成几个文件`,
      `a file has at most ${megabytes} MB: make it several files`,
    ),
  )
}

function tooManyRows(rowsMax: number): Failure {
  return new Failure(
    'TOO_LARGE',
    say(`一个文件最多 ${rowsMax} 行`, `a file has at most ${rowsMax} rows: make it several files`),
  )
}

function tooManyForOne(): Failure {
  return new Failure(
    'TOO_LARGE',
    say(
      `内嵌数据库上，mode=all 的任务最多 ${embeddedAllRowsMax} 行；请使用 mode=best，或改用 PostgreSQL（QXM_DATABASE_URL）`,
      `on the embedded store a job with mode=all has at most ${embeddedAllRowsMax} rows: use mode=best, or PostgreSQL (QXM_DATABASE_URL)`,
    ),
  )
}

function tooManyRefusals(): Failure {
  return new Failure(
    'TOO_LARGE',
    say(
      `超过 ${refusalsMax} 行不符合要求，请检查文件与列名`,
      `more than ${refusalsMax} rows are refused: look at the file and the names of its columns`,
    ),
  )
}
