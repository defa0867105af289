import t from 'tap'
import {
  applicationMachine,
  applicationStates,
  applicationSteps,
  nextState,
} from '../../../src/registry/applications/states.ts'

t.test('every pair of state and step leads where the table says, or is refused', async t => {
  let refused = 0
  for (const state of applicationStates) {
    for (const step of applicationSteps) {
      const next = applicationMachine[state][step]
      if (next !== undefined) {
        t.equal(nextState(state, step), next)
        continue
      }
      refused += 1
      t.throws(() => nextState(state, step), { code: 'STATE_CONFLICT', facts: { state } })
    }
  }

  t.equal(refused, 38)
})

t.test('what is approved, rejected or withdrawn stays so', async t => {
  for (const state of ['approved', 'rejected', 'withdrawn'] as const) {
    t.strictSame(applicationMachine[state], {})
  }
})

t.test('an application is decided on only between submission and decision', async t => {
  for (const state of applicationStates) {
    const isOpen = state === 'submitted' || state === 'reviewing'
    for (const step of ['approve', 'return', 'reject', 'endorse', 'assign'] as const) {
      t.equal(step in applicationMachine[state], isOpen, `${state} ${step}`)
    }
  }
})
