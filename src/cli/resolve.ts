import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { json } from './print.ts'
import { type Answer, answerText } from './print-answer.ts'
import { resolveVia, viaOptions } from './resolve-via.ts'

const questionOptions = {
  type: {
    kind: 'texts',
    value: 'TYPE',
    help: say('只要此类型的值，可重复', 'only values of this type, repeatable'),
  },
  index: {
    kind: 'texts',
    value: 'N',
    help: say('只要此序号的值，可重复', 'only the value with this index, repeatable'),
  },
  fresh: { kind: 'flag', help: say('绕过缓存', 'ask past the caches') },
  ...nodeOptions,
} as const

export const resolve: Command = {
  name: 'resolve',
  summary: say('解析一个标识', 'resolve an identifier in any spelling'),
  arguments: [{ name: 'identifier' }],
  options: { ...questionOptions, ...viaOptions },
  async run(call) {
    if (call.given.has('via')) return resolveVia(call)
    if (call.given.has('server')) {
      throw new UsageError(say('--server 须与 --via 同用', '--server goes with --via'))
    }
    await print(call, await askFor(call, {}))
    return exitCodes.ok
  },
}

export const trace: Command = {
  name: 'trace',
  summary: say('解析并说明答案从何而来', 'resolve, and explain where the answer came from'),
  arguments: [{ name: 'identifier' }],
  options: questionOptions,
  async run(call) {
    await print(call, await askFor(call, { trace: '1' }))
    return exitCodes.ok
  },
}

function askFor(call: Call, more: Readonly<Record<string, string>>): Promise<Answer> {
  const { given, arguments: words } = call
  const query = { type: given.texts('type'), index: given.texts('index'), ...more }
  return withNode(call, node =>
    node.call<Answer>('GET', `/v1/resolve/${encodeURIComponent(words[0] ?? '')}`, {
      query,
      headers: given.has('fresh') ? { 'Cache-Control': 'no-cache' } : {},
    }),
  )
}

async function print({ isJson, language, write }: Call, answer: Answer): Promise<void> {
  await write(isJson ? json(answer) : answerText(answer, language))
}
