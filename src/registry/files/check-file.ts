import type { FileRule } from './file-rules.ts'
import { checkJpeg } from './jpeg-checks.ts'
import { type FileKind, kindByContent } from './kind-by-content.ts'
import { checkPng } from './png-checks.ts'

/** What the bytes are, or the rule that they break. */
export type Verdict = { readonly kind: FileKind } | { readonly rule: FileRule }

/** Everything about a file that can be told from its bytes. */
export async function checkFile(bytes: Buffer): Promise<Verdict> {
  if (bytes.length === 0) return { rule: 'file.empty' }
  const kind = kindByContent(bytes)
  if (kind === undefined) return { rule: 'file.kind' }
  const rule = await brokenRule(kind, bytes)
  return rule === undefined ? { kind } : { rule }
}

async function brokenRule(kind: FileKind, bytes: Buffer): Promise<FileRule | undefined> {
  switch (kind) {
    case 'png':
      return checkPng(bytes)
    case 'jpeg':
      return checkJpeg(bytes)
    case 'pdf': {
      // Only where it is needed: the parser takes longer to load than most files to check.
      const { checkPdf } = await import('./pdf-checks.ts')
      return checkPdf(bytes)
    }
  }
}
