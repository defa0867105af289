import { basename } from 'node:path'
import { json as readJson } from 'node:stream/consumers'
import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { deliverFile, readLocalFile } from './local-files.ts'
import { json, table } from './print.ts'

interface FileView {
  readonly id: string
  readonly sha256: string
  readonly mediaType: string
  readonly byteCount: number
}

export const filePut: Command = {
  name: 'file put',
  summary: say(
    '上传营业执照、委托书等文件（PDF、PNG、JPEG），得到编号',
    'bring a licence or mandate (PDF, PNG, JPEG), and get its id',
  ),
  arguments: [{ name: 'file' }],
  options: nodeOptions,
  async run(call) {
    const path = call.arguments[0] ?? ''
    // What it is, its content says.
    const file = { type: 'application/octet-stream', bytes: await readLocalFile(path) }
    const kept = await withNode(call, async node => {
      const { bytes } = await node.stream('POST', '/v1/files', { file })
      return (await readJson(bytes)) as FileView
    })
    await call.write(call.isJson ? json(kept) : table([rowOf(kept, path)], headerOf(call)))
    return exitCodes.ok
  },
}

export const fileGet: Command = {
  name: 'file get',
  summary: say('取回一个文件', 'fetch a file'),
  arguments: [{ name: 'id' }],
  options: {
    out: { kind: 'text', value: 'FILE', short: 'o', help: say('写入此文件', 'where to write') },
    ...nodeOptions,
  },
  async run(call) {
    const [id = ''] = call.arguments
    const out = call.given.text('out')
    if (out === undefined) throw new UsageError(say('需要 -o', '-o is needed'))
    return withNode(call, async node => {
      const path = `/v1/files/${encodeURIComponent(id)}`
      const { bytes } = await node.stream('GET', path, { headers: { Accept: '*/*' } })
      await deliverFile(call, out, bytes)
      return exitCodes.ok
    })
  },
}

function headerOf({ language }: Call): readonly string[] {
  const header = [say('编号', 'id'), say('类型', 'type'), say('字节', 'bytes'), say('文件', 'file')]
  return header.map(text => text[language])
}

function rowOf({ id, mediaType, byteCount }: FileView, path: string): readonly string[] {
  return [id, mediaType, String(byteCount), basename(path)]
}
