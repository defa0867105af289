import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'

/** The project's own folder: the tests are run from it, built or not. */
export const root = process.cwd()

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

export function exists(file: string): boolean {
  return existsSync(path.join(root, file))
}

/**
 * Every file of a folder of the project and of its folders, as paths from the root with `/`, sorted; none where it is
 * missing.
 * @param apart names of files and folders that are passed over
 */
export function filesIn(
  folder: string,
  isWanted: (file: string) => boolean,
  apart: readonly string[] = [],
): string[] {
  if (!exists(folder)) return []
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true })
  const files = entries.flatMap(entry => {
    const file = path.posix.join(folder, entry.name)
    if (apart.includes(entry.name)) return []
    if (entry.isDirectory()) return filesIn(file, isWanted, apart)
    return isWanted(file) ? [file] : []
  })
  return files.sort()
}

/** The text between `<!-- name -->` and `<!-- /name -->` of a document. */
export function markedPart(document: string, name: string): string {
  return splitAtMarks(document, name)[1]
}

/**
 * A file, or the marked part of one, is what a table in the code says. With QXM_UPDATE_DOCS=1 it is written instead.
 */
export function followsTable(t: Test, file: string, expected: string, mark?: string): void {
  const whole = exists(file) ? read(file) : ''
  const found = mark === undefined ? whole : markedPart(whole, mark)
  if (process.env['QXM_UPDATE_DOCS'] === '1' && found !== expected) {
    writeFileSync(path.join(root, file), mark === undefined ? expected : replace(whole, mark))
    t.comment(`${file} is written anew`)
    return
  }
  t.equal(found, expected, `${file} follows its table: QXM_UPDATE_DOCS=1 npm test writes it anew`)

  function replace(document: string, name: string): string {
    const [before, , after] = splitAtMarks(document, name)
    return before + expected + after
  }
}

function splitAtMarks(document: string, name: string): [string, string, string] {
  const start = document.indexOf(`<!-- ${name} -->\n`)
  const end = document.indexOf(`<!-- /${name} -->`)
  if (start < 0 || end < start) throw new Error(`the document has no part between marks "${name}"`)
  const from = start + `<!-- ${name} -->\n`.length
  return [document.slice(0, from), document.slice(from, end), document.slice(end)]
}
