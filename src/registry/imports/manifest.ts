import { Failure, type FieldError } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import { tables } from '../../schemas/tables.ts'
import { type Members, membersOf, prefixesIn, readSigned } from './signed-json.ts'

/** What one batch of the top-level node is and holds, as it was signed. */
export interface Manifest {
  readonly v: 1
  /** Who sends it: `86`. */
  readonly source: string
  /** Whom it is for: our node prefix, or the prefix of our codes. */
  readonly target: string
  /** A UUID in lower case. */
  readonly batch: string
  /** From 1, without gaps, for each source. */
  readonly seq: number
  /** SHA-256 over the bytes of the manifest before, hex; null for the first. */
  readonly prev: string | null
  /** Unix seconds. */
  readonly iat: number
  /** Unix seconds; from then on it is not taken any more. */
  readonly exp: number
  /** The id of the grant that it stands on. */
  readonly authorization: string
  readonly prefixes: readonly string[]
  readonly files: readonly ManifestFile[]
}

export interface ManifestFile {
  /** `identifiers.ndjson`, `prefixes.ndjson`, or the name of a table. */
  readonly name: string
  readonly bytes: number
  readonly rows: number
  /** Over the unpacked bytes, hex. */
  readonly sha256: string
  readonly sm3: string
}

/** What unpacked files may have together: what a zip of 50 MB is allowed to become. */
const batchBytesMax = 500 * 1024 * 1024
/** A file has one line a row, and a line has two bytes at least. */
const rowsMax = batchBytesMax / 2
const nameCharactersMax = 128
/** The clocks of two nodes differ by less. */
const clockSeconds = 300
/** Unix seconds that a date still has, up to the year 9999. */
const secondsMax = 253_402_300_799

/** The parts a batch may have; the tables of the standard are named as elsewhere. */
export const batchParts: readonly string[] = ['identifiers', 'prefixes', ...Object.keys(tables)]

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const digest = /^[0-9a-f]{64}$/
/** What a chain of digests begins with where there must be something. */
const noDigest = '0'.repeat(64)

/**
 * Reads the bytes that were signed. Members that we do not know stay outside.
 * @throws Failure `INPUT_INVALID` `manifest.…`
 */
export function parseManifest(bytes: Buffer): Manifest {
  const members = readSigned(bytes, 'manifest')
  if (members.value('v') !== 1) throw members.refuse('v', 'v')
  const iat = members.integer('iat', 0, secondsMax)
  return {
    v: 1,
    source: members.text('source', nameCharactersMax),
    target: members.text('target', nameCharactersMax),
    batch: members.text('batch', nameCharactersMax, uuid).toLowerCase(),
    seq: members.integer('seq', 1, Number.MAX_SAFE_INTEGER),
    prev: prevIn(members),
    iat,
    exp: members.integer('exp', iat + 1, secondsMax),
    authorization: members.text('authorization', nameCharactersMax),
    prefixes: prefixesIn(members),
    files: filesIn(members),
  }
}

/** @param targets the prefixes under which the world knows us */
export interface ManifestContext {
  readonly targets: readonly string[]
  readonly now: Date
}

/**
 * What a manifest says about whom it is for and when. Its place in the chain, its grant and its rows are judged where
 * the batch is received.
 * @throws Failure `NOT_PERMITTED` `manifest.target`, `manifest.expired`, `manifest.notYet`
 */
export function checkManifest(
  { target, iat, exp }: Pick<Manifest, 'target' | 'iat' | 'exp'>,
  { targets, now }: ManifestContext,
): void {
  const nowSeconds = Math.floor(now.getTime() / 1000)
  if (!targets.includes(target)) {
    throw refused('target', '清单的接收方不是本节点', 'the manifest is for another node')
  }
  if (nowSeconds >= exp) {
    const ago = nowSeconds - exp
    throw refused(
      'expired',
      `清单已于 ${ago} 秒前过期`,
      `the manifest ended ${ago} seconds ago by our clock`,
    )
  }
  if (iat > nowSeconds + clockSeconds) {
    const ahead = iat - nowSeconds
    throw refused(
      'notYet',
      `清单的签发时间比本节点时钟晚 ${ahead} 秒`,
      `the manifest was issued ${ahead} seconds ahead of our clock`,
    )
  }
}

