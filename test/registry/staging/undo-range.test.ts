import t from 'tap'
import { findNewer } from '../../../src/registry/staging/undo-range.ts'

t.test('records written since are looked for in steps, and no further than asked', async t => {
  const asked: { after: number; upTo: number }[] = []
  const rows = {
    async newerThan(_owner: string, range: { after: number; upTo: number }, limit: number) {
      asked.push(range)
      const found = Array.from({ length: 15 }, (_, at) => ({
        row: range.after + at + 1,
        identifier: `88.118.8/${range.after + at + 1}`,
      }))
      return found.slice(0, limit)
    },
  }

  const found = await findNewer(rows, 'job-1', 100_000, 20)

  t.equal(found.length, 20)
  t.strictSame(asked, [
    { after: 0, upTo: 10_000 },
    { after: 10_000, upTo: 20_000 },
  ])
})
