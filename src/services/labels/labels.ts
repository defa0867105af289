import { setImmediate } from 'node:timers/promises'
import { makeGate } from '../../access/gate.ts'
import {
  type Labelled,
  type LabelStyle,
  labelOf,
  sizeMmDefault,
  sizeMmMax,
  sizeMmMin,
  withoutText,
} from './label.ts'
import { labelToPng } from './label-png.ts'
import { labelToSvg } from './label-svg.ts'
import { type PaperName, paperNames, printSheet, type Sheet, sheetLabelsMax } from './sheet.ts'
import { type ErrorLevel, errorLevels } from './symbol.ts'

export type LabelFormat = 'svg' | 'png'

/** Labels as images and as sheets to print, with what may be asked of them. */
export interface Labels {
  readonly levels: readonly ErrorLevel[]
  /** The edge of the symbol with its quiet zone, in millimetres. */
  readonly sizeMm: { readonly min: number; readonly max: number; readonly usual: number }
  readonly papers: readonly PaperName[]
  /** Labels on one sheet. */
  readonly sheetLabelsMax: number
  /** @throws Failure `INPUT_INVALID` where the size is too small to be scanned */
  draw(
    thing: Labelled,
    format: LabelFormat,
    style: LabelStyle & { readonly hasText: boolean },
  ): Buffer
  /**
   * A page of labels, one sheet after the other, because each takes seconds of the process's time; other work goes on
   * between its labels.
   * @throws Failure as {@link printSheet}, `OVERLOADED` where more sheets wait than anybody would wait for
   */
  print(sheet: Omit<Sheet, 'publicUrl'>): Promise<string>
}

/** A sheet takes three seconds at most: who comes after so many had better come back. */
const sheets = { atOnce: 1, waitingMax: 8 }

export function makeLabels({ publicUrl }: { readonly publicUrl: () => string }): Labels {
  const gate = makeGate(sheets)

  return {
    levels: errorLevels,
    sizeMm: { min: sizeMmMin, max: sizeMmMax, usual: sizeMmDefault },
    papers: paperNames,
    sheetLabelsMax,

    draw(thing, format, { hasText, ...style }) {
      const whole = labelOf(publicUrl(), thing, style)
      const label = hasText ? whole : withoutText(whole)
      return format === 'svg' ? Buffer.from(labelToSvg(label)) : labelToPng(label)
    },

    print: sheet => gate.run(() => piecemeal(printSheet({ ...sheet, publicUrl: publicUrl() }))),
  }
}

async function piecemeal(pieces: Iterable<string>): Promise<string> {
  const written: string[] = []
  for (const piece of pieces) {
    written.push(piece)
    await setImmediate()
  }
  return written.join('')
}
