import { say } from '../model/text.ts'
import type { SheetFormat } from '../registry/jobs/parts.ts'
import { type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { deliverFile } from './local-files.ts'
import { formatOption, sheetFormatOf, sheetTypes, writeText } from './sheet-files.ts'

/** Records under a prefix as a file that can be imported again. */
export const exportRecords: Command = {
  name: 'export',
  summary: say(
    '导出前缀下的记录及其全部值；企信码由审核签发，不在其中',
    'write the records under a prefix with all their values; codes are issued, and left out',
  ),
  options: {
    prefix: {
      kind: 'text',
      value: 'PREFIX',
      help: say('前缀，如 88.118.8 或 gs1:6901234', 'such as 88.118.8 or gs1:6901234'),
    },
    out: {
      kind: 'text',
      short: 'o',
      value: 'FILE',
      help: say('写入此文件；缺省写到标准输出', 'the file; by default standard output'),
    },
    ...formatOption,
    ...nodeOptions,
  },
  async run(call) {
    const prefix = call.given.text('prefix')
    if (prefix === undefined) throw new UsageError(say('需要 --prefix', '--prefix is needed'))
    const file = call.given.text('out')
    const format = sheetFormatOf(call, file) ?? 'ndjson'
    refuseBinary(format, file)
    await withNode(call, async node => {
      const { bytes } = await node.stream('GET', '/v1/identifiers', {
        query: { prefix },
        headers: { Accept: sheetTypes[format] },
      })
      if (file === undefined) await writeText(call, bytes)
      else await deliverFile(call, file, bytes)
    })
    return exitCodes.ok
  },
}

function refuseBinary(format: SheetFormat, file: string | undefined): void {
  if (format !== 'xlsx' || file !== undefined) return
  throw new UsageError(say('xlsx 需要 --out', 'xlsx needs --out'))
}
