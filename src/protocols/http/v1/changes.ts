import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Caller } from '../../../model/caller.ts'
import type { Change } from '../../../model/change.ts'
import { Failure, invalid } from '../../../model/failures.ts'
import type { System } from '../../../model/identifier.ts'
import { say } from '../../../model/text.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import { closed, oneOf, prefixTextSchema, responses } from '../schemas.ts'

/** Streams that stay open at once in a process: each holds a socket and wakes with every change. */
export const followersMax = 500
/** Read from the store at once, so that a slow reader holds little. */
const pageMax = 500
/** Well below the idle limit of sockets and of common proxies. */
const heartbeatMs = 15_000
/** When all streams are taken. */
const followersRetrySeconds = 5

const numberSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const querySchema = closed({
  since: Type.Optional(numberSchema),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'ends after so many',
    }),
  ),
  prefix: Type.Optional(prefixTextSchema),
  follow: Type.Optional(
    oneOf(['0', '1'] as const, '1: stays open; NDJSON then has an empty line as a sign of life'),
  ),
})

/** `GET /v1/changes`: committed changes in order, as NDJSON or server-sent events. */
export function changeRoutes(app: HttpApp, parts: HttpParts): void {
  const { changes, permissions, prefixKeys } = parts
  /** Each ends its stream. */
  const followers = new Set<AbortController>()

  app.addHook('preClose', async () => {
    for (const follower of followers) follower.abort()
  })

  app.get(
    '/v1/changes',
    {
      config: { action: 'changes.read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'readChanges',
        summary:
          'Committed changes in order, without gaps: `{"seq","identifier","serial","op","kind","at"}`',
        tags: ['changes'],
        querystring: querySchema,
        response: responses(
          {
            200: {
              description: 'one change a line; server-sent events to those who accept them',
              headers: {
                'X-Qxm-Oldest': { type: 'integer', description: 'the oldest number that is kept' },
                'X-Qxm-Newest': {
                  type: 'integer',
                  description:
                    'the newest number: follow from here what is exported after this answer',
                },
              },
              content: {
                'application/x-ndjson': { schema: { type: 'string' } },
                'text/event-stream': { schema: { type: 'string' } },
              },
            },
          },
          'NOT_PERMITTED',
          'PREFIX_UNKNOWN',
          'CURSOR_GONE',
        ),
      },
    },
    async (request, reply) => {
      const { prefix, limit = Number.POSITIVE_INFINITY, since, follow } = request.query
      const isEvents = request.headers.accept?.includes('text/event-stream') ?? false
      const after = lastEventId(request) ?? since
      const { page: first, oldest, newest } = await readPage(after)
      const sees = viewOf(
        request.caller,
        prefix === undefined ? undefined : prefixKeys.parse(prefix),
      )
      reply.headers({ 'X-Qxm-Oldest': oldest, 'X-Qxm-Newest': newest })
      return stream(reply, {
        first,
        after,
        sees,
        limit,
        isEvents,
        follows: isEvents || follow === '1',
      })
    },
  )

  async function readPage(after: number | undefined) {
    const { changes: page, oldest, newest } = await changes.read(after, pageMax)
    if (after === undefined || after + 1 >= oldest) return { page, oldest, newest }
    const detail = say(
      `所保留的最早变更为 ${oldest}；请重新同步`,
      `the oldest change that is kept is ${oldest}; read everything again`,
    )
    throw new WireFailure('CURSOR_GONE', detail, { oldest })
  }

  /** Which changes a caller is shown: those under prefixes whose identifiers it may list. */
  function viewOf(caller: Caller, under: { system: System; prefix: string } | undefined) {
    return (change: Change): boolean => {
      const { system, authority } = whereabouts(change)
      if (under !== undefined) {
        const isUnder =
          sameSpace(system, under.system) && parts.isUnder(under.system, authority, under.prefix)
        if (!isUnder) return false
      }
      const prefix = parts.directory.match({ system, authority })
      // A prefix that is gone from the table was nobody's but the operator's.
      const place = {
        system,
        authority,
        prefix: prefix ?? { owner: null, served: 'hosted' as const },
      }
      return permissions.may(caller, 'identifier.list', place)
    }
  }

  /** A spelling that only its own system can read is placed by the prefix it was registered under. */
  function whereabouts({ identifier, kind, prefix }: Change): {
    system: System
    authority: string
  } {
    try {
      if (kind !== 'prefix') return parts.names.parse(identifier)
      const isHandle = identifier.startsWith('0.NA/')
      return {
        system: isHandle ? 'handle' : prefixKeys.parse(identifier).system,
        authority: prefix,
      }
    } catch {
      return { system: 'handle', authority: prefix }
    }
  }

  interface Feed {
    readonly first: readonly Change[]
    readonly after: number | undefined
    readonly sees: (change: Change) => boolean
    readonly limit: number
    readonly isEvents: boolean
    readonly follows: boolean
  }

  function stream(reply: FastifyReply, feed: Feed): FastifyReply {
    if (feed.follows && followers.size >= followersMax) {
      throw new Failure('TOO_MANY', undefined, { retryAfterSeconds: followersRetrySeconds })
    }
    const end = new AbortController()
    if (feed.follows) followers.add(end)
    reply.raw.on('close', () => {
      followers.delete(end)
      end.abort()
    })
    reply.headers({
      'Content-Type': feed.isEvents ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson',
      // A socket that a stream leaves behind would hold up a node that stops; and a proxy of the nginx family
      // keeps a stream to itself until it is long, unless it is told.
      ...(feed.follows ? { Connection: 'close', 'X-Accel-Buffering': 'no' } : {}),
    })
    return reply.send(Readable.from(lines(feed, end.signal), { objectMode: false }))
  }

  /** A reader that does not keep up is waited for: nothing is read ahead of what it takes. */
  async function* lines(feed: Feed, signal: AbortSignal): AsyncGenerator<string> {
    const { sees, isEvents, follows, limit } = feed
    let page = feed.first
    let seen = feed.after ?? 0
    let left = limit
    try {
      if (isEvents) yield ': qxm\n\n'
      while (!signal.aborted) {
        const visible = page.filter(sees).slice(0, left)
        if (visible.length > 0) yield visible.map(isEvents ? toEvent : toLine).join('')
        left -= visible.length
        seen = page.at(-1)?.seq ?? seen
        if (left <= 0) return
        if (page.length < pageMax) {
          if (!follows) return
          const isQuiet = await beyond(seen, signal)
          if (isQuiet && !signal.aborted) yield isEvents ? ':\n\n' : '\n'
        }
        if (!signal.aborted) page = (await readPage(seen)).page
      }
    } catch (error) {
      // The answer has begun: all that can be said is that it ends, and a follower comes back with its last number.
      parts.log.warn({ err: error }, 'change stream ended')
    }
  }

  /** @returns whether nothing came within a heartbeat */
  async function beyond(seen: number, signal: AbortSignal): Promise<boolean> {
    const enough = new AbortController()
    const stop = () => enough.abort()
    signal.addEventListener('abort', stop)
    const quiet = parts.clock.sleep(heartbeatMs, enough.signal).then(
      () => true,
      () => false,
    )
    try {
      return await Promise.race([changes.beyond(seen, enough.signal).then(() => false), quiet])
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }
}

/** Browsers send the number of the last event they have when they come back. */
function lastEventId({ headers }: FastifyRequest): number | undefined {
  const text = headers['last-event-id']
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^\d{1,15}$/.test(text)) return Number(text)
  throw invalid('/Last-Event-ID', 'changes.since', say('须为变更编号', 'the number of a change'))
}

/** Codes are identifiers under a handle prefix. */
function sameSpace(system: System, other: System): boolean {
  return system === other || (system === 'code' && other === 'handle')
}

function toLine(change: Change): string {
  return `${toJson(change)}\n`
}

function toEvent(change: Change): string {
  return `id: ${change.seq}\ndata: ${toJson(change)}\n\n`
}

function toJson({ seq, identifier, serial, op, kind, at }: Change): string {
  return JSON.stringify({ seq, identifier, serial, op, kind, at })
}
