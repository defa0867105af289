import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of this program, as its package.json says. */
export function versionOf(packageFolder: string): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(packageFolder, 'package.json'), 'utf8'),
  )
  return manifest.version
}
