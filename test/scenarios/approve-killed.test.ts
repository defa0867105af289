import t, { type Test } from 'tap'
import { aFiling, aFirm } from '../support/filing.ts'
import { aPostgresServer, postgres } from '../support/postgres-server.ts'
import { aKey, aNodeProcess } from '../support/process.ts'
import { testWith } from '../support/throw-away.ts'
import { aMasterKeyFile, aServerNode } from '../support/two-nodes.ts'
import { until } from './a-program.ts'

/** Enough to show it in every run; a longer look: `QXM_TEST_KILLS=200`. */
const kills = Number(process.env['QXM_TEST_KILLS'] ?? 2)
const approvalsAtOnce = 4
/** Spreads moments evenly over a time, however many there are. */
const goldenRatio = 0.618

/** A node that something happens to while it approves. */
interface Struck {
  readonly http: () => string
  /** An operator's. */
  readonly key: string
  /** Kills it, or its store, and resolves when it works again. */
  strike(): Promise<void>
}

t.test(
  'a node killed while it approves has each approval whole or not at all',
  { timeout: 3_600_000 },
  async t => {
    const folder = t.testdir()
    const key = aKey()
    let node = await aNodeProcess(t, { folder, key })

    await approveUnderStrikes(t, {
      http: () => node.http,
      key,
      async strike() {
        await node.kill('SIGKILL')
        node = await aNodeProcess(t, { folder, key })
      },
    })
  },
)

testWith(
  t,
  [postgres],
  'a database that crashes while it approves has each approval whole or not at all',
  async t => {
    t.setTimeout(3_600_000)
    const server = await aPostgresServer()
    await server.run('create database struck')
    const databaseUrl = server.urlOf('struck')
    const node = await aServerNode(t, { databaseUrl, masterKeyFile: await aMasterKeyFile(t) })

    await approveUnderStrikes(t, {
      http: () => node.http,
      key: node.key,
      async strike() {
        await server.stop('crash')
        await server.start()
        const list = () => fetch(`${node.http}/v1/clients`, asking(node.key))
        await until('the node has its store again', async () => (await list()).ok)
      },
    })
  },
)

async function approveUnderStrikes(t: Test, struck: Struck): Promise<void> {
  const reviewer = await aClient(struck, 'reviewer')
  const outcomes = { whole: 0, none: 0, acknowledged: 0 }
  const calmMs = await approveInPeace(struck, reviewer)
  for (let round = 1; round <= kills; round++) {
    const filed = await fileSome(struck, round)

    const approving = filed.map(({ id }) => approve(struck, reviewer, id))
    const strikeMs = ((round * goldenRatio) % 1) * calmMs
    await new Promise(resolve => setTimeout(resolve, strikeMs))
    await struck.strike()
    const acknowledged = await Promise.all(approving)

    for (const [place, application] of filed.entries()) {
      const found = await tracesOf(struck, reviewer, application)
      const isWhole = found.state === 'approved'
      t.strictSame(found, isWhole ? whole : none, `round ${round}: ${application.id}`)
      if (acknowledged[place]) t.ok(isWhole, 'what was acknowledged is there')
      if (!isWhole) {
        const later = () => approve(struck, reviewer, application.id)
        await until(`round ${round}: what was not approved can be`, later)
      }
      outcomes[isWhole ? 'whole' : 'none']++
      if (acknowledged[place]) outcomes.acknowledged++
    }
  }
  const count = (kills + 1) * approvalsAtOnce
  const codesOf = async () => (await changesOf(struck)).map(({ identifier }) => identifier)
  await until('all are announced', async () => (await codesOf()).length >= count)
  const codes = await codesOf()
  t.equal(codes.length, count, 'each code is announced once')
  t.equal(new Set(codes).size, count, 'and no code twice')
  t.comment(`${kills} strikes: ${JSON.stringify(outcomes)}`)
}

/** @returns how long so many approvals take here and now, in milliseconds */
async function approveInPeace(struck: Struck, reviewer: string): Promise<number> {
  const filed = await fileSome(struck, 0)
  const startedAt = performance.now()
  await Promise.all(filed.map(({ id }) => approve(struck, reviewer, id)))
  return performance.now() - startedAt
}

function fileSome(struck: Struck, round: number): Promise<Filed[]> {
  return Promise.all(
    Array.from({ length: approvalsAtOnce }, (_, place) => file(struck, round, place)),
  )
}

interface Filed {
  readonly id: string
  /** The filer's key. */
  readonly firm: string
}

/** What approving leaves behind, each found by another way than the decision itself. */
const whole = {
  state: 'approved',
  steps: ['create', 'submit', 'approve'],
  audit: ['application.create', 'application.submit', 'application.approve'],
  notices: ['application.approved'],
  decided: 'no notice waits',
  basics: aFirm.producerName,
  resolves: 'subject',
  issued: 1,
  announced: 1,
  client: 'may ask for no second code',
}
const none = {
  state: 'submitted',
  steps: ['create', 'submit'],
  audit: ['application.create', 'application.submit'],
  notices: [],
  decided: 'a notice waits',
  basics: null,
  resolves: null,
  issued: 0,
  announced: 0,
  client: 'may file',
}

