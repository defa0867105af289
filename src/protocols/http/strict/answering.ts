/** Answers to plain questions of one kind, as bytes for one connection. */
export interface Answering<Request> {
  /**
   * Writes what memory says to a question: the whole answer, or that there is none.
   * @param nowMs monotonic milliseconds
   * @param ending what the connection's answers end their headers with: date and connection
   * @returns where the answer ends; −1, having written nothing, whenever anything else has to be done: not in memory, not
   * allowed, no room
   */
  write(
    chunk: Buffer,
    request: Request,
    address: string,
    nowMs: number,
    ending: Buffer,
    into: Buffer,
    at: number,
  ): number
  /**
   * Asks beyond memory, once.
   * @returns the whole answer, or that there is none; undefined where it is not one that anyone gets, or not allowed: the
   * ordinary server says what it is then
   */
  ask(
    chunk: Buffer,
    request: Request,
    address: string,
    ending: () => Buffer,
  ): Promise<Buffer | undefined>
}
