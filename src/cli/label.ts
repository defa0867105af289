import { readFile, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { say } from '../model/text.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import type { NodeClient } from './node-client.ts'
import { json } from './print.ts'

const formats = ['svg', 'png', 'sheet'] as const
type Format = (typeof formats)[number]

/** Labels in one file, as large as the node prints them. */
export const label: Command = {
  name: 'label',
  summary: say(
    '为企信码或其他标识打印二维码标签',
    'print the QR label of a code or any other identifier',
  ),
  arguments: [{ name: 'identifier', isOptional: true }],
  options: {
    svg: { kind: 'flag', help: say('单个标签，矢量图', 'one label, as vectors') },
    png: { kind: 'flag', help: say('单个标签，位图', 'one label, as pixels') },
    sheet: {
      kind: 'flag',
      help: say('可打印的网页，一页一签或 A4', 'a page to be printed, on a roll or on A4'),
    },
    mm: {
      kind: 'text',
      value: 'SIZE',
      help: say(
        '毫米：单个标签的边长，如 30；整页的纸型，如 30x20、a4-3x8',
        'millimetres: the edge of one label, as 30; the paper of a sheet, as 30x20 or a4-3x8',
      ),
    },
    level: {
      kind: 'text',
      value: 'L|M|Q|H',
      help: say(
        '纠错等级，默认 M；脏污之处用 Q',
        'error correction, M by default; Q for dirty places',
      ),
    },
    count: {
      kind: 'text',
      value: 'N',
      help: say('每个标识打印几份', 'labels of each identifier'),
    },
    list: {
      kind: 'text',
      value: 'FILE',
      help: say('每行一个标识的文件', 'a file with one identifier on each line'),
    },
    out: {
      kind: 'text',
      value: 'FILE',
      short: 'o',
      help: say('写入此文件；后缀也决定格式', 'where to write; its suffix says the format, too'),
    },
    ...nodeOptions,
  },
  async run(call) {
    const identifiers = await identifiersOf(call)
    const format = formatOf(call, identifiers.length)
    const bytes = await withNode(call, node =>
      format === 'sheet' ? sheet(call, node, identifiers) : image(call, node, identifiers, format),
    )
    return deliver(call, bytes)
  },
}

async function identifiersOf({ given, arguments: words }: Call): Promise<readonly string[]> {
  const file = given.text('list')
  const listed = file === undefined ? '' : await readFile(file, 'utf8').catch(cause => cause)
  if (listed instanceof Error) {
    throw new UsageError(
      say(`无法读取 ${file}：${listed.message}`, `cannot read ${file}: ${listed.message}`),
    )
  }
  const lines = String(listed).split(/\r?\n/)
  const identifiers = [...words, ...lines.map(line => line.trim()).filter(Boolean)]
  if (identifiers.length > 0) return identifiers
  throw new UsageError(say('需要一个标识，或 --list', 'an identifier or --list is needed'))
}

/** Said by an option, else by the file's name; several labels are a sheet. */
function formatOf({ given }: Call, count: number): Format {
  const asked = formats.filter(format => given.has(format))
  if (asked.length > 1) {
    throw new UsageError(
      say('--svg、--png、--sheet 只能选一', 'only one of --svg, --png and --sheet'),
    )
  }
  const suffix = extname(given.text('out') ?? '').toLowerCase()
  const bySuffix = ({ '.png': 'png', '.svg': 'svg', '.html': 'sheet' } as const)[suffix]
  const isMany = count > 1 || given.has('count')
  const format = asked[0] ?? bySuffix ?? (isMany ? 'sheet' : 'svg')
  if (format !== 'png' || given.has('out')) return format
  throw new UsageError(say('位图需要 -o', 'pixels need -o'))
}

function image(
  { given }: Call,
  node: NodeClient,
  [identifier, ...others]: readonly string[],
  format: 'svg' | 'png',
): Promise<Buffer> {
  if (others.length > 0 || given.has('count')) {
    throw new UsageError(say('多个标签须用 --sheet', 'several labels need --sheet'))
  }
  const query = { identifier, size: given.text('mm'), level: given.text('level') }
  return node.download('GET', `/v1/labels/qr.${format}`, { query })
}

function sheet({ given }: Call, node: NodeClient, identifiers: readonly string[]): Promise<Buffer> {
  const level = given.text('level')
  const count = given.text('count')
  const paper = given.text('mm') ?? '30x20'
  return node.download('POST', '/v1/labels', {
    headers: { Accept: 'text/html, application/problem+json' },
    body: {
      identifiers,
      paper: paper === 'a4' ? 'a4-3x8' : paper,
      ...(level === undefined ? {} : { level }),
      ...(count === undefined ? {} : { copies: Number(count) }),
    },
  })
}

async function deliver({ given, isJson, write, language }: Call, bytes: Buffer) {
  const file = given.text('out')
  if (file === undefined) {
    await write(bytes.toString())
    return exitCodes.ok
  }
  await writeFile(file, bytes)
  const written = say(`已写入 ${file}`, `wrote ${file}`)[language]
  await write(isJson ? json({ file, bytes: bytes.length }) : `${written}\n`)
  return exitCodes.ok
}
