import { readFile, writeFile } from 'node:fs/promises'
import { say, type Text } from '../model/text.ts'
import { systemClock } from '../runtime/clock.ts'
import type { BatchParts } from '../sandbox/batch.ts'
import type { Delivered } from '../sandbox/deliver.ts'
import type { Journal } from '../sandbox/journal.ts'
import type { Outcome } from '../sandbox/push.ts'
import { nodePrefix, topFolderOf } from '../sandbox/top-folder.ts'
import { type Wrong, wrongs } from '../sandbox/wrongs.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { configOptions } from './connect.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { json } from './print.ts'
import { sandboxFolder } from './sandbox.ts'

const byDefault = {
  prefix: '88.118.8',
  tables: ['identifiers', 'prefixes', 'basic'],
  grantRows: 100_000,
  grantSeconds: 30 * 86_400,
  rows: 3,
} as const
const grantMediaType = 'application/jose'

/** The simulated top-level node permits itself to import. */
export const sandboxGrant: Command = {
  name: 'sandbox grant',
  summary: say(
    '由模拟的顶级节点签发授权令，并打印出来',
    'have the simulated top-level node sign a grant, and print it',
  ),
  options: {
    prefix: {
      kind: 'texts',
      value: 'PREFIX',
      help: say(
        `授权的前缀，可重复，默认 ${byDefault.prefix}`,
        `a prefix it covers, repeatable, ${byDefault.prefix} by default`,
      ),
    },
    table: {
      kind: 'texts',
      value: 'PART',
      help: say(
        `授权的内容，可重复，默认 ${byDefault.tables.join('、')}`,
        `what it covers, repeatable: ${byDefault.tables.join(', ')} by default`,
      ),
    },
    rows: {
      kind: 'text',
      value: 'N',
      help: say(
        `行数上限，默认 ${byDefault.grantRows}`,
        `rows in all, ${byDefault.grantRows} by default`,
      ),
    },
    seconds: {
      kind: 'text',
      value: 'N',
      help: say('有效的秒数，默认 30 天', 'how long it is good for, 30 days by default'),
    },
    out: {
      kind: 'text',
      value: 'FILE',
      short: 'o',
      help: say('写入文件而不打印', 'writes it to a file instead'),
    },
    send: {
      kind: 'flag',
      help: say('直接送到节点的导入端口', "hands it in at the node's import port"),
    },
    ...configOptions,
  },
  async run(call) {
    const { given } = call
    const { makeGrant, send, signDelivery, source, identity, journal } = await openTop(call)
    const imports = given.has('send') ? await importsOf(journal) : undefined
    const prefixes = orDefault(given.texts('prefix'), [byDefault.prefix])
    const { id, jws } = await makeGrant(
      {
        source,
        target: nodePrefix,
        prefixes,
        tables: orDefault(given.texts('table'), byDefault.tables),
        rows: numberIn(call, 'rows', byDefault.grantRows),
        lifeSeconds: numberIn(call, 'seconds', byDefault.grantSeconds),
      },
      identity.signer,
      new Date(systemClock.now()),
    )
    await journal.write({ ...(await journal.sent()), authorization: id, prefixes })
    const out = given.text('out')
    if (out !== undefined) await writeFile(out, `${jws}\n`)
    if (imports === undefined) {
      if (out === undefined) await call.write(`${jws}\n`)
      return exitCodes.ok
    }
    const request = {
      url: `${imports}/v1/grants`,
      mediaType: grantMediaType,
      body: Buffer.from(jws),
    }
    const signed = signDelivery(request, identity.signer, systemClock.now())
    const answer = await send(signed, identity.client, identity.authority)
    await call.write(call.isJson ? json(answer) : `${line(`grant ${id}`, answer)}\n`)
    return answer.status < 300 ? exitCodes.ok : exitCodes.failed
  },
}

