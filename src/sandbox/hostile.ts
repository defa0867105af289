/**
 * How the top-level node of the sandbox misbehaves when it is told to: answers late, answers with errors or breaks off,
 * says things twice, out of order, or not as they are.
 */
export const hostileMoods = ['delay', 'error', 'repeat', 'shuffle', 'lie'] as const
export type HostileMood = (typeof hostileMoods)[number]
export type Mood = HostileMood | 'honest'

/** How it answers this question now. */
export type MoodFor = (question: string) => Mood

/** Questions that it remembers having been asked. */
const questionsMax = 10_000

/**
 * Each question is answered in every one of the moods first, one after the other, and then honestly, again and again: so
 * whoever goes on asking gets the truth, and a test knows what comes when.
 */
export function makeMoods(moods: readonly HostileMood[]): MoodFor {
  const turns: readonly Mood[] = [...moods, 'honest']
  const askedCounts = new Map<string, number>()

  return question => {
    const askedCount = askedCounts.get(question) ?? 0
    if (askedCounts.size >= questionsMax) askedCounts.clear()
    askedCounts.set(question, askedCount + 1)
    return turns[askedCount % turns.length] ?? 'honest'
  }
}
