import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { type Label, type Labelled, type LabelStyle, labelOf, withoutText } from './label.ts'
import { escapeXml, labelToSvg } from './label-svg.ts'
import type { ErrorLevel } from './symbol.ts'

/** Paper as shops sell it, in millimetres. */
interface Paper {
  readonly label: { readonly width: number; readonly height: number }
  /** Labels on one page; absent: the label is the page, as on a roll. */
  readonly grid?: {
    readonly page: { readonly width: number; readonly height: number }
    readonly columns: number
    readonly rows: number
    readonly columnGap: number
  }
}

const papers = {
  '30x20': { label: { width: 30, height: 20 } },
  '40x30': { label: { width: 40, height: 30 } },
  '45x30': { label: { width: 45, height: 30 } },
  '60x40': { label: { width: 60, height: 40 } },
  '70x50': { label: { width: 70, height: 50 } },
  // 24 labels of 63.5 × 33.9 on A4, as offices buy them.
  'a4-3x8': {
    label: { width: 63.5, height: 33.9 },
    grid: { page: { width: 210, height: 297 }, columns: 3, rows: 8, columnGap: 2.5 },
  },
} as const satisfies Record<string, Paper>

export type PaperName = keyof typeof papers
export const paperNames = Object.keys(papers) as readonly PaperName[]

/** Labels of one sheet: each is drawn and read again, a few milliseconds of the process's time. */
export const sheetLabelsMax = 1_000

export interface Sheet {
  readonly publicUrl: string
  readonly paper: PaperName
  readonly level: ErrorLevel
  readonly things: readonly Labelled[]
  /** Labels of each thing, one behind the other. */
  readonly copies: number
}

/**
 * Labels as a page that a browser prints at its size, in pieces, so that other work gets its turn between them. Sheets
 * of several labels have marks to cut along.
 * @throws Failure `TOO_LARGE` for more than {@link sheetLabelsMax} labels, `INPUT_INVALID` naming what does not fit
 */
export function* printSheet({
  publicUrl,
  paper: name,
  level,
  things,
  copies,
}: Sheet): Generator<string> {
  const count = things.length * copies
  if (count > sheetLabelsMax) throw tooMany()
  const paper: Paper = papers[name]
  const perPage = labelsPerPage(paper)
  const style = { sizeMm: symbolMm(paper), level }
  yield head(paper)
  let place = 0
  for (const [at, thing] of things.entries()) {
    const figure = figureOf(fit(publicUrl, thing, style, at))
    for (let copy = 0; copy < copies; copy++) {
      if (place % perPage === 0) yield `<section>${paper.grid === undefined ? '' : cutMarks(paper)}`
      yield figure
      place++
      if (place % perPage === 0 || place === count) yield '</section>\n'
    }
  }
  yield '</body></html>\n'
}

function figureOf(label: Label): string {
  const code = label.code === undefined ? '' : `<b>${label.code.replaceAll('-', '-<br>')}</b>`
  // An identifier is best broken where its parts end.
  const caption = `<span>${escapeXml(label.caption).replaceAll('/', '/<wbr>')}</span>`
  return `<figure>${labelToSvg(withoutText(label))}<figcaption>${code}${caption}</figcaption></figure>\n`
}

/** What does not fit the paper is told by its place among what was asked for. */
function fit(publicUrl: string, thing: Labelled, style: LabelStyle, at: number): Label {
  try {
    return labelOf(publicUrl, thing, style)
  } catch (error) {
    const [problem] = error instanceof Failure ? error.errors : []
    if (problem === undefined) throw error
    throw invalid(`/identifiers/${at}`, problem.rule, problem.detail)
  }
}

/** The white edge between label, symbol and text. The symbol brings its quiet zone beside it. */
const paddingMm = 1
/** The symbol's share of the width at most: the rest is for reading. */
const symbolShare = 0.6