/** A batch from the simulated top-level node, right or wrong. */
export const sandboxPush: Command = {
  name: 'sandbox push',
  summary: say(
    '由模拟的顶级节点推送一批数据，或故意推错',
    'push a batch from the simulated top-level node, rightly or wrongly',
  ),
  arguments: [{ name: 'file', isOptional: true }],
  options: {
    rows: {
      kind: 'text',
      value: 'N',
      help: say(
        `没有文件时推送 N 行示例，默认 ${byDefault.rows}`,
        `example rows where there is no file, ${byDefault.rows} by default`,
      ),
    },
    prefix: {
      kind: 'text',
      value: 'PREFIX',
      help: say(
        `示例行所属的前缀，默认 ${byDefault.prefix}`,
        `the prefix of example rows, ${byDefault.prefix} by default`,
      ),
    },
    into: {
      kind: 'text',
      value: 'PART',
      help: say(
        '文件的内容：identifiers（默认）、prefixes、basic',
        'what the file has: identifiers (default), prefixes, basic',
      ),
    },
    feed: {
      kind: 'flag',
      help: say('放入批次源供节点拉取，而不推送', 'leaves it in the feed for the node to pull'),
    },
    wrong: {
      kind: 'text',
      value: 'HOW',
      help: wrongHelp(),
    },
    ...configOptions,
  },
  async run(call) {
    const { given } = call
    const wrong = wrongIn(call)
    const { exampleRows, publish, push, identity, journal } = await openTop(call)
    const now = () => new Date(systemClock.now())
    const parts = { identity, journal, target: nodePrefix, now }
    const prefix = given.text('prefix') ?? byDefault.prefix
    const [file] = call.arguments
    const exampleCount = file === undefined ? numberIn(call, 'rows', byDefault.rows) : 0
    const { rowCount } = await journal.sent()
    const rows =
      file === undefined ? exampleRows(prefix, rowCount + 1, exampleCount) : await rowsOfFile(file)
    const bring: BatchParts = { [given.text('into') ?? 'identifiers']: rows }
    try {
      if (given.has('feed')) {
        const { seq } = await publish(parts, { parts: bring, exampleCount })
        await call.write(call.isJson ? json({ seq }) : `batch ${seq} is in the feed\n`)
        return exitCodes.ok
      }
      const imports = await importsOf(journal)
      const request = { parts: bring, wrong, prefix, exampleCount }
      return await tell(call, await push({ ...parts, imports }, request))
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'NoGrant') throw error
      throw new UsageError(
        say('请先运行 qxm sandbox grant --send', 'first: qxm sandbox grant --send'),
      )
    }
  },
}

/** One JSON object a line. */
async function rowsOfFile(file: string): Promise<readonly object[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.flatMap((text, position) => {
    if (text.trim() === '') return []
    try {
      return [JSON.parse(text) as object]
    } catch {
      const number = position + 1
      throw new UsageError(
        say(`${file} 第 ${number} 行不是 JSON`, `line ${number} of ${file} is no JSON`),
      )
    }
  })
}

async function tell(call: Call, outcomes: readonly Outcome[]): Promise<ExitCode> {
  if (call.isJson) await call.write(json(outcomes))
  else {
    const lines = outcomes.map(({ what, seq, answer, failure }) =>
      answer === undefined ? `${what} ${seq}: ${failure}` : line(`${what} ${seq}`, answer),
    )
    await call.write(`${lines.join('\n')}\n`)
  }
  const wasRefused = outcomes.some(
    ({ what, answer }) => (what === 'batch' || what === 'held') && (answer?.status ?? 500) >= 300,
  )
  return wasRefused ? exitCodes.failed : exitCodes.ok
}

/** `batch 3: 201 received` and the id, or the problem in a word and its detail. */
function line(what: string, { status, body }: Delivered): string {
  const { id, state, code, detail } = Object(body) as Readonly<Record<string, unknown>>
  const said = status < 400 ? [state, id] : [code, detail]
  return [`${what}:`, status, ...said.filter(each => each !== undefined)].join(' ')
}

/** Its hands, keys and notes; loaded by who needs them only, because every command comes through here. */
async function openTop(call: Call) {
  const { openIdentity } = await import('../sandbox/identity.ts')
  const { openJournal } = await import('../sandbox/journal.ts')
  const hands = {
    ...(await import('../sandbox/deliver.ts')),
    ...(await import('../sandbox/grant.ts')),
    ...(await import('../sandbox/push.ts')),
    ...(await import('../sandbox/rows.ts')),
  }
  const folder = topFolderOf(sandboxFolder(call))
  const identity = await openIdentity(folder, new Date(systemClock.now()))
  return { ...hands, identity, journal: await openJournal(folder) }
}

async function importsOf(journal: Journal): Promise<string> {
  const places = await journal.places()
  if (places?.imports !== undefined) return places.imports
  throw new UsageError(
    say('请先在另一个终端运行 qxm sandbox', 'first, in another terminal: qxm sandbox'),
  )
}

function wrongIn({ given }: Call): Wrong | undefined {
  const text = given.text('wrong')
  if (text === undefined || Object.hasOwn(wrongs, text)) return text as Wrong | undefined
  const names = Object.keys(wrongs)
  throw new UsageError(
    say(`--wrong 须为 ${names.join('、')}`, `--wrong is one of ${names.join(', ')}`),
  )
}

function wrongHelp(): Text {
  const entries = Object.entries(wrongs)
  return say(
    `故意推错：${entries.map(([name, { zh }]) => `${name}（${zh}）`).join('；')}`,
    `wrong on purpose: ${entries.map(([name, { en }]) => `${name} (${en})`).join('; ')}`,
  )
}

function orDefault(given: readonly string[], usual: readonly string[]): readonly string[] {
  return given.length > 0 ? given : usual
}

function numberIn({ given }: Call, name: string, usual: number): number {
  const text = given.text(name)
  const number = text === undefined ? usual : Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new UsageError(say(`--${name} 须为整数`, `--${name} takes a whole number`))
}
