import { isDuplicate } from './store-error.ts'

/** The statements of a transaction that were sent and not waited for. */
export interface Sent {
  /** @param taken what a violated unique key means to who sent it */
  add(statement: Promise<unknown>, taken?: () => Error): void
  /**
   * Waits for a statement that was sent after them. When one of them failed, that failure is the news: the server refuses
   * what follows, or, where it was the beginning of the transaction, takes it for a statement of its own.
   */
  before<T>(statement: Promise<T>): Promise<T>
  /** @throws what the first of them failed with, if one did; all of them have been answered */
  demandWhole(): Promise<void>
}

export function makeSent(): Sent {
  let answered: Promise<unknown> = Promise.resolve()
  let failed: { readonly error: unknown } | undefined

  async function demandWhole(): Promise<void> {
    await answered
    if (failed !== undefined) throw failed.error
  }

  return {
    add(statement, taken) {
      const judged = statement.catch(error => {
        failed ??= { error: taken !== undefined && isDuplicate(error) ? taken() : error }
      })
      answered = Promise.all([answered, judged])
    },

    async before(statement) {
      try {
        return await statement
      } finally {
        await demandWhole()
      }
    },

    demandWhole,
  }
}
