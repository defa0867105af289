import {
  codeLabel,
  type LabelStyle,
  sizeMmDefault,
  sizeMmMax,
  sizeMmMin,
  withoutText,
} from './label.ts'
import { labelToPng } from './label-png.ts'
import { labelToSvg } from './label-svg.ts'
import { type ErrorLevel, errorLevels } from './symbol.ts'

export type LabelFormat = 'svg' | 'png'

/** Labels of enterprise codes as images, with what may be asked of them. */
export interface CodeLabels {
  readonly levels: readonly ErrorLevel[]
  /** The edge of the symbol with its quiet zone, in millimetres. */
  readonly sizeMm: { readonly min: number; readonly max: number; readonly usual: number }
  /**
   * @param subject the code as a whole identifier, and the name below it
   * @throws Failure `INPUT_INVALID` where the size is too small to be scanned
   */
  draw(
    subject: { readonly code: string; readonly name: string },
    format: LabelFormat,
    style: LabelStyle & { readonly hasText: boolean },
  ): Buffer
}

export function makeCodeLabels({ publicUrl }: { readonly publicUrl: () => string }): CodeLabels {
  return {
    levels: errorLevels,
    sizeMm: { min: sizeMmMin, max: sizeMmMax, usual: sizeMmDefault },

    draw(subject, format, { hasText, ...style }) {
      const whole = codeLabel(publicUrl(), subject, style)
      const label = hasText ? whole : withoutText(whole)
      return format === 'svg' ? Buffer.from(labelToSvg(label)) : labelToPng(label)
    },
  }
}
