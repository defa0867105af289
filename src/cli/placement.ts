import { say } from '../model/text.ts'
import type { Call, Options } from './command.ts'

/** What a reviewer says of region, industry and grade, when approving as when correcting. */
export const placementOptions = {
  region: {
    kind: 'text',
    value: 'CODE',
    help: say('更正地区（GB/T 2260）', 'corrects the region (GB/T 2260)'),
  },
  industry: {
    kind: 'text',
    value: 'CODE',
    help: say('更正行业（GB/T 4754）', 'corrects the industry (GB/T 4754)'),
  },
  grade: { kind: 'text', value: 'GRADE', help: say('评定等级', 'the grade') },
} as const satisfies Options

/** Region, industry and grade as far as they were given. */
export function placementOf({ given }: Call): Readonly<Record<string, string>> {
  const names = Object.keys(placementOptions)
  return Object.fromEntries(
    names.flatMap(name => {
      const value = given.text(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
