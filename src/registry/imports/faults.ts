import { Failure } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import type { ImportFault } from './rows.ts'

/** The same failure, naming the row of its file, from 1. */
export function atRow({ code, detail, errors, facts }: Failure, row: number): Failure {
  return new Failure(code, detail, { errors, facts: { ...facts, row } })
}

/** Runs the check of one row; what it refuses names the row. */
export function onRow<Result>(row: number, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    throw error instanceof Failure ? atRow(error, row) : error
  }
}

/** What is refused meanwhile names the file. */
export async function inFile(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { code, detail, errors, facts } = error
    throw new Failure(code, detail, { errors, facts: { file, ...facts }, cause: error })
  }
}

/** Why a batch is parked, for those who look at it. */
export function faultOf({ code, detail, errors, facts }: Failure): ImportFault {
  const [first] = errors
  const { file, row } = facts
  return {
    rule: first?.rule ?? code,
    detail,
    ...(typeof file === 'string' ? { file } : {}),
    ...(typeof row === 'number' ? { row } : {}),
    ...(first === undefined || first.pointer === '' ? {} : { field: first.pointer }),
  }
}

export function repeated(): Failure {
  return refusal(
    'INPUT_INVALID',
    '',
    'row.repeated',
    say('同一批次中重复出现', 'it is there twice'),
  )
}

/** Of a row that lies outside of what the top-level node may write. */
export function beyondGrant(pointer: string): Failure {
  const detail = say(
    '超出授权的前缀范围（按段比较）',
    'it lies beyond the prefixes of the grant, compared label by label',
  )
  return refusal('NOT_PERMITTED', pointer, 'grant.prefixes', detail)
}

export function beyondFields(pointer: string): Failure {
  const detail = say('该数据项不在授权范围内', 'the grant does not reach this field')
  return refusal('NOT_PERMITTED', pointer, 'grant.fields', detail)
}

export function refusal(
  code: Failure['code'],
  pointer: string,
  rule: string,
  detail: Text,
  facts: Failure['facts'] = {},
): Failure {
  return new Failure(code, detail, { errors: [{ pointer, rule, detail }], facts })
}
