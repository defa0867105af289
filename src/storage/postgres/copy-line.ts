/** A row as COPY reads it in its text format (PostgreSQL, "COPY", File Formats). @param cells of {@link copyText} or {@link copyJson} */
export function copyLine(cells: readonly (string | number)[]): string {
  return `${cells.join('\t')}\n`
}

/** A text as a cell. */
export function copyText(text: string | null): string {
  if (text === null) return '\\N'
  if (!special.test(text)) return text
  return text.replace(/[\\\t\n\r]/g, found => escapes[found] ?? found)
}

/** JSON as a cell: it has no control characters, so that a backslash is all there is to look for. */
export function copyJson(json: string | null): string {
  return json === null ? '\\N' : json.replaceAll('\\', '\\\\')
}

/** What would end a cell or a row, or begin an escape. */
const special = /[\\\t\n\r]/

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}
