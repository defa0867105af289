import { say } from '../model/text.ts'
import type { Command } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { allOf } from './pages.ts'
import { json, table } from './print.ts'

interface Notice {
  readonly at: string
  readonly topic: string
  readonly about: string
  readonly name: string
  readonly dueAt: string | null
}

export const notices: Command = {
  name: 'notices',
  summary: say('列出待办事项和通知', 'list what waits for one, and what one should know'),
  options: nodeOptions,
  async run(call) {
    const { language, isJson, write } = call
    const found = await withNode(call, node => allOf<Notice>(node, '/v1/notices'))
    const header = [
      say('时间', 'at'),
      say('事项', 'topic'),
      say('关于', 'about'),
      say('期限', 'due'),
      say('名称', 'name'),
    ].map(text => text[language])
    const rows = found.map(({ at, topic, about, dueAt, name }) => [
      at,
      topic,
      about,
      dueAt ?? '-',
      name,
    ])
    await write(isJson ? json(found) : table(rows, header))
    return exitCodes.ok
  },
}
