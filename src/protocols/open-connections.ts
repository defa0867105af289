import type { Socket } from 'node:net'

/** What stands in the list, and knows where. */
export interface Listed {
  /** Written by the list alone. */
  place: number
}

/**
 * Everything that is open, in no order: the last takes the place of what leaves. A `Set` that is passed through thousands of
 * times a second leaves behind tables that keep what was in them from the garbage collector for long (measured with a
 * connection for each question: three times the work for it, a fifth of all).
 */
export class OpenConnections<Connection extends Listed> implements Iterable<Connection> {
  readonly #all: Connection[] = []

  get count(): number {
    return this.#all.length
  }

  add(connection: Connection): void {
    connection.place = this.#all.push(connection) - 1
  }

  /** @param connection stands in the list */
  remove(connection: Connection): void {
    const last = this.#all.pop()
    if (last === undefined || last === connection) return
    last.place = connection.place
    this.#all[connection.place] = last
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#all.values()
  }
}

/** Whether the bytes of a write may still be read: what the kernel did not take at once is read from where it lies. */
export function isWriting(socket: Socket): boolean {
  return socket.writableLength > 0 && !socket.closed
}
