import assert from 'node:assert'
import { isAscii, isUtf8 } from 'node:buffer'
import { pipeline, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32, createInflateRaw } from 'node:zlib'
import yauzl from 'yauzl'
import yazl from 'yazl'
import { Failure } from '../../model/failures.ts'
import { malformedZip, refused, rethrow, tooLarge } from './zip-failures.ts'

export interface ZipBounds {
  /** The archive as it came. */
  readonly archiveBytesMax: number
  /** What all entries together may unpack to. */
  readonly unpackedBytesMax: number
  readonly entriesMax: number
  /** How many times its packed size an entry may unpack to, beyond {@link ratioFreeBytes}. */
  readonly ratioMax: number
  /** Whether an entry may be an archive itself; without it, packed content is refused by its first bytes. */
  readonly mayNest?: boolean
}

export const zipBounds: ZipBounds = {
  archiveBytesMax: 50 * 2 ** 20,
  unpackedBytesMax: 500 * 2 ** 20,
  entriesMax: 1000,
  ratioMax: 100,
}

/** A short text of one repeated line packs to nearly nothing, and unpacks to nothing that could hurt. */
const ratioFreeBytes = 2 ** 20
const nameBytesMax = 255

export interface ZipEntry {
  readonly name: string
  /** Its content, unpacked as it is read and checked to its end; to be read once. @throws Failure */
  readonly bytes: AsyncIterable<Buffer>
}

/** An open archive. */
export interface Zip {
  /** Names of its files in the order of its directory; folders are passed over. */
  readonly names: readonly string[]
  /** The content of one of {@link names}. What is read counts against the bounds of the archive each time. */
  read(name: string): AsyncIterable<Buffer>
  close(): void
}

/**
 * The files of a zip archive one by one, in the order of its directory.
 * @throws Failure `INPUT_INVALID` naming entry and rule for what is no decent archive, `TOO_LARGE` beyond a bound
 */
export async function* readZip(
  file: Buffer | { readonly path: string },
  bounds: ZipBounds = zipBounds,
): AsyncGenerator<ZipEntry> {
  const zip = await openZip(file, bounds)
  try {
    for (const name of zip.names) yield { name, bytes: zip.read(name) }
  } finally {
    zip.close()
  }
}

/**
 * Opens an archive for reading its files in any order. Its whole directory is checked before anything is unpacked;
 * nothing that the archive says about sizes is believed.
 * @throws Failure as {@link readZip}
 */
export async function openZip(
  file: Buffer | { readonly path: string },
  bounds: ZipBounds = zipBounds,
): Promise<Zip> {
  // Names are decoded here, because by default other encodings are guessed and backslashes turned.
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false }
  const archive = await ('path' in file
    ? yauzl.openPromise(file.path, options)
    : yauzl.fromBufferPromise(file, options)
  ).catch(rethrow(undefined))
  try {
    if (archive.fileSize > bounds.archiveBytesMax) throw tooLarge(bounds, 'archiveBytesMax')
    const entries = await readDirectory(archive, bounds)
    const unpack = makeUnpack(archive, bounds)
    return {
      names: [...entries.keys()],
      read(name) {
        const entry = entries.get(name)
        assert(entry, `no entry ${name}`)
        return unpack(name, entry)
      },
      close: () => archive.close(),
    }
  } catch (error) {
    archive.close()
    throw error
  }
}

async function readDirectory(
  archive: yauzl.ZipFile,
  bounds: ZipBounds,
): Promise<Map<string, yauzl.Entry>> {
  if (archive.entryCount > bounds.entriesMax) throw tooLarge(bounds, 'entriesMax')
  const files = new Map<string, yauzl.Entry>()
  const seen = new Set<string>()
  try {
    for await (const entry of archive.eachEntry()) {
      const name = nameOf(entry)
      // As file systems see it that fold case and composed characters: one of two would take the other's place.
      const folded = name.normalize('NFC').toLowerCase().replace(/\/$/, '')
      if (seen.has(folded)) throw refused(name, 'zip.duplicate')
      seen.add(folded)
      checkKind(name, entry)
      if (name.endsWith('/')) continue
      await checkLocalName(archive, name, entry)
      files.set(name, entry)
    }
  } catch (error) {
    throw error instanceof Failure ? error : malformedZip(undefined, error)
  }
  refuseOverlaps(files)
  return files
}

/** The raw bytes: without `decodeStrings` yauzl leaves them alone, which its types do not say. */
function nameOf({ fileName, generalPurposeBitFlag }: yauzl.Entry): string {
  const raw = fileName as unknown as Buffer
  const isUnicode = (generalPurposeBitFlag & 0x800) !== 0 && isUtf8(raw)
  const name = raw.toString(isUnicode ? 'utf8' : 'latin1')
  if (!isUnicode && !isAscii(raw)) throw refused(name, 'zip.nameEncoding')
  const segments = name.replace(/\/$/, '').split('/')
  const isDecent =
    raw.length <= nameBytesMax &&
    segments.every(segment => segment !== '' && segment !== '.' && segment !== '..') &&
    !/[\\:\p{Cc}\p{Cf}\p{Cs}]/u.test(name)
  if (!isDecent) throw refused(name, 'zip.name')
  return name
}