/**
 * Compares the files of a batch with what was signed about them: the same names, bytes, digests and rows.
 * @param found computed over their unpacked bytes
 * @throws Failure `INPUT_INVALID` `files.…` with a field error for each file
 */
export function compareFiles(
  { files }: Pick<Manifest, 'files'>,
  found: readonly ManifestFile[],
): void {
  const byName = new Map(found.map(file => [file.name, file]))
  const errors = files.flatMap(file => {
    const rule = ruleBroken(file, byName.get(file.name))
    return rule === undefined ? [] : [errorOf(file.name, rule)]
  })
  const known = new Set(files.map(({ name }) => name))
  const foreign = found.filter(({ name }) => !known.has(name))
  errors.push(...foreign.map(({ name }) => errorOf(name, 'unknown')))
  if (errors.length === 0) return
  const detail = say(
    '文件与清单不符，整批未读取',
    'the files are not those of the manifest; nothing of them was read',
  )
  throw new Failure('INPUT_INVALID', detail, { errors })
}

function ruleBroken(file: ManifestFile, found: ManifestFile | undefined): FileRule | undefined {
  if (found === undefined) return 'missing'
  if (found.bytes !== file.bytes) return 'bytes'
  if (found.sha256 !== file.sha256) return 'sha256'
  if (found.sm3 !== file.sm3) return 'sm3'
  return found.rows === file.rows ? undefined : 'rows'
}

const fileRules = {
  missing: say('清单中的文件缺失', 'the manifest names it and it is not there'),
  unknown: say('清单中没有此文件', 'the manifest does not name it'),
  bytes: say('字节数与清单不符', 'it has another number of bytes than the manifest says'),
  sha256: say('SHA-256 与清单不符', 'its SHA-256 is not that of the manifest'),
  sm3: say('SM3 与清单不符', 'its SM3 is not that of the manifest'),
  rows: say('行数与清单不符', 'it has another number of rows than the manifest says'),
} as const satisfies Record<string, Text>
type FileRule = keyof typeof fileRules

function errorOf(name: string, rule: FileRule): FieldError {
  return { pointer: `/files/${name}`, rule: `files.${rule}`, detail: fileRules[rule] }
}

/** The first of a chain has nothing before it, however it says so. */
function prevIn(members: Members): string | null {
  const said = members.value('prev')
  if (said === undefined || said === null || said === '' || said === noDigest) return null
  return members.text('prev', 64, digest)
}

function filesIn(members: Members): readonly ManifestFile[] {
  const list = members.list('files', 1, batchParts.length)
  const files = list.map((input, position) => {
    const file = membersOf(input, 'manifest', `/files/${position}`)
    const name = file.text('name', nameCharactersMax)
    if (!name.endsWith(ending) || !batchParts.includes(name.slice(0, -ending.length))) {
      throw file.refuse('name', 'name')
    }
    return {
      name,
      bytes: file.integer('bytes', 0, batchBytesMax),
      rows: file.integer('rows', 0, rowsMax),
      sha256: file.text('sha256', 64, digest),
      sm3: file.text('sm3', 64, digest),
    }
  })
  if (new Set(files.map(({ name }) => name)).size < files.length) {
    throw members.refuse('files', 'files')
  }
  return files
}

const ending = '.ndjson'

function refused(rule: string, zh: string, en: string): Failure {
  const detail = say(zh, en)
  const errors = [{ pointer: '/manifest', rule: `manifest.${rule}`, detail }]
  return new Failure('NOT_PERMITTED', detail, { errors })
}
