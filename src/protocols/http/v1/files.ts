import { Type } from 'typebox'
import { Failure } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { FileView } from '../../../registry/files/files.ts'
import type { HttpApp } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import { closed, codeSchema, instantSchema, json, oneOf, responses } from '../schemas.ts'
import { licenceMembers } from './application-schemas.ts'

const mediaTypes = ['application/pdf', 'image/png', 'image/jpeg'] as const
/** What is sent may call itself bytes: what it is, its content says. */
const acceptedTypes = [...mediaTypes, 'application/octet-stream'] as const
/** A scanned page has half of it; the rules of files say the same. */
const fileBytesMax = 5 * 1024 * 1024

const params = closed({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const digestSchema = Type.String({ pattern: '^[0-9a-f]{64}$' })
const fileSchema = closed({
  id: Type.String(),
  sha256: digestSchema,
  sm3: Type.String({ ...digestSchema, description: 'GB/T 32905' }),
  mediaType: oneOf(mediaTypes, 'what the content is'),
  byteCount: Type.Integer(),
  createdAt: instantSchema,
})
const licenceSchema = closed({
  ...licenceMembers,
  application: Type.String({ description: 'the application that it was seen with' }),
  verifiedBy: Type.String({ description: 'the reviewer who has seen it' }),
  verifiedAt: instantSchema,
})
// Without a type: the body arrives as bytes, which JSON Schema has no word for (OpenAPI 3.1 §4.8.14.3).
const binary = Type.Unsafe<Buffer>({ description: 'the file itself' })

/** Documents that stand behind what is filed: brought once, then named by their ids. */
export async function fileRoutes(app: HttpApp, parts: HttpParts): Promise<void> {
  const { files, directory, names } = parts
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    [...acceptedTypes],
    { parseAs: 'buffer', bodyLimit: fileBytesMax },
    async (_request: unknown, body: Buffer) => body,
  )

  app.post(
    '/v1/files',
    {
      bodyLimit: fileBytesMax,
      config: { action: 'file.create' },
      schema: {
        operationId: 'createFile',
        summary: 'Bring a PDF, PNG or JPEG; the same bytes again are the same file',
        tags: ['files'],
        querystring: closed({}),
        body: {
          content: Object.fromEntries(acceptedTypes.map(type => [type, { schema: binary }])),
        },
        response: responses({ 201: json('kept', fileSchema) }, 'NOT_PERMITTED', 'TOO_LARGE'),
      },
    },
    async (request, reply) => {
      const view = await files.put(request.body as Buffer, request.caller)
      reply.code(201).header('Location', `/v1/files/${view.id}`)
      return toJson(view)
    },
  )

  app.get(
    '/v1/files/:id',
    {
      config: { action: 'file.read' },
      schema: {
        operationId: 'readFile',
        summary:
          'A file, as an attachment: for who brought it, the parties of what names it, reviewers of that',
        tags: ['files'],
        params,
        querystring: closed({}),
        response: responses(
          {
            200: {
              description: 'the file',
              content: Object.fromEntries(mediaTypes.map(type => [type, { schema: binary }])),
            },
          },
          'NOT_PERMITTED',
          'ROUTE_UNKNOWN',
        ),
      },
    },
    async (request, reply) => {
      const found = await files.read(request.params.id, request.caller)
      if (found === undefined) {
        throw new WireFailure('ROUTE_UNKNOWN', say('没有此文件', 'there is no such file'))
      }
      const { view, bytes } = found
      reply.headers({
        'Content-Type': view.mediaType,
        'Content-Disposition': `attachment; filename="${view.id}.${endings[view.mediaType]}"`,
        // Should it be opened in the browser all the same: nothing in it runs or loads, and it is of no origin.
        'Content-Security-Policy': "sandbox; default-src 'none'",
        'Cross-Origin-Resource-Policy': 'same-origin',
      })
      return reply.send(bytes)
    },
  )

  app.get(
    '/v1/enterprises/:code/licences',
    {
      config: { action: 'licence.list' },
      schema: {
        operationId: 'listLicences',
        summary: 'The documents of an enterprise that a reviewer has seen, with their validity',
        tags: ['files'],
        params: closed({ code: codeSchema }),
        querystring: closed({}),
        response: responses(
          { 200: json('the documents', closed({ items: Type.Array(licenceSchema) })) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
        ),
      },
    },
    async request => {
      const { text } = names.parse(request.params.code, 'code')
      const subject = directory.subjectByCode(text)
      if (subject === undefined) throw new Failure('IDENTIFIER_UNKNOWN')
      const licences = await files.licences(subject.id, request.caller)
      return {
        items: licences.map(each => ({ ...each, verifiedAt: each.verifiedAt.toISOString() })),
      }
    },
  )
}

const endings: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'image/png': 'png',
  'image/jpeg': 'jpg',
}

function toJson({ id, sha256, sm3, mediaType, byteCount, createdAt }: FileView) {
  return { id, sha256, sm3, mediaType, byteCount, createdAt }
}
