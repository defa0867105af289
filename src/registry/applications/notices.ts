import type { NoticeTopic } from './parts.ts'

/** Something that waits for the asker, or that it should know. */
export interface Notice {
  readonly id: string
  /** RFC 3339. */
  readonly at: string
  readonly topic: NoticeTopic
  /** `application:<id>`, `mandate:<id>`, or a code. */
  readonly about: string
  readonly name: string
  /** Until when it should be done; null: it only informs. */
  readonly dueAt: string | null
}

/** When what only informs is shown no longer: a month on, whoever looks at notices at all has seen it. */
export function informUntil(at: Date): Date {
  return new Date(at.getTime() + 30 * 86_400_000)
}
