import t from 'tap'
import { makeMoods } from '../../src/sandbox/hostile.ts'

t.test('each question is answered in every mood, then honestly, and again', async t => {
  const mood = makeMoods(['delay', 'lie'])

  t.strictSame(
    ['a', 'a', 'b', 'a', 'a', 'b'].map(question => mood(question)),
    ['delay', 'lie', 'delay', 'honest', 'delay', 'lie'],
  )
})

t.test('who has no moods is always honest', async t => {
  const mood = makeMoods([])

  t.strictSame(['a', 'a', 'b'].map(mood), ['honest', 'honest', 'honest'])
})
