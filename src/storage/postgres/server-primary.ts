import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** One of the configured servers that answered. */
export interface Candidate {
  readonly url: string
  /** A standby reads, and refuses to write. */
  readonly isStandby: boolean
  /** As `server_version_num`: 150004. */
  readonly version: number
  readonly encoding: string
  /** How far its clock is ahead of ours, at most: more by the time that its answer took. */
  readonly aheadMs: number
}

export interface Found {
  /** The first that is a primary, else the first standby, by the order of the configuration. */
  readonly best: Candidate | undefined
  /** Why the others did not answer, by `host:port/database`. */
  readonly problems: readonly string[]
  /** A server that answered "no": it is there, and asking again at once changes nothing. */
  readonly refusal: pg.DatabaseError | undefined
}

/** Asks all servers at once which of them is the primary. Never throws. */
export async function findPrimary(
  urls: readonly string[],
  settings: pg.ClientConfig,
): Promise<Found> {
  const answers = await Promise.all(urls.map(url => askServer(url, settings)))
  const candidates = answers.flatMap(answer => ('isStandby' in answer ? [answer] : []))
  const failed = answers.flatMap(answer => ('error' in answer ? [answer] : []))
  return {
    best: candidates.find(candidate => !candidate.isStandby) ?? candidates[0],
    problems: failed.map(({ url, error }) => `${placeOf(url)}: ${messageOf(error)}`),
    refusal: failed.map(({ error }) => error).find(error => error instanceof pg.DatabaseError),
  }
}

type Answer = Candidate | { readonly url: string; readonly error: unknown }

/** How long a server may take to say what it is, connecting not counted. */
const answerMsMax = 1_000

async function askServer(url: string, settings: pg.ClientConfig): Promise<Answer> {
  const client = new pg.Client({
    ...settings,
    connectionString: url,
    application_name: 'qxm-probe',
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const askedAt = Date.now()
    const answered = client.query<Omit<Candidate, 'url' | 'aheadMs'> & { now: Date }>(`
      select pg_is_in_recovery() as "isStandby",
        current_setting('server_version_num')::int4 as version,
        current_setting('server_encoding') as encoding,
        clock_timestamp() as now`)
    const late = sleep(answerMsMax, undefined, { ref: false }).then(() => {
      throw new Error('connected, then silent')
    })
    const { rows } = await Promise.race([answered, late])
    const [row] = rows
    if (row === undefined) return { url, error: new Error('no answer') }
    const { now, ...said } = row
    return { url, ...said, aheadMs: now.getTime() - askedAt }
  } catch (error) {
    return { url, error }
  } finally {
    void client.end().catch(() => undefined)
  }
}

/** Where a URL leads, without its password. */
export function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `${host}${pathname}`
  } catch {
    return 'an unreadable URL'
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
