import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { anyone } from '../../../model/caller.ts'
import { Failure } from '../../../model/failures.ts'
import type { Identifier } from '../../../model/identifier.ts'
import type { Resolution } from '../../../resolver/resolve.ts'
import { encodeAnswerJson } from '../answer-json.ts'
import type { ProtobufEntry } from '../answer-protobuf.ts'
import type { HttpApp } from '../app.ts'
import { languageOf } from '../language.ts'
import { publishPolicy, type ResolveLimits } from '../limits.ts'
import { type Form, formOf, mediaTypes } from '../negotiate.ts'
import type { HttpParts } from '../parts.ts'
import { problemOf } from '../problem.ts'
import { closed, responses, shared } from '../schemas.ts'
import { asksPastCaches, isUnknown } from './resolve.ts'

/** Questions in one request: what an answer of a few megabytes holds. */
export const batchMax = 1000

const everything = { types: [], indexes: [] } as const

/** `POST /v1/resolve:batch`: many questions, each with its answer or its problem. */
export function resolveBatchRoutes(app: HttpApp, parts: HttpParts, limits: ResolveLimits): void {
  app.post(
    '/v1/resolve::batch',
    {
      config: { action: 'resolve' },
      schema: {
        operationId: 'resolveBatch',
        summary: 'Many answers at once, in the order of the questions',
        tags: ['resolve'],
        body: closed({
          identifiers: Type.Array(Type.String(), { minItems: 1, maxItems: batchMax }),
        }),
        response: responses(
          {
            200: {
              description: 'an answer or a problem each',
              content: {
                'application/json': {
                  schema: closed({
                    answers: Type.Array(Type.Union([shared('Answer'), shared('Problem')])),
                  }),
                },
                'application/x-protobuf': { schema: { type: 'string', format: 'binary' } },
              },
            },
          },
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      publishPolicy(reply, limits)
      const { identifiers } = request.body
      limits.demand(request.address, identifiers.length)
      const form = formOf(request.headers.accept)
      const entries = await answerAll(request, identifiers, form)
      reply.header('Content-Type', mediaTypes[form]).header('Vary', 'Accept')
      return reply.send(
        form === 'protobuf' ? parts.protobuf.encodeBatch(entries) : joinJson(entries),
      )
    },
  )

  async function answerAll(
    request: FastifyRequest,
    identifiers: readonly string[],
    form: Form,
  ): Promise<ProtobufEntry[]> {
    const entries: ProtobufEntry[] = new Array(identifiers.length)
    const waiting: Promise<void>[] = []
    const ask = asker(request, form)
    for (const [position, asked] of identifiers.entries()) {
      const known = ask.fromMemory(asked)
      if (known !== undefined) entries[position] = known
      else {
        waiting.push(
          ask.fromResolver(asked).then(entry => {
            entries[position] = entry
          }),
        )
      }
    }
    await Promise.all(waiting)
    return entries
  }

  function asker(request: FastifyRequest, form: Form) {
    const { address, caller, headers } = request
    const fresh = asksPastCaches(headers)
    const mayShare = caller.role === anyone.role && !fresh
    const context = {
      language: languageOf(headers['accept-language']),
      publicUrl: parts.publicUrl(),
    }

    async function resolve(identifier: Identifier): Promise<Resolution> {
      limits.demandLookUp(address, caller, identifier)
      try {
        return await parts.resolver.resolve({ identifier, caller, filter: everything, fresh })
      } catch (error) {
        if (isUnknown(error)) limits.countUnknown(address, caller, identifier)
        throw error
      }
    }

    return {
      /** No promise for what is in memory: that is most of most batches. */
      fromMemory(asked: string): ProtobufEntry | undefined {
        if (!mayShare) return undefined
        const identifier = parseQuietly(parts.names, asked)
        if (identifier === undefined || limits.isBlocked(address, caller, identifier))
          return undefined
        const resolution = parts.resolver.peek(identifier)
        if (resolution?.shared === undefined) return undefined
        return { asked, bytes: parts.resolver.bytes(resolution.shared, form) }
      },

      async fromResolver(asked: string): Promise<ProtobufEntry> {
        try {
          const resolution = await resolve(parts.names.parse(asked))
          return { asked, bytes: bytesOf(resolution, form) }
        } catch (error) {
          if (!(error instanceof Failure)) throw error
          return { asked, problem: problemOf(error, context) }
        }
      },
    }
  }

  function bytesOf({ shared: entry, answer }: Resolution, form: Form): Buffer {
    if (entry !== undefined) return parts.resolver.bytes(entry, form)
    return form === 'protobuf' ? parts.protobuf.encode(answer) : encodeAnswerJson(answer)
  }
}

function parseQuietly(names: HttpParts['names'], asked: string): Identifier | undefined {
  try {
    return names.parse(asked)
  } catch {
    return undefined
  }
}

/** Writes `asked` into each answer without reading it: behind its first brace. */
function joinJson(entries: readonly ProtobufEntry[]): Buffer {
  const pieces: Buffer[] = []
  for (const [position, entry] of entries.entries()) {
    const start = `${position === 0 ? '{"answers":[' : ','}{"asked":${JSON.stringify(entry.asked)},`
    if ('bytes' in entry) pieces.push(Buffer.from(start), entry.bytes.subarray(1))
    else pieces.push(Buffer.from(start + JSON.stringify(entry.problem).slice(1)))
  }
  pieces.push(Buffer.from(']}'))
  return Buffer.concat(pieces)
}
