import { createHash } from 'node:crypto'
import type { Language } from '../language.ts'
import { html, Markup, shown } from './html.ts'
import { pageStyle } from './page-style.ts'

/** What a page is about, before it gets its frame. */
export interface Page {
  readonly language: Language
  /** Also what a chat shows when the page is shared. */
  readonly title: string
  readonly summary: string
  readonly main: Markup
  /** What a page with a form adds to the head; `form-page.ts` says so in its headers. */
  readonly head?: Markup
}

/** What a phone on a slow network may be made to load. */
export const pageBytesMax = 30 * 1024

const titleCharsMax = 80
const summaryCharsMax = 160

/**
 * A whole page, complete in itself: nothing in it runs, nothing is loaded, nothing is remembered, so that it works in
 * every embedded browser and tells nobody who looked.
 */
export function writePage({ language, title, summary, main, head }: Page): Buffer {
  const shortTitle = shown(title, titleCharsMax)
  const shortSummary = shown(summary, summaryCharsMax)
  const page = html`<!doctype html>
<html lang="${languageTags[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="format-detection" content="telephone=no">
<meta name="color-scheme" content="light dark">
<meta property="og:title" content="${shortTitle}">
<meta property="og:description" content="${shortSummary}">
<title>${shortTitle}</title>
<style>${new Markup(pageStyle)}</style>${head}
</head>
<body>
${main}
</body>
</html>
`
  return Buffer.from(page.text)
}

const languageTags = { zh: 'zh-CN', en: 'en' } as const satisfies Record<Language, string>

export const pageStyleSource = `'${sourceHash(pageStyle)}'`

/** An inline style or script, as a content security policy names it. */
export function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** The headers of every page: only our own style applies, no search engine keeps it, no frame holds it. */
export function pageHeaders(language: Language): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': language,
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src ${pageStyleSource}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Referrer-Policy': 'no-referrer',
    Vary: 'Accept, Accept-Language',
    'X-Robots-Tag': 'noindex',
  }
}
