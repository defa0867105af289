import { inflateSync } from 'node:zlib'
import {
  PDFArray,
  PDFDict,
  PDFName,
  type PDFObject,
  PDFParser,
  PDFRawStream,
  type PDFRef,
} from '@cantoo/pdf-lib'
import type { FileRule } from './file-rules.ts'

/** Objects with everything in them; a scan of twenty pages has hundreds, a long typeset text tens of thousands. */
const nodesMax = 500_000
/** What all packed lists of objects may unpack to; pages and pictures are never unpacked here. */
const unpackedBytesMax = 32 * 1024 * 1024
/** ISO 32000-2 §7.5.5: the end mark stands in the last bytes. */
const endMark = '%%EOF'

/** What no document that a person looks at needs, by the name it has as a key of a dictionary. */
const refusedKeys: ReadonlyMap<string, FileRule> = new Map([
  ['JS', 'pdf.script'],
  ['JavaScript', 'pdf.script'],
  ['AA', 'pdf.action'],
  ['EF', 'pdf.embedded'],
  ['EmbeddedFiles', 'pdf.embedded'],
  ['RichMediaContent', 'pdf.embedded'],
  ['RichMediaSettings', 'pdf.embedded'],
  ['Collection', 'pdf.embedded'],
  ['XFA', 'pdf.form'],
  ['Encrypt', 'pdf.encrypted'],
])

/** The same, by what an object says it is (`Type`, `Subtype`, `S`). */
const refusedNames: ReadonlyMap<string, FileRule> = new Map([
  ['JavaScript', 'pdf.script'],
  ['Launch', 'pdf.action'],
  ['SubmitForm', 'pdf.action'],
  ['ImportData', 'pdf.action'],
  ['GoToR', 'pdf.action'],
  ['GoToE', 'pdf.action'],
  ['Rendition', 'pdf.action'],
  ['RichMediaExecute', 'pdf.action'],
  ['EmbeddedFile', 'pdf.embedded'],
  ['FileAttachment', 'pdf.embedded'],
  ['RichMedia', 'pdf.embedded'],
])
const namingKeys: readonly string[] = ['Type', 'Subtype', 'S']

/**
 * Names that are refused wherever their bytes stand: a reader that follows offsets may find an object where one that
 * reads from the front sees the inside of something else. Each is too long to stand in a picture by chance.
 */
const refusedAnywhere: readonly (readonly [name: string, rule: FileRule])[] = [
  ['Encrypt', 'pdf.encrypted'],
  ['JavaScript', 'pdf.script'],
  ['Launch', 'pdf.action'],
  ['SubmitForm', 'pdf.action'],
  ['ImportData', 'pdf.action'],
  ['EmbeddedFile', 'pdf.embedded'],
  ['RichMedia', 'pdf.embedded'],
]

/**
 * Reads every object of a PDF, also those of former revisions and of packed lists, and shows none. It knows no deadline:
 * run it where it can be stopped.
 * @param bytes that begin with `%PDF-`
 * @returns the rule it breaks
 */
export async function checkPdf(bytes: Buffer): Promise<FileRule | undefined> {
  const text = bytes.toString('latin1')
  const end = text.lastIndexOf(endMark)
  if (end < 0 || !text.includes('startxref')) return 'file.damaged'
  if (/[^\0\t\n\f\r ]/.test(text.slice(end + endMark.length))) return 'file.trailing'
  const plain = withoutEscapes(text)
  const refused = refusedAnywhere.find(([name]) => plain.includes(`/${name}`))
  if (refused !== undefined) return refused[1]

  const search = new Search(bytes)
  try {
    await search.parseDocument()
  } catch (error) {
    // The parser makes an error of its own of ours.
    return search.broken ?? (error instanceof RuleBroken ? error.rule : 'file.damaged')
  }
  // A list that was not read as one lies where only other readers look.
  const isAllRead = plain.split('/ObjStm').length - 1 <= search.listCount
  return search.pageCount > 0 && isAllRead ? undefined : 'file.damaged'
}

