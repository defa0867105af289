import type { Text } from '../model/text.ts'
import { html, Markup } from '../protocols/http/pages/html.ts'
import type { Machine } from './result.ts'

/** Told apart by their dashes too, for those who see few colours or print in none. */
export const strokes = [
  { colour: '#0b57b0', dash: '' },
  { colour: '#9a1218', dash: '7 4' },
  { colour: '#0a5c2b', dash: '2 3' },
  { colour: '#6d4300', dash: '10 3 2 3' },
] as const

/** One page that needs nothing else. */
export function benchPage(title: string, body: Markup, language: keyof Text): string {
  return html`<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${new Markup(style)}</style></head>
<body><h1>${title}</h1>
${body}
</body></html>
`.text
}

export function machineLine({ processor, cores, system, node }: Machine, at: string): string {
  return `${processor}, ${cores} × · ${system} · Node ${node} · ${at}`
}

/** The first column is text, the others are numbers. */
export function pageTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Markup {
  return html`<div class="wide"><table><thead><tr>${head.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(cells => html`<tr>${cells.map(cell => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`
}

const style = `:root{color-scheme:light}body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:#1a1d21;background:#fff;max-width:68rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.faint{color:#59616a}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{border-bottom:1px solid #dde1e6;padding:.35rem .6rem;text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}
svg{width:100%;height:auto}text{font-size:12px;fill:#59616a}.grid{stroke:#dde1e6}.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.5rem 1.5rem}.key{width:2.5rem;height:.5rem;vertical-align:middle}
text.name{fill:#1a1d21}.met{color:#0a5c2b}.missed{color:#9a1218;font-weight:600}`
