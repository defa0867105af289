/**
 * A client of a qxm node, with nothing but what Node brings along: it registers an identifier, changes it, registers a
 * file of them, resolves them, and follows the changes that this made.
 *
 *   node examples/typescript/qxm.ts [PREFIX]        Node 22.18 or newer; older ones run dist/examples/typescript/qxm.js
 *
 * QXM_URL says where the node is, QXM_KEY is the API key of whoever owns the prefix (of the demo when absent).
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const url = process.env['QXM_URL'] ?? 'http://127.0.0.1:8000'
const key = process.env['QXM_KEY'] ?? readFileSync('data/demo/enterprise.key', 'utf8').trim()
const prefix = process.argv[2] ?? '88.118.8'

/** How often a request is sent again before we give up. */
const attemptsMax = 8
/** Longest that we wait for a job or for our own changes. */
const patienceMs = 60_000

/** A value of a record: `data` is text, or an object with a format. */
interface Value {
  readonly index: number
  readonly type: string
  readonly data: string | { readonly format: string; readonly value: unknown }
}

/** What a node says when it says no (RFC 9457). */
interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
}

interface StoredRecord {
  readonly identifier: string
  readonly kind: string
  readonly values: readonly Value[]
  readonly serial: number
}

interface Job {
  readonly id: string
  readonly state:
    | 'received'
    | 'checking'
    | 'checked'
    | 'applying'
    | 'done'
    | 'failed'
    | 'cancelled'
    | 'undone'
  readonly counts: { readonly rows: number; readonly added: number; readonly refused: number }
}

interface Change {
  readonly seq: number
  readonly identifier: string
  readonly op: 'created' | 'replaced' | 'deleted'
}

/** The node answered, and it was no. */
class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`)
    this.problem = problem
  }
}

/**
 * One request. 429 (too many) and 503 (not now) say when to come back, and so we do: a write is safe to send again,
 * because the node knows it by its Idempotency-Key and does it once.
 */
async function send(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
) {
  const all: Record<string, string> = {
    Authorization: `Bearer ${key}`,
    'Accept-Language': 'en',
    ...headers,
  }
  if (method !== 'GET') all['Idempotency-Key'] = randomUUID()
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url + path, {
      method,
      headers: all,
      ...(body === undefined ? {} : { body }),
    })
    if (answer.ok) return answer
    const problem = (await answer.json()) as Problem
    const isBusy = answer.status === 429 || answer.status === 503
    if (!isBusy || attempt === attemptsMax) throw new Refused(problem)
    const seconds = Number(answer.headers.get('Retry-After') ?? 1)
    console.log(`busy (${problem.code}), again in ${seconds} s`)
    await sleep(seconds * 1000)
  }
}

const sendJson = (
  method: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
) => send(method, path, JSON.stringify(body), { 'Content-Type': 'application/json', ...headers })

/** Registers an identifier. @returns its ETag, or undefined where somebody has registered it already */
async function register(identifier: string, kind: string, values: readonly Value[]) {
  try {
    const answer = await sendJson('POST', '/v1/identifiers', { identifier, kind, values })
    return answer.headers.get('ETag') ?? undefined
  } catch (error) {
    if (error instanceof Refused && error.problem.code === 'ALREADY_EXISTS') return undefined
    throw error
  }
}

/**
 * Changes a record without writing over what somebody else did meanwhile: `If-Match` names the version that we have
 * seen. 412 means that it is not the newest; then we read it and decide anew.
 * @param known the ETag of the version we have seen, where we have
 */
async function change(
  identifier: string,
  edit: (values: readonly Value[]) => readonly Value[],
  known?: string,
) {
  const path = `/v1/identifiers/${encodeURIComponent(identifier)}`
  let etag = known
  for (let attempt = 1; ; attempt++) {
    const read = await send('GET', path)
    const { values } = (await read.json()) as StoredRecord
    const seen = etag ?? read.headers.get('ETag') ?? ''
    try {
      const answer = await sendJson('PATCH', path, { values: edit(values) }, { 'If-Match': seen })
      return (await answer.json()) as StoredRecord
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status !== 412 || attempt === attemptsMax)
        throw error
      console.log('changed by somebody else (412), reading it again')
      etag = undefined
    }
  }
}

/** Sends a file and waits until all its rows are written or refused. */
async function runJob(file: string, mediaType: string): Promise<Job> {
  const path = '/v1/jobs?into=identifiers'
  let job = (await (await send('POST', path, file, { 'Content-Type': mediaType })).json()) as Job
  const givenUpAt = Date.now() + patienceMs
  while (['received', 'checking', 'applying'].includes(job.state)) {
    if (Date.now() > givenUpAt) throw new Error(`job ${job.id} is still ${job.state}`)
    await sleep(200)
    job = (await (await send('GET', `/v1/jobs/${job.id}`)).json()) as Job
  }
  return job
}

/** The newest change there is: whoever follows from here sees all that is done from now on. */
async function newestChange(): Promise<number> {
  const answer = await send('GET', '/v1/changes?limit=1')
  await answer.text()
  return Number(answer.headers.get('X-Qxm-Newest'))
}

/**
 * Changes under the prefix, from the one behind `since` on, for as long as somebody takes them. A follower that stores
 * `seq` with what it made of the change begins again behind it after a crash.
 */
async function* follow(since: number, signal: AbortSignal): AsyncGenerator<Change> {
  const query = new URLSearchParams({ since: String(since), prefix, follow: '1' })
  const headers = { Authorization: `Bearer ${key}` }
  const answer = await fetch(`${url}/v1/changes?${query}`, { headers, signal })
  // 410: what we have seen is older than what is kept. Export everything, then follow from the number of that moment.
  if (!answer.ok || answer.body === null) throw new Refused((await answer.json()) as Problem)
  let rest = ''
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    // An empty line is a sign of life.
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Change
  }
}

const run = randomBytes(4).toString('hex')
const name = (suffix: string) => `${prefix}/EX-${run}-${suffix}`
const page = (suffix: string): Value => ({
  index: 1,
  type: 'URL',
  data: `https://example.com/${run}/${suffix}`,
})
const since = await newestChange()

