import type { HandleDesk } from '../desk.ts'
import { makeProver, type Prover } from '../identity/prove.ts'
import { opCodes } from '../op-codes.ts'
import type { HandleParts } from '../parts.ts'
import { type AskHandle, makeAskHandle } from '../question.ts'
import type { Operation } from '../request.ts'
import { makeLoginOperation, makePasswordLoginOperation, makeVerifyOperation } from './login.ts'
import {
  makeHomeOperation,
  makeListHomedOperation,
  makeListOperation,
  makeUnhomeOperation,
} from './prefixes.ts'
import { makeResolveOperation } from './resolve.ts'
import { makeSiteInfoOperation } from './site-info.ts'
import {
  makeAddOperation,
  makeCreateOperation,
  makeDeleteOperation,
  makeModifyOperation,
  makeRemoveOperation,
} from './values.ts'

export interface Operations {
  /** By operation code; the answer to a challenge (200) is `authentication.ts`'s. */
  readonly byCode: ReadonlyMap<number, Operation>
  readonly ask: AskHandle
  readonly prover: Prover
}

/** What we do, one line an operation. Sessions (400–402) and replication (1000–1003) are not among it. */
export function makeOperations(parts: HandleParts, desk: HandleDesk): Operations {
  const prover = makeProver(parts, desk.records)
  const ask = makeAskHandle(parts, desk)
  const byCode = new Map<number, Operation>([
    [opCodes.RESOLUTION, makeResolveOperation(parts, ask)],
    [opCodes.GET_SITEINFO, makeSiteInfoOperation(parts)],
    [opCodes.CREATE_HANDLE, makeCreateOperation(desk)],
    [opCodes.DELETE_HANDLE, makeDeleteOperation(desk)],
    [opCodes.ADD_VALUE, makeAddOperation(desk)],
    [opCodes.REMOVE_VALUE, makeRemoveOperation(desk)],
    [opCodes.MODIFY_VALUE, makeModifyOperation(desk)],
    [opCodes.LIST_HANDLE, makeListOperation(desk)],
    [opCodes.VERIFY_RESPONSE, makeVerifyOperation(prover)],
    [opCodes.HOME_NA, makeHomeOperation(desk)],
    [opCodes.UNHOME_NA, makeUnhomeOperation(desk)],
    [opCodes.LIST_HOMED_NA, makeListHomedOperation(desk)],
    [opCodes.LOGIN_PASSWORD, makePasswordLoginOperation(parts, prover)],
    [opCodes.LOGIN_KEY, makeLoginOperation()],
  ])
  return { byCode, ask, prover }
}

/** Operations that ask and change nothing; all others are administration. */
export function isQuestion(opCode: number): boolean {
  return opCode === opCodes.RESOLUTION || opCode === opCodes.GET_SITEINFO
}
