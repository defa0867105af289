/** A row as COPY reads it in its text format: columns between tabs, null as `\N`. */
export function copyLine(columns: readonly (string | number | null)[]): string {
  let line = ''
  let between = ''
  for (const column of columns) {
    line += between
    between = '\t'
    line += column === null ? '\\N' : typeof column === 'number' ? column : escapeText(column)
  }
  return `${line}\n`
}

/** What would end a column or a row, or begin an escape. */
const special = /[\\\t\n\r]/

function escapeText(text: string): string {
  if (!special.test(text)) return text
  return text.replace(/[\\\t\n\r]/g, found => escapes[found] ?? found)
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}
