import { posix } from 'node:path'
import type { Zip } from '../../bytes/zip.ts'
import { sheetTooLarge } from '../sheet-failures.ts'
import { asCsv } from './as-csv.ts'
import { type NumberFormat, numberFormatOf, plainFormat } from './number-format.ts'
import { malformedXml, readWholeXml, readXml } from './read-xml.ts'
import { unescapeXlsx } from './xlsx-text.ts'

/** Texts are kept while their rows are read. */
const sharedCharsMax = 64 * 2 ** 20
/** Excel's own bound is 65 490. */
const stylesMax = 70_000

/** What a workbook says beside its rows. */
export interface Workbook {
  /** The part of the archive with the first sheet that is shown. */
  readonly sheetPart: string
  readonly is1904: boolean
  /** Texts that cells point to by number. */
  readonly texts: readonly string[]
  /** By the number of a cell's style. */
  readonly formats: readonly NumberFormat[]
}

/** @throws Failure `INPUT_INVALID` for an archive that is no workbook, `TOO_LARGE` for too much text */
export async function readWorkbook(zip: Zip): Promise<Workbook> {
  const main = (await relationsOf(zip, '')).find(({ type }) => type === 'officeDocument')?.target
  if (main === undefined || !zip.names.includes(main)) throw malformedXml()
  const { sheets, is1904 } = await readSheets(zip, main)
  const relations = await relationsOf(zip, main)
  const first = sheets.find(({ isShown }) => isShown)
  const sheetPart = relations.find(({ id }) => id === first?.relation)?.target
  if (sheetPart === undefined || !zip.names.includes(sheetPart)) throw malformedXml()
  const partOf = (type: string) => relations.find(each => each.type === type)?.target
  return {
    sheetPart,
    is1904,
    texts: await readTexts(zip, partOf('sharedStrings')),
    formats: await readFormats(zip, partOf('styles')),
  }
}

interface Relation {
  readonly id: string
  /** The last word of its type: strict workbooks name another host. */
  readonly type: string
  readonly target: string
}

/** ECMA-376 part 2, §6.5: what a part points to, from the part beside it. */
async function relationsOf(zip: Zip, part: string): Promise<readonly Relation[]> {
  const { dir, base } = posix.parse(part)
  const relationsPart = posix.join(dir, '_rels', `${base}.rels`)
  if (!zip.names.includes(relationsPart)) throw malformedXml()
  const relations: Relation[] = []
  await readWholeXml(zip.read(relationsPart), {
    open(name, attribute) {
      if (name !== 'Relationship' || attribute('TargetMode') === 'External') return
      const target = attribute('Target') ?? ''
      relations.push({
        id: attribute('Id') ?? '',
        type: attribute('Type')?.split('/').at(-1) ?? '',
        target: posix.join('/', target.startsWith('/') ? '' : dir, target).slice(1),
      })
    },
  })
  return relations
}

async function readSheets(zip: Zip, main: string) {
  const sheets: { readonly relation: string; readonly isShown: boolean }[] = []
  let is1904 = false
  await readWholeXml(zip.read(main), {
    open(name, attribute) {
      if (name === 'workbookPr') is1904 = /^(?:1|true)$/.test(attribute('date1904') ?? '')
      if (name !== 'sheet') return
      const isShown = !/hidden/i.test(attribute('state') ?? '')
      sheets.push({ relation: attribute('id') ?? '', isShown })
    },
  })
  return { sheets, is1904 }
}

async function readTexts(zip: Zip, part: string | undefined): Promise<readonly string[]> {
  const texts: string[] = []
  if (part === undefined || !zip.names.includes(part)) return texts
  const reader = makeTextReader()
  let charCount = 0
  const handler = {
    open(name: string) {
      if (name === 'si') reader.begin()
      reader.open(name)
    },
    close(name: string) {
      reader.close(name)
      if (name !== 'si') return
      const text = reader.end()
      charCount += text.length
      texts.push(text)
    },
    text: reader.text,
  }
  for await (const _ of readXml(zip.read(part), handler)) {
    if (charCount > sharedCharsMax) {
      throw sheetTooLarge(asCsv('工作簿文字过多', 'the workbook has too much text'), {
        sharedCharsMax,
      })
    }
  }
  return texts
}

/** Puts the pieces of a rich text together; how it is read aloud (`rPh`) is no part of it. */
export function makeTextReader() {
  let pieces = ''
  let isText = false
  let isPhonetic = false
  return {
    begin() {
      pieces = ''
    },
    open(name: string) {
      if (name === 't') isText = true
      if (name === 'rPh') isPhonetic = true
    },
    close(name: string) {
      if (name === 't') isText = false
      if (name === 'rPh') isPhonetic = false
    },
    text(text: string) {
      if (isText && !isPhonetic) pieces += text
    },
    end: () => unescapeXlsx(pieces),
  }
}

async function readFormats(zip: Zip, part: string | undefined): Promise<readonly NumberFormat[]> {
  const formats: NumberFormat[] = []
  if (part === undefined || !zip.names.includes(part)) return formats
  const codes = new Map<number, string>()
  let isCellStyles = false
  await readWholeXml(zip.read(part), {
    open(name, attribute) {
      if (name === 'numFmt') codes.set(Number(attribute('numFmtId')), attribute('formatCode') ?? '')
      if (name === 'cellXfs') isCellStyles = true
      if (name !== 'xf' || !isCellStyles) return
      if (formats.length === stylesMax) throw malformedXml()
      const id = Number(attribute('numFmtId') ?? 0)
      formats.push(id === 0 ? plainFormat : numberFormatOf(id, codes.get(id)))
    },
    close(name) {
      if (name === 'cellXfs') isCellStyles = false
    },
  })
  return formats
}