/** ISO 32000-2 §7.3.5: any byte of a name may be written as `#` and two hexadecimal digits. */
function withoutEscapes(text: string): string {
  return text.replace(/#([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

class RuleBroken extends Error {
  readonly rule: FileRule

  constructor(rule: FileRule) {
    super(rule)
    this.rule = rule
  }
}

/** The parser, seeing each object as it is read: a later one of the same number would take its place. */
class Search extends PDFParser {
  broken: FileRule | undefined
  pageCount = 0
  /** Packed lists of objects. */
  listCount = 0
  #nodeCount = 0
  #unpackedBytes = 0

  constructor(bytes: Buffer) {
    // In one go, and what cannot be parsed is not passed over.
    super(bytes, Number.POSITIVE_INFINITY, true)
    const { context } = this
    const assign = context.assign.bind(context)
    context.assign = (ref, object) => {
      this.#look(object)
      assign(ref, object)
    }
  }

  /** Before the parser unpacks what it has no bound for. */
  override parseObject(ref?: PDFRef): PDFObject {
    const object = super.parseObject(ref)
    if (object instanceof PDFRawStream) this.#measure(object)
    return object
  }

  #measure({ dict, contents }: PDFRawStream): void {
    const type = nameOf(dict.lookup(PDFName.of('Type')))
    if (type !== 'ObjStm' && type !== 'XRef') return
    if (type === 'ObjStm') this.listCount += 1
    const filters = filtersOf(dict)
    if (filters.length === 0) return
    // Whoever chains filters, or predicts bytes of a list of objects, has something to hide.
    const parameters = dict.lookup(PDFName.of('DecodeParms'))
    const isPlain = type === 'XRef' || parameters === undefined
    if (!isPlain || filters.length > 1 || filters[0] !== 'FlateDecode')
      this.#refuse('file.tooComplex')
    this.#unpackedBytes += this.#inflatedBytes(contents)
  }

  #inflatedBytes(contents: Uint8Array): number {
    const maxOutputLength = unpackedBytesMax - this.#unpackedBytes + 1
    try {
      return inflateSync(contents, { maxOutputLength }).length
    } catch (error) {
      const isTooLarge =
        error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      return this.#refuse(isTooLarge ? 'file.tooComplex' : 'file.damaged')
    }
  }

  /** With a stack of its own, so that depth costs no calls. */
  #look(root: PDFObject): void {
    const stack: PDFObject[] = [root]
    for (let object = stack.pop(); object !== undefined; object = stack.pop()) {
      if (++this.#nodeCount > nodesMax) this.#refuse('file.tooComplex')
      if (object instanceof PDFArray) for (const each of object.asArray()) stack.push(each)
      else if (object instanceof PDFRawStream) stack.push(object.dict)
      else if (object instanceof PDFDict) {
        this.#lookAtEntries(object)
        stack.push(...object.values())
      }
    }
  }

  #lookAtEntries(dict: PDFDict): void {
    for (const [key, value] of dict.entries()) {
      const name = key.decodeText()
      const rule = refusedKeys.get(name)
      if (rule !== undefined) this.#refuse(rule)
      const said = namingKeys.includes(name) ? nameOf(value) : undefined
      const saidRule = said === undefined ? undefined : refusedNames.get(said)
      if (saidRule !== undefined) this.#refuse(saidRule)
      if (name === 'Type' && said === 'Page') this.pageCount += 1
    }
  }

  #refuse(rule: FileRule): never {
    this.broken ??= rule
    throw new RuleBroken(rule)
  }
}

function filtersOf(dict: PDFDict): readonly (string | undefined)[] {
  const filter = dict.lookup(PDFName.of('Filter'))
  if (filter === undefined) return []
  return filter instanceof PDFArray
    ? filter.asArray().map((_, position) => nameOf(filter.lookup(position)))
    : [nameOf(filter)]
}

function nameOf(object: PDFObject | undefined): string | undefined {
  return object instanceof PDFName ? object.decodeText() : undefined
}