const etag = await register(name('0'), 'product', [page('0')])
console.log(`registered ${name('0')} as version ${etag}`)
const again = await register(name('0'), 'product', [page('0')])
console.log(
  `registered again: ${again === undefined ? 'it is there already (409)' : 'a second one?'}`,
)

// A colleague is faster: the version we have seen is not the newest any more.
await change(name('0'), values => [
  ...values,
  { index: 2, type: 'NAME', data: 'named by a colleague' },
])
const changed = await change(
  name('0'),
  values => [...values, { index: 3, type: 'MODEL', data: 'M-3' }],
  etag,
)
console.log(`changed to version ${changed.serial} with ${changed.values.length} values`)

// Every column beyond the first two is a value of that type. The third row has a prefix that is nobody's.
const rows = [
  'identifier,kind,URL',
  `${name('1')},product,https://example.com/${run}/1`,
  `${name('2')},product,https://example.com/${run}/2`,
  `0.0.0/EX-${run},product,https://example.com/${run}/nobody`,
]
const job = await runJob(`${rows.join('\r\n')}\r\n`, 'text/csv')
const { counts } = job
console.log(
  `job ${job.state}: ${counts.rows} rows, ${counts.added} added, ${counts.refused} refused`,
)
if (counts.refused > 0) {
  // The refused rows in the format that came, with what is wrong: to be corrected and sent again.
  console.log(await (await send('GET', `/v1/jobs/${job.id}/errors`)).text())
}

const identifiers = [name('0'), name('1'), name('2'), name('unknown')]
const batch = await sendJson('POST', '/v1/resolve:batch', { identifiers })
const { answers } = (await batch.json()) as {
  answers: readonly (Problem | { readonly kind: string; readonly values: readonly Value[] })[]
}
for (const [place, answer] of answers.entries()) {
  const said = 'values' in answer ? `${answer.kind}, ${answer.values.length} values` : answer.code
  console.log(`resolved ${identifiers[place]}: ${said}`)
}

const awaited = new Set([name('0'), name('1'), name('2')])
for await (const { seq, op, identifier } of follow(since, AbortSignal.timeout(patienceMs))) {
  console.log(`change ${seq}: ${op} ${identifier}`)
  awaited.delete(identifier)
  if (awaited.size === 0) break
}
console.log('done')
