import fc from 'fast-check'
import t from 'tap'
import { OpenConnections } from '../../src/protocols/open-connections.ts'

t.test('whatever comes and goes, what is listed is what is open', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 200 }), steps => {
      const list = new OpenConnections<{ place: number; id: number }>()
      const open: { place: number; id: number }[] = []
      for (const [id, step] of steps.entries()) {
        // Half of the steps open one, the others close one that is open.
        const [left] = step % 2 === 0 ? [] : open.splice(step % Math.max(1, open.length), 1)
        if (left !== undefined) {
          list.remove(left)
          continue
        }
        const come = { place: -1, id }
        open.push(come)
        list.add(come)
      }
      const listed = [...list].sort((a, b) => a.id - b.id)
      return list.count === open.length && listed.every((each, at) => each === open[at])
    }),
    { numRuns: 200, seed: 20_261_123 },
  )
})