async function tracesOf(struck: Struck, reviewer: string, { id, firm }: Filed) {
  const about = `application:${id}`
  const { body: application } = await ask(struck, firm, 'GET', `/v1/applications/${id}`)
  const code: string | null = application.code
  if (code !== null) {
    // Who was not answered has not followed its own write; the tick does.
    const card = `/v1/enterprises/${encodeURIComponent(code)}`
    const look = () => ask(struck, reviewer, 'GET', card)
    await until('the code is known here', async () => (await look()).status === 200)
    // Nor has it forgotten the filer's client, which it knows for a second.
    const who = () => ask(struck, firm, 'GET', '/v1/sessions/current')
    await until('the filer acts for the code', async () => (await who()).body.subject === code)
  }
  const path = `/v1/enterprises/${encodeURIComponent(code ?? 'none')}`
  const enterprise = code === null ? null : (await ask(struck, reviewer, 'GET', path)).body
  const notices = await itemsOf(struck, firm, '/v1/notices')
  const waiting = await itemsOf(struck, reviewer, '/v1/notices')
  const steps: string[] = application.history.map(({ step }: { step: string }) => step)
  const resolved = code === null ? null : await ask(struck, firm, 'GET', `/v1/resolve/${code}`)
  // Rows are numbered a moment after a start.
  await until('the audit is numbered', async () => (await auditOf(about)).length >= steps.length)
  if (code !== null) await until('the code is announced', async () => (await announced()) > 0)
  // Also looks whether the filer's client has become the subject's.
  const again = await ask(struck, firm, 'POST', '/v1/applications', { ...aFiling, kind: 'code' })

  function auditOf(subject: string) {
    return itemsOf(struck, struck.key, `/v1/audit?subject=${encodeURIComponent(subject)}`)
  }
  async function announced() {
    return (await changesOf(struck)).filter(({ identifier }) => identifier === code).length
  }

  return {
    state: application.state,
    steps,
    audit: (await auditOf(about)).map(({ action }) => action),
    notices: notices.map(({ topic }) => topic),
    decided: waiting.some(each => each['about'] === about) ? 'a notice waits' : 'no notice waits',
    basics: enterprise?.basic.producerName ?? null,
    resolves: resolved?.body.kind ?? null,
    issued: code === null ? 0 : (await auditOf(code)).filter(isIssue).length,
    announced: code === null ? 0 : await announced(),
    client: again.body.code === 'ALREADY_EXISTS' ? 'may ask for no second code' : 'may file',
  }
}

function isIssue({ action }: Record<string, string>): boolean {
  return action === 'code.issued'
}

async function file(struck: Struck, round: number, place: number): Promise<Filed> {
  const firm = await aClient(struck, 'enterprise')
  const digits = String(round * approvalsAtOnce + place).padStart(8, '0')
  // Its check symbols are wrong, which a reviewer is told of and nobody refused for.
  const basic = { ...aFirm, uscc: `91440300MB${digits}` }
  const filed = await ask(struck, firm, 'POST', '/v1/applications', {
    ...aFiling,
    basic,
    submit: true,
  })
  if (filed.status !== 201) throw new Error(`not filed: ${JSON.stringify(filed.body)}`)
  return { id: filed.body.id, firm }
}

/** @returns whether the node said that it is done */
async function approve(struck: Struck, reviewer: string, id: string): Promise<boolean> {
  try {
    const path = `/v1/applications/${id}:decide`
    return (await askOnce(struck, reviewer, 'POST', path, { decision: 'approve' })).status === 200
  } catch {
    return false
  }
}

async function aClient(struck: Struck, role: string): Promise<string> {
  const made = await ask(struck, struck.key, 'POST', '/v1/clients', { name: role, role })
  if (made.status !== 201) throw new Error(`no client: ${JSON.stringify(made.body)}`)
  return made.body.key
}

async function changesOf(struck: Struck): Promise<{ identifier: string }[]> {
  const response = await fetch(`${struck.http()}/v1/changes?limit=1000`, asking(struck.key))
  const lines = (await response.text()).split('\n').filter(Boolean)
  return lines.map(line => JSON.parse(line)).filter(({ kind }) => kind === 'subject')
}

async function itemsOf(struck: Struck, key: string, path: string) {
  const items: Record<string, string>[] = (await ask(struck, key, 'GET', path)).body.items
  return items
}

function asking(key: string) {
  return { headers: { authorization: `Bearer ${key}` } }
}

/** Waits while the node has just started, or the machine too much to do. */
async function ask(struck: Struck, key: string, method: string, path: string, body?: object) {
  let answer = await askOnce(struck, key, method, path, body)
  await until(`${method} ${path} is taken`, async () => {
    if (answer.status !== 503) return true
    answer = await askOnce(struck, key, method, path, body)
    return answer.status !== 503
  })
  return answer
}

async function askOnce(struck: Struck, key: string, method: string, path: string, body?: object) {
  const response = await fetch(struck.http() + path, {
    method,
    headers: {
      ...asking(key).headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's script sees has no types
  return { status: response.status, body: (await response.json()) as any }
}
