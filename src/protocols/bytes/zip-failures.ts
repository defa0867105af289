import { Failure, invalid } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'

const rules = {
  'zip.malformed': say('不是完整的 ZIP 文件', 'it is no whole zip archive'),
  'zip.name': say(
    '文件名须为相对路径，不含 ..、反斜杠或控制字符',
    'names are relative paths without .., backslashes and control characters',
  ),
  'zip.nameEncoding': say('文件名须为 UTF-8 编码', 'names are in UTF-8'),
  'zip.duplicate': say('文件名重复', 'a name is there twice'),
  'zip.localName': say('目录与文件头中的文件名不一致', 'directory and file have different names'),
  'zip.overlap': say('两个文件共用同一段数据', 'two files share the same bytes'),
  'zip.notAFile': say('只能含普通文件', 'only regular files'),
  'zip.encrypted': say('不接受加密的文件', 'files are not encrypted'),
  'zip.method': say('只接受存储或 deflate 压缩', 'files are stored or deflated'),
  'zip.nested': say('不得再含压缩文件', 'no archives within the archive'),
  'zip.size': say('声明的大小与内容不符', 'the announced size is not that of the content'),
  'zip.damaged': say('校验和不符，文件已损坏', 'damaged: the checksum is another'),
} as const satisfies Record<string, Text>

/** Longer names are cut where they are shown. */
const nameCharsShown = 255

type ZipRule = keyof typeof rules

/** An archive that is refused for one of its entries. */
export function refused(name: string, rule: ZipRule): Failure {
  const { zh, en } = rules[rule]
  const shown = JSON.stringify(name.slice(0, nameCharsShown))
  const pointer = `/${name.slice(0, nameCharsShown).replaceAll('~', '~0').replaceAll('/', '~1')}`
  return invalid(pointer, rule, say(`压缩包中的 ${shown}：${zh}`, `${shown} in the archive: ${en}`))
}

export function malformedZip(name: string | undefined, cause: unknown): Failure {
  const { detail, errors } =
    name === undefined
      ? invalid('', 'zip.malformed', rules['zip.malformed'])
      : refused(name, 'zip.malformed')
  return new Failure('INPUT_INVALID', detail, { errors, cause })
}

/** What yauzl finds wrong is said of the archive; what the file system has against it is our own trouble. */
export function rethrow(name: string | undefined): (error: unknown) => never {
  return error => {
    throw error instanceof Error && 'syscall' in error ? error : malformedZip(name, error)
  }
}

const boundTexts = {
  archiveBytesMax: (max: number) =>
    say(`压缩包超过 ${max} 字节`, `the archive has more than ${max} bytes`),
  unpackedBytesMax: (max: number) =>
    say(`解压后超过 ${max} 字节`, `it unpacks to more than ${max} bytes`),
  entriesMax: (max: number) => say(`文件多于 ${max} 个`, `it holds more than ${max} files`),
  ratioMax: (max: number) =>
    say(`压缩比超过 ${max}`, `it unpacks to more than ${max} times its size`),
}

/** An archive beyond a bound. */
export function tooLarge<Bound extends keyof typeof boundTexts>(
  bounds: Readonly<Record<Bound, number>>,
  bound: Bound,
  name?: string,
): Failure {
  const max = bounds[bound]
  const { zh, en } = boundTexts[bound](max)
  const shown = name === undefined ? undefined : JSON.stringify(name)
  return new Failure(
    'TOO_LARGE',
    shown === undefined ? say(zh, en) : say(`压缩包中的 ${shown}：${zh}`, `${shown}: ${en}`),
    { facts: { [bound]: max } },
  )
}