/** Type bits of a UNIX mode, which archives keep in the upper half of the attributes. */
const modeTypes = { none: 0, folder: 0o040_000, file: 0o100_000 }

function checkKind(name: string, entry: yauzl.Entry): void {
  const type = (entry.externalFileAttributes >>> 16) & 0o170_000
  const isFolder = name.endsWith('/')
  const expected = isFolder ? modeTypes.folder : modeTypes.file
  if (type !== modeTypes.none && type !== expected) throw refused(name, 'zip.notAFile')
  if (isFolder && entry.uncompressedSize > 0) throw refused(name, 'zip.notAFile')
  if (entry.isEncrypted()) throw refused(name, 'zip.encrypted')
  if (![stored, deflated].includes(entry.compressionMethod)) throw refused(name, 'zip.method')
}

/** APPNOTE 4.4.5. */
const stored = 0
const deflated = 8

/** Programs that read from the front would see another name than those that read the directory. */
async function checkLocalName(
  archive: yauzl.ZipFile,
  name: string,
  entry: yauzl.Entry,
): Promise<void> {
  const header = await archive.readLocalFileHeaderPromise(entry).catch(rethrow(name))
  if (!header.fileName.equals(entry.fileNameRaw)) throw refused(name, 'zip.localName')
}

/** Entries that share their bytes unpack to far more than the archive holds. */
function refuseOverlaps(files: ReadonlyMap<string, yauzl.Entry>): void {
  const inOrder = [...files].sort(
    ([, a], [, b]) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader,
  )
  let end = 0
  for (const [name, { relativeOffsetOfLocalHeader: from, ...entry }] of inOrder) {
    if (from < end) throw refused(name, 'zip.overlap')
    end = from + localHeaderBytes + entry.fileNameLength + entry.compressedSize
  }
}

const localHeaderBytes = 30

function makeUnpack(archive: yauzl.ZipFile, bounds: ZipBounds) {
  let unpackedBytes = 0

  return async function* unpack(name: string, entry: yauzl.Entry): AsyncGenerator<Buffer> {
    const { compressedSize, uncompressedSize } = entry
    const enough = Math.max(ratioFreeBytes, compressedSize * bounds.ratioMax)
    const packed = await archive
      .openReadStreamPromise(entry, { decodeFileData: false })
      .catch(rethrow(name))
    let byteCount = 0
    let check = 0
    try {
      for await (const chunk of contentOf(packed, entry) as AsyncIterable<Buffer>) {
        if (byteCount === 0 && bounds.mayNest !== true) refuseNested(name, chunk)
        byteCount += chunk.length
        unpackedBytes += chunk.length
        if (byteCount > uncompressedSize) throw refused(name, 'zip.size')
        if (byteCount > enough) throw tooLarge(bounds, 'ratioMax', name)
        if (unpackedBytes > bounds.unpackedBytesMax)
          throw tooLarge(bounds, 'unpackedBytesMax', name)
        check = crc32(chunk, check)
        yield chunk
      }
    } catch (error) {
      throw isOfUnpacking(error) ? malformedZip(name, error) : error
    }
    if (byteCount !== uncompressedSize) throw refused(name, 'zip.size')
    if (check !== entry.crc32) throw refused(name, 'zip.damaged')
  }
}

function contentOf(packed: Readable, { compressionMethod }: yauzl.Entry): Readable {
  if (compressionMethod === stored) return packed
  // Its outcome is what the reader of the last stream sees.
  return pipeline(packed, createInflateRaw(), () => undefined) as unknown as Readable
}

/** zlib's errors have codes of its own; whatever else is thrown here is not about the archive. */
function isOfUnpacking(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}

/** How archives and packed files begin: zip (also empty), gzip, bzip2, xz, zstd, 7z, RAR. */
const packedBeginnings = [
  '504b0304',
  '504b0506',
  '1f8b08',
  '425a68',
  'fd377a585a00',
  '28b52ffd',
  '377abcaf271c',
  '526172211a07',
].map(hex => Buffer.from(hex, 'hex'))

function refuseNested(name: string, beginning: Buffer): void {
  const isPacked = packedBeginnings.some(each => beginning.subarray(0, each.length).equals(each))
  if (isPacked) throw refused(name, 'zip.nested')
}

export interface ZipSource {
  readonly name: string
  readonly bytes: Buffer | AsyncIterable<Buffer>
}

/**
 * An archive as it is made, file after file.
 * @param at the instant that all files are given, so that the same files make the same archive
 */
export function zipStream(sources: Iterable<ZipSource>, at: Date): Readable {
  const archive = new yazl.ZipFile()
  const output = archive.outputStream as Readable
  archive.on('error', error => output.destroy(error))
  for (const { name, bytes } of sources) {
    const options = { mtime: at, mode: 0o100_644 }
    if (Buffer.isBuffer(bytes)) archive.addBuffer(bytes, name, options)
    else
      archive.addReadStreamLazy(name, options, done => {
        const content = Readable.from(bytes, { objectMode: false })
        content.on('error', error => output.destroy(error))
        output.once('close', () => content.destroy())
        done(null, content)
      })
  }
  archive.end()
  return output
}

/** The same of what fits into memory. */
export function writeZip(sources: Iterable<ZipSource>, at: Date): Promise<Buffer> {
  return buffer(zipStream(sources, at))
}
