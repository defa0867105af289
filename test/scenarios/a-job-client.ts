import { until } from './a-program.ts'

export interface Job {
  readonly id: string
  readonly state: string
  readonly counts: Record<string, number>
  readonly receipt: string | null
  readonly endedAt: string | null
}

/** A stranger's program that sends files to a node. */
export function talkTo(http: () => string, key: string) {
  async function ask(method: string, path: string, body?: string, headers = {}): Promise<Response> {
    return fetch(http() + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'accept-language': 'en', ...headers },
      ...(body === undefined ? {} : { body }),
    })
  }
  async function json<Body>(response: Response): Promise<Body> {
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as Body
  }
  return {
    ask,
    async prefix(prefix: string) {
      const headers = { 'content-type': 'application/json' }
      await json(await ask('POST', '/v1/prefixes', JSON.stringify({ prefix }), headers))
    },
    send: (query: string, body: string, headers = {}) =>
      ask('POST', `/v1/jobs?${query}`, body, { 'content-type': 'text/csv', ...headers }),
    job: async (id: string) => json<Job>(await ask('GET', `/v1/jobs/${id}`)),
    async ended(id: string, msMax = 60_000): Promise<Job> {
      let job: Job | undefined
      await until(
        `the job ${id} has ended`,
        async () => {
          job = await json<Job>(await ask('GET', `/v1/jobs/${id}`))
          return ['done', 'failed', 'cancelled', 'undone', 'checked'].includes(job.state)
        },
        msMax,
      )
      return job as Job
    },
    json,
  }
}
