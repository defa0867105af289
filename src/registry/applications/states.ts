import { Failure } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'

/** Where an application for a code, or for a change of basic information, may stand. */
export const applicationStates = [
  'draft',
  'submitted',
  'reviewing',
  'returned',
  'approved',
  'rejected',
  'withdrawn',
] as const
export type ApplicationState = (typeof applicationStates)[number]

/** What may happen to it. `endorse` is the first approval where two are needed. */
export const applicationSteps = [
  'edit',
  'submit',
  'withdraw',
  'assign',
  'endorse',
  'return',
  'reject',
  'approve',
] as const
export type ApplicationStep = (typeof applicationSteps)[number]

/** The whole life of an application; what is not here is not allowed (AII/002 §5, §9). */
export const applicationMachine: Readonly<
  Record<ApplicationState, Readonly<Partial<Record<ApplicationStep, ApplicationState>>>>
> = {
  draft: { edit: 'draft', submit: 'submitted', withdraw: 'withdrawn' },
  submitted: {
    withdraw: 'withdrawn',
    assign: 'reviewing',
    endorse: 'reviewing',
    return: 'returned',
    reject: 'rejected',
    approve: 'approved',
  },
  reviewing: {
    withdraw: 'withdrawn',
    assign: 'reviewing',
    endorse: 'reviewing',
    return: 'returned',
    reject: 'rejected',
    approve: 'approved',
  },
  returned: { edit: 'returned', submit: 'submitted', withdraw: 'withdrawn' },
  approved: {},
  rejected: {},
  withdrawn: {},
}

/** @throws Failure `STATE_CONFLICT` where the state does not allow the step; its fact `state` says which it is */
export function nextState(state: ApplicationState, step: ApplicationStep): ApplicationState {
  const next = applicationMachine[state][step]
  if (next !== undefined) return next
  throw new Failure('STATE_CONFLICT', notFrom(state), { facts: { state } })
}

function notFrom(state: ApplicationState): Text {
  return say(
    `申请处于 ${state} 状态，不允许此操作`,
    `the application is ${state}; that forbids this`,
  )
}
