import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Failure } from '../../../model/failures.ts'
import type { System } from '../../../model/identifier.ts'
import type { StoredRecord } from '../../../model/record.ts'
import { say } from '../../../model/text.ts'
import type { SheetFormat } from '../../../registry/jobs/parts.ts'
import type { HttpParts } from '../parts.ts'
import { placeOf } from '../place.ts'
import { sheetHeaders } from '../sheet-types.ts'

/** Exports that a process sends at once: each holds a page of whole records and asks the store as fast as it is read. */
export const exportsMax = 10
const exportsRetrySeconds = 10

/** Sends the records under a prefix as a file. */
export type ExportIdentifiers = (
  request: FastifyRequest,
  reply: FastifyReply,
  format: SheetFormat,
  under: { readonly system: System; readonly prefix: string },
) => Promise<FastifyReply>

/** Every living record under a prefix with its values, but codes: a file that can be imported again as it is. */
export function makeExportIdentifiers(parts: HttpParts): ExportIdentifiers {
  const { permissions, records, recordSheets } = parts
  let exportCount = 0

  return async (request, reply, format, under) => {
    const place = placeOf(parts, { system: under.system, authority: under.prefix })
    permissions.demand(request.caller, 'identifier.read', { ...place, subject: null })
    if (exportCount >= exportsMax) {
      throw new Failure('TOO_MANY', undefined, { retryAfterSeconds: exportsRetrySeconds })
    }
    exportCount += 1
    let isOver = false
    const end = () => {
      if (!isOver) exportCount -= 1
      isOver = true
    }
    reply.raw.once('close', end)
    try {
      await refuseTooMany(format, under)
      reply.headers({ ...sheetHeaders(format, fileNameOf(under)), 'Cache-Control': 'no-store' })
      // Fastify would read the whole file to throw it away.
      if (request.method === 'HEAD') return reply.send()
      const file = recordSheets.write(format, readable(request, under))
      return reply.send(Readable.from(file, { objectMode: false }))
    } catch (error) {
      end()
      throw error
    }
  }

  /** Before the answer has begun: afterwards, all that could be said is that it ends. */
  async function refuseTooMany(
    format: SheetFormat,
    { system, prefix }: { readonly system: System; readonly prefix: string },
  ): Promise<void> {
    const rowsMax = recordSheets.rowsMax(format)
    if (rowsMax === undefined) return
    const count = await records.countUnder(system, prefix, rowsMax + 1)
    if (count <= rowsMax) return
    throw new Failure(
      'TOO_LARGE',
      say(
        `多于 ${rowsMax} 条记录，请导出为 CSV 或 NDJSON`,
        `there are more than ${rowsMax} records: export them as CSV or NDJSON`,
      ),
      { facts: { rowsMax } },
    )
  }

  /** Whoever may list a prefix may not read every record below it: these are left out, as codes are. */
  async function* readable(
    { caller }: FastifyRequest,
    { system, prefix }: { readonly system: System; readonly prefix: string },
  ): AsyncGenerator<readonly StoredRecord[]> {
    for await (const page of records.under(system, prefix)) {
      yield page.filter(record => {
        const asked = { system: record.system, authority: record.prefix }
        const place = parts.directory.match(asked)
        const { subject } = record
        return (
          place !== undefined &&
          permissions.may(caller, 'identifier.read', { ...asked, prefix: place, subject })
        )
      })
    }
  }
}

/** What no file system stumbles over. */
function fileNameOf({ system, prefix }: { system: System; prefix: string }): string {
  return `${system}-${prefix}`.replace(/[^\w.-]+/g, '_').slice(0, 100)
}
