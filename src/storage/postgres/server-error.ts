import pg from 'pg'
import { SqlError, storeAway } from './store-error.ts'

/** Of `demand_in_time`: the server was frozen, or its clock was set since we compared it with ours. */
const cameLate = 'QXM01'

/** SQLSTATEs, or classes of them, that say "not now" rather than "not so" (PostgreSQL, appendix A). */
const awayStates = [
  '08', // connection exception
  '25006', // read-only: a standby, or a primary that is being replaced
  '25P03', // idle in transaction too long
  '28', // the password or the rules changed under us
  '3D', // no such database
  '53', // out of disk, memory or connections
  '55P03', // a lock was not to be had in time
  '57', // cancelled by statement_timeout, shutting down, starting up
  '58', // the server's disk or system failed
  cameLate,
]

/** States in which the same transaction may succeed when run again: serialization failure, deadlock. */
const conflictStates = ['40001', '40P01']

/** Turns what `pg` throws into what the rest of the program knows: a SqlError, or the store being away. */
export function errorOfPg(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) {
    if (isStalePlan(error)) return new SqlError({ state: '40001', message: error.message })
    const { code: state = 'XX000', message, constraint, table, column } = error
    const refusal = new SqlError({ state, message, constraint, table, column })
    return awayStates.some(away => state.startsWith(away)) ? storeAway(refusal) : refusal
  }
  return isOfConnection(error) ? storeAway(error) : error
}

/**
 * Whether the connection may no longer be used: it broke, it waits for an answer that was given up,
 * or it leads to a server that does not accept writes (any more).
 */
export function spoilsConnection(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    return !isRefusal(error) || isReadOnly(error) || isStalePlan(error) || error.code === cameLate
  }
  return isOfConnection(error)
}

/** What the server says of a session that it ends. The words are translated, the states are not. */
const lastWords = {
  severities: ['FATAL', 'PANIC'],
  states: ['57P01', '57P02', '57P03', '57P04', '57P05', '25P03'],
}

/** Whether the server refused a statement and goes on: nothing of it was done. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  const { severity = '', code = '' } = error
  return !lastWords.severities.includes(severity) && !lastWords.states.includes(code)
}

export function isReadOnly(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '25006'
}

/**
 * A statement was prepared before its table changed: another connection does not know it yet. The error
 * shares its SQLSTATE with others and its text is translated, so it is known by where it comes from.
 */
function isStalePlan(error: pg.DatabaseError): boolean {
  return error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
}

export function isConflict(error: unknown): boolean {
  return error instanceof SqlError && conflictStates.includes(error.state)
}

/**
 * What is no refusal of the server comes from the connection: system errors have a code, and those of
 * `pg` itself only texts, such as `Query read timeout`. Errors of a kind of their own are mistakes.
 */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.constructor === Error || 'errno' in error || error instanceof AggregateError
}
