import type { Actions, Permissions } from '../access/permissions.ts'
import type { Caller } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import type { Transactions } from './parts.ts'

/** Rows of one caller in an hour: enough to see somebody try, and no way to fill the audit. */
const rowsMax = 20
const hourMs = 3_600_000
/** Callers that are counted at once; the one counted longest is forgotten first. */
const callersMax = 10_000

type LookAction = 'application.read' | 'file.read'

/**
 * As `Permissions.demand`, for what is sealed: who tries to see it and may not leaves a trace.
 * @param target as audit rows name it
 */
export type DemandLook = <A extends LookAction>(
  caller: Caller,
  action: A,
  context: Actions[A],
  target: string,
) => Promise<void>

export function makeDemandLook(parts: {
  readonly transactions: Transactions
  readonly demand: Permissions['demand']
  readonly now: () => Date
}): DemandLook {
  const { transactions, demand, now } = parts
  const counts = new Map<string, { rows: number; readonly since: number }>()

  /** The rows that the caller had in this hour, this one among them. */
  function count(id: string): number {
    const at = now().getTime()
    const known = counts.get(id)
    const current =
      known !== undefined && at - known.since < hourMs ? known : { rows: 0, since: at }
    current.rows += 1
    counts.delete(id)
    counts.set(id, current)
    for (const oldest of counts.keys()) {
      if (counts.size <= callersMax) break
      counts.delete(oldest)
    }
    return current.rows
  }

  return async function demandLook(caller, action, context, target) {
    try {
      demand(caller, action, context)
    } catch (error) {
      if (error instanceof Failure && error.code === 'NOT_PERMITTED') {
        const rows = count(caller.id)
        const detail = rows === rowsMax ? { further: 'not recorded for an hour' } : {}
        if (rows <= rowsMax) {
          await transactions.write(caller, ledger =>
            ledger.audit({ action: `${action}.refused`, target, detail }),
          )
        }
      }
      throw error
    }
  }
}