function symbolMm({ label: { width, height } }: Paper): number {
  return Math.min(height - 2 * paddingMm, width * symbolShare)
}

function labelsPerPage({ grid }: Paper): number {
  return grid === undefined ? 1 : grid.columns * grid.rows
}

function tooMany(): Failure {
  return new Failure(
    'TOO_LARGE',
    say(`一次最多 ${sheetLabelsMax} 个标签`, `a sheet has at most ${sheetLabelsMax} labels`),
  )
}

/** Five symbols and a hyphen fill a line of the code, six characters a line of the name; letters above 5 mm shout. */
const codeColumns = 6 * 0.62
const nameColumns = 6
const letterMmMax = 5

function head(paper: Paper): string {
  const { label, grid } = paper
  const page = grid?.page ?? label
  const textMm = label.width - symbolMm(paper) - 3 * paddingMm
  const codeMm = Math.min(letterMmMax, textMm / codeColumns)
  const nameMm = Math.min(codeMm, textMm / nameColumns)
  const margins = marginsOf(paper)
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>QR</title>
<style>
@page{size:${page.width}mm ${page.height}mm;margin:0}
*{box-sizing:border-box;margin:0;padding:0}
body{background:#fff;color:#000}
section{position:relative;width:${page.width}mm;height:${page.height}mm;overflow:hidden;break-after:page;padding:${mm(margins.top)} ${mm(margins.left)};display:grid;grid-template-columns:repeat(${grid?.columns ?? 1},${label.width}mm);grid-auto-rows:${label.height}mm;column-gap:${grid?.columnGap ?? 0}mm}
section:last-of-type{break-after:auto}
figure{display:flex;align-items:center;gap:${paddingMm}mm;padding:${paddingMm}mm;overflow:hidden;break-inside:avoid}
figure svg{flex:none}
figcaption{min-width:0;max-height:100%;overflow:hidden;font-family:sans-serif}
b{display:block;font:bold ${mm(codeMm)}/1.15 monospace}
span{display:block;margin-top:${paddingMm}mm;font-size:${mm(nameMm)};line-height:1.2;overflow-wrap:anywhere}
.cut{position:absolute;inset:0}
</style></head><body>
`
}

/** Marks in the page's margins at every edge of a label, so that a ruler finds it. */
const cutMarkMm = 4

function cutMarks(paper: Paper): string {
  const { label, grid } = paper
  if (grid === undefined) return ''
  const { page, columns, rows, columnGap } = grid
  const { left, top } = marginsOf(paper)
  const marks: string[] = []
  for (let column = 0; column < columns; column++) {
    const x = left + column * (label.width + columnGap)
    for (const edge of [x, x + label.width]) {
      marks.push(`M${tidy(edge)} ${tidy(top - 1)}v-${cutMarkMm}`)
      marks.push(`M${tidy(edge)} ${tidy(page.height - top + 1)}v${cutMarkMm}`)
    }
  }
  for (let row = 0; row <= rows; row++) {
    const y = tidy(top + row * label.height)
    marks.push(`M${tidy(left - 1)} ${y}h-${cutMarkMm}`)
    marks.push(`M${tidy(page.width - left + 1)} ${y}h${cutMarkMm}`)
  }
  return `<svg class="cut" viewBox="0 0 ${page.width} ${page.height}" aria-hidden="true"><path fill="none" stroke="#000" stroke-width=".1" d="${marks.join('')}"/></svg>`
}

/** The labels stand in the middle of their page. */
function marginsOf({ label, grid }: Paper): { readonly left: number; readonly top: number } {
  if (grid === undefined) return { left: 0, top: 0 }
  const { page, columns, rows, columnGap } = grid
  const width = columns * label.width + (columns - 1) * columnGap
  return { left: (page.width - width) / 2, top: (page.height - rows * label.height) / 2 }
}

function mm(number: number): string {
  return `${tidy(number)}mm`
}

function tidy(number: number): number {
  return Math.round(number * 100) / 100
}
