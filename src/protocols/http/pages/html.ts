/** Markup that may be put into a page as it is: from {@link html} or a constant of ours, never from a value. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** What it weighs on the wire. */
  get bytes(): number {
    return Buffer.byteLength(this.text)
  }
}

export type Part = string | number | Markup | readonly Markup[] | undefined

/**
 * Markup from a template; every text put into it is escaped, between tags and in quoted attributes alike. Controls and
 * marks that turn the direction of reading are shown as what they are, unreadable.
 */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = template[0] ?? ''
  for (const [place, part] of parts.entries()) text += markupOf(part) + (template[place + 1] ?? '')
  return new Markup(text)
}

function markupOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return escapeHtml(String(part))
}

function escapeHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\p{Cf}]/gu, '\ufffd')
    .replace(/[&<>"'`]/g, symbol => `&#${symbol.charCodeAt(0)};`)
}

/** Somebody's text as one line of a page, cut where it is too long. */
export function shown(text: string, charsMax: number): string {
  // No character is more than two units; what is cut off here could not be shown.
  const line = text
    .slice(0, charsMax * 2 + blanksMax)
    .replace(/\s+/gu, ' ')
    .trim()
  const characters = [...line]
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join('')}…`
}

/** Blanks that are dropped or joined in a line; more than these cut it short. */
const blanksMax = 1_000

/** As many of the items as fit, in order. */
export function within(items: readonly Markup[], bytesMax: number): readonly Markup[] {
  let bytes = 0
  const fitting = items.findIndex(item => {
    bytes += item.bytes
    return bytes > bytesMax
  })
  return fitting === -1 ? items : items.slice(0, fitting)
}
