import { createHash } from 'node:crypto'
import type { AnswerForm } from './negotiate.ts'

/** The tag of a record as its keepers read it. */
export function serialTag(serial: number): string {
  return `"${serial}"`
}

/**
 * Gives a resolver's tag what its representation adds: `.p` for Protobuf, `.l` for a link set, `.r` for an asker who sees
 * more than anyone, so that strong tags are equal only where the bytes are (RFC 9110 §8.8.3).
 */
export function answerTag(tag: string, form: AnswerForm, isRestricted: boolean): string {
  if (form === 'json' && !isRestricted) return tag
  return `${tag.slice(0, -1)}${isRestricted ? '.r' : ''}${formMarks[form]}"`
}

const formMarks = { json: '', protobuf: '.p', linkset: '.l' } as const

/** A strong tag of bytes that nothing else names. */
export function contentTag(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
}

/** Whether `If-None-Match` names the tag: weak comparison (RFC 9110 §13.1.2). */
export function isNotModified(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === tag) return true
  return ifNoneMatch.split(',').some(text => {
    const candidate = text.trim()
    return candidate === '*' || candidate === tag || candidate === `W/${tag}`
  })
}

/** The serial in a tag of a record, or of an answer, whose first number it is. Its form has been checked. */
export function serialIn(ifMatch: string | undefined): number | undefined {
  return ifMatch === undefined ? undefined : Number.parseInt(ifMatch.slice(1), 10)
}
