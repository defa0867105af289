import assert from 'node:assert/strict'
import type { TransactionQueries } from './database.ts'
import type { Engine } from './embedded-engine.ts'
import type { Answer, Question } from './embedded-messages.ts'
import { makeQueries } from './embedded-queries.ts'
import { makeSent } from './sent.ts'
import { SqlError } from './store-error.ts'

/** A transaction whose work asks nothing for so long holds everybody up for a reason that is no database's. */
const idleMsMax = 30_000

/**
 * Runs work in a transaction of the engine.
 * @param number a transaction's own, from 1
 * @param done lets the next one in; called once the last statement is on its way
 */
export async function runTransaction<T>(
  engine: Engine,
  number: number,
  work: (queries: TransactionQueries) => Promise<T>,
  done: () => void,
): Promise<T> {
  const idle = makeIdleTimer()
  const sent = makeSent()
  let ended = false

  async function ask(question: Question): Promise<Answer> {
    assert(!ended, 'a transaction was used after its end')
    idle.stop()
    try {
      return await engine.ask(question, number)
    } finally {
      if (!ended) idle.start()
    }
  }

  function end(kind: 'commit' | 'rollback'): Promise<Answer> {
    ended = true
    idle.stop()
    const answer = engine.ask({ kind }, number)
    done()
    return answer
  }

  // Not waited for: it travels with the first question, and the thread refuses that one if BEGIN failed.
  const begun = ask({ kind: 'begin' })
  begun.catch(() => undefined)
  const waited = makeQueries(question => sent.before(ask(question)))
  const queries: TransactionQueries = {
    ...waited,
    send(sql, parameters, taken) {
      sent.add(makeQueries(ask).query(sql, parameters), taken)
    },
    // The engine is a thread of ours: it freezes and dies with whoever waits.
    givenUpAt: () => null,
  }
  let result: T
  try {
    result = await Promise.race([work(queries), idle.expired])
  } catch (error) {
    await end('rollback').catch(() => undefined)
    throw error
  }
  const [committed] = await Promise.all([end('commit'), begun])
  await sent.demandWhole()
  if (committed.kind === 'done' && committed.tag === 'COMMIT') return result
  throw new SqlError({
    state: '25P02',
    message: 'a statement failed, its error was swallowed, and the transaction was rolled back',
  })
}

function makeIdleTimer() {
  let timer: NodeJS.Timeout | undefined
  let expire: (error: Error) => void
  const expired = new Promise<never>((_, reject) => {
    expire = reject
  })
  expired.catch(() => undefined)
  return {
    expired,
    start() {
      clearTimeout(timer)
      timer = setTimeout(() => {
        expire(new Error(`the work of a transaction asked nothing for ${idleMsMax} ms`))
      }, idleMsMax)
      timer.unref()
    },
    stop: () => clearTimeout(timer),
  }
}
