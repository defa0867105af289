import { say, type Text } from '../model/text.ts'
import type { Call } from './command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'

/** What one check found. */
export interface Finding {
  /** A short constant for machines. */
  readonly check: string
  /** `warn`: works, and should be looked at. */
  readonly level: 'ok' | 'warn' | 'bad'
  readonly text: Text
  /** What to do about it; absent where nothing need be done. */
  readonly advice?: Text
  readonly facts?: Readonly<Record<string, unknown>>
}

const marks = {
  ok: say('正常', 'ok'),
  warn: say('注意', 'look'),
  bad: say('故障', 'bad'),
} as const

/** Prints findings in their order. @returns failed when one is bad */
export async function report(call: Call, findings: readonly Finding[]): Promise<ExitCode> {
  const { language, isJson, write } = call
  await write(
    isJson
      ? json({
          findings: findings.map(({ text, advice, ...finding }) => ({
            ...finding,
            text: text[language],
            ...(advice && { advice: advice[language] }),
          })),
        })
      : table(findings.flatMap(finding => rowsOf(finding, language))),
  )
  return findings.some(({ level }) => level === 'bad') ? exitCodes.failed : exitCodes.ok
}

function rowsOf({ check, level, text, advice }: Finding, language: Call['language']): string[][] {
  const rows = [[marks[level][language], check, text[language]]]
  if (advice !== undefined) rows.push(['', '', `→ ${advice[language]}`])
  return rows
}

/** A check that cannot even be made is a finding too, and the others are made all the same. */
export async function attempt(
  check: string,
  make: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await make()].flat()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [
      { check, level: 'bad', text: say(`无法检查：${message}`, `cannot be checked: ${message}`) },
    ]
  }
}
