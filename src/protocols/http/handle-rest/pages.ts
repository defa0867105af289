import type { Value } from '../../../model/value.ts'

/** A page that says one thing about a handle, in both languages. */
export function messagePage(
  status: number,
  handle: string,
  zh: string,
  en: string,
): { status: number; html: string } {
  return {
    status,
    html: page(handle, `<p lang="zh">${escapeHtml(zh)}</p><p lang="en">${escapeHtml(en)}</p>`),
  }
}

/** What stands behind a redirect, for who does not follow it. */
export function redirectPage(url: string): string {
  return page(url, `<p><a href="${escapeHtml(url)}">${escapeHtml(url)}</a></p>`)
}

/** The public values of a handle. */
export function valuesPage(handle: string, values: readonly Value[]): string {
  const rows = values.map(({ index, type, timestamp, data }) => {
    const cells = [String(index), type, timestamp, textOf(data)]
    return `<tr>${cells.map(cell => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  const head =
    '<tr><th>序号 Index</th><th>类型 Type</th><th>时间 Timestamp</th><th>数据 Data</th></tr>'
  return page(handle, `<table>${head}${rows.join('')}</table>`)
}

function textOf(data: Value['data']): string {
  return typeof data.value === 'string' ? data.value : JSON.stringify(data.value)
}

const style =
  'body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;overflow-wrap:anywhere}'

function page(title: string, body: string): string {
  const name = escapeHtml(title)
  return (
    '<!doctype html><html lang="zh"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width">' +
    `<title>${name}</title><style>${style}</style></head><body><h1>${name}</h1>${body}</body></html>`
  )
}

/** Values are somebody else's words. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
