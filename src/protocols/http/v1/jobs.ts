import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { JobRow } from '../../../registry/jobs/parts.ts'
import type { HttpApp } from '../app.ts'
import { languageOf } from '../language.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import { closed, json, listOf, pageOf, pageQuery, responses } from '../schemas.ts'
import { sheetHeaders, sheetTypes } from '../sheet-types.ts'
import { jobSchema, jobToJson } from './job-schemas.ts'
import { receiveJobRoute } from './receive-job.ts'

/** Streams of progress that stay open at once in a process: each asks the store twice a second. */
const watchersMax = 100
const watchEveryMs = 500
/** Below the idle limit of sockets and of common proxies. */
const heartbeatMs = 15_000
const watchersRetrySeconds = 5

const params = closed({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const step = (name: string) => `/v1/jobs/:id([^:]+)::${name}`
const stepProblems = ['NOT_PERMITTED', 'STATE_CONFLICT', 'ROUTE_UNKNOWN', 'METHOD_UNKNOWN'] as const

/** Bulk work: a file of rows, what became of it, and back. */
export function jobRoutes(app: HttpApp, parts: HttpParts): void {
  const { jobs } = parts
  /** Each ends its stream. */
  const watchers = new Set<AbortController>()

  app.addHook('preClose', async () => {
    for (const watcher of watchers) watcher.abort()
  })
  app.register(async uploads => receiveJobRoute(uploads.withTypeProvider(), parts))

  app.get(
    '/v1/jobs',
    {
      config: { action: 'job.list' },
      schema: {
        operationId: 'listJobs',
        summary: 'One’s own jobs, the newest first; an operator sees all',
        tags: ['jobs'],
        querystring: closed(pageQuery),
        response: responses({ 200: json('a page', listOf(jobSchema)) }, 'NOT_PERMITTED'),
      },
    },
    async request => {
      const { items, next } = await jobs.list(request.caller, pageOf(request.query))
      return { items: items.map(job => jobToJson(job, request)), next }
    },
  )

  app.get(
    '/v1/jobs/:id',
    {
      config: { action: 'job.read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'readJob',
        summary: 'A job; as server-sent events, its progress until it has ended',
        tags: ['jobs'],
        params,
        querystring: closed({}),
        response: responses(
          {
            200: {
              description: 'the job',
              content: {
                'application/json': { schema: jobSchema },
                'text/event-stream': { schema: { type: 'string' } },
              },
            },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
          'TOO_MANY',
        ),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const job = found(await jobs.find(id, request.caller))
      const isWatched = request.headers.accept?.includes('text/event-stream') ?? false
      return isWatched ? watch(request, reply, job) : jobToJson(job, request)
    },
  )

  app.get(
    '/v1/jobs/:id/errors',
    {
      config: { action: 'job.read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'readJobErrors',
        summary:
          'The refused rows in the format that came, with row, field and reason: to be corrected and sent again',
        tags: ['jobs'],
        params,
        querystring: closed({}),
        response: responses(
          {
            200: {
              description: 'the rows',
              content: Object.fromEntries(
                Object.values(sheetTypes).map(([type]) => [type, { schema: { type: 'string' } }]),
              ),
            },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const job = found(await jobs.find(request.params.id, request.caller))
      const language = languageOf(request.headers['accept-language'])
      reply.headers({
        ...sheetHeaders(job.format, `${job.id}-errors`),
        'Content-Language': language,
      })
      return reply.send(Readable.from(jobs.errors(job, language), { objectMode: false }))
    },
  )

  for (const [name, action, summary] of [
    ['apply', 'job.apply', 'Write what a dry run has checked'],
    ['cancel', 'job.apply', 'End a job: what is written stays, and with mode=all nothing is'],
    [
      'undo',
      'job.undo',
      'Take back what a job has written, unless somebody has written some of it again since',
    ],
  ] as const) {
    app.post(
      step(name),
      {
        config: { action },
        schema: {
          operationId: `${name}Job`,
          summary,
          tags: ['jobs'],
          params,
          querystring: closed({}),
          response: responses({ 202: json('the job as it goes on', jobSchema) }, ...stepProblems),
        },
      },
      async (request, reply) => {
        const job = found(await jobs[name](request.params.id, request.caller))
        return reply.code(202).send(jobToJson(job, request))
      },
    )
  }

  function watch(request: FastifyRequest, reply: FastifyReply, job: JobRow): FastifyReply {
    if (watchers.size >= watchersMax) {
      throw new Failure('TOO_MANY', undefined, { retryAfterSeconds: watchersRetrySeconds })
    }
    const end = new AbortController()
    watchers.add(end)
    reply.raw.on('close', () => {
      watchers.delete(end)
      end.abort()
    })
    reply.headers({
      'Content-Type': 'text/event-stream; charset=utf-8',
      Connection: 'close',
      'X-Accel-Buffering': 'no',
    })
    return reply.send(Readable.from(progress(request, job, end.signal), { objectMode: false }))
  }

  /** An event for each time that something has changed, the last one behind the end. */
  async function* progress(
    request: FastifyRequest,
    first: JobRow,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    let job: JobRow | undefined = first
    let told = ''
    let silentMs = 0
    try {
      while (job !== undefined && !signal.aborted) {
        const text = JSON.stringify(jobToJson(job, request))
        silentMs = text === told ? silentMs + watchEveryMs : 0
        if (text !== told) yield `event: job\ndata: ${text}\n\n`
        else if (silentMs >= heartbeatMs) {
          silentMs = 0
          yield ':\n\n'
        }
        told = text
        if (job.task === null) return
        await parts.clock.sleep(watchEveryMs, signal)
        job = await jobs.find(job.id, request.caller)
      }
    } catch (error) {
      if (!signal.aborted) parts.log.warn({ err: error }, 'stream of a job ended')
    }
  }
}

function found(job: JobRow | undefined): JobRow {
  if (job !== undefined) return job
  throw new WireFailure('ROUTE_UNKNOWN', say('没有此任务', 'there is no such job'))
}
