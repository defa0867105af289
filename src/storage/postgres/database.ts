/** A parameter of a query. Objects for jsonb go as `JSON.stringify` text, bytes as Buffer. */
export type Parameter =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | Date
  | readonly (string | number | bigint | boolean | null | Buffer)[]

/** One session's worth of questions; inside a transaction, only through the one handed over. */
export interface Queries {
  /**
   * Runs one statement with `$1…` parameters and gives its rows. int8 comes as number (bigint where unsafe),
   * timestamptz as Date, jsonb parsed, bytea as Buffer: the same from every engine.
   */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters?: readonly Parameter[],
  ): Promise<Row[]>
  /** Runs any number of statements without parameters: migrations only. */
  exec(sql: string): Promise<void>
  /**
   * `copy table (columns) from stdin` in text format: chunks of COPY text lines in UTF-8, each chunk whole lines.
   * @returns the number of rows copied
   */
  copy(sql: string, chunks: AsyncIterable<string | Buffer>): Promise<number>
}

export interface TransactionOptions {
  /** How long one statement may take, where the engine can be told: for migrations and jobs, not for requests. */
  readonly statementTimeoutMs?: number
  /** The work uses `copy`: it gets a connection of its own, because one that is pipelined cannot copy. */
  readonly copies?: boolean
}

/** What the work of a transaction asks and writes with. */
export interface TransactionQueries extends Queries {
  /**
   * Sends a statement whose rows nobody needs, in its turn, without waiting for it: a round trip less. When it fails, so
   * does whatever is waited for next, at the latest the commit.
   * @param taken what a violated unique key means to the caller
   */
  send(sql: string, parameters: readonly Parameter[], taken?: () => Error): void
  /**
   * When a statement that is sent now is given up, by the server's clock: `demand_in_time` refuses it from then on. Null
   * where a statement does not outlive who waits for it.
   */
  givenUpAt(): Date | null
}

/** The one interface to a PostgreSQL engine: the embedded PGlite (`embedded.ts`) or a server (`server.ts`). */
export interface Database extends Queries {
  readonly engine: 'embedded' | 'postgres'
  /**
   * Runs `work` in one transaction, read committed; commits when it returns, rolls back when it throws.
   * A deadlock or serialization failure is retried up to 3 times with jitter, so `work` must be repeatable.
   */
  transaction<T>(
    work: (queries: TransactionQueries) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  /**
   * Calls back on each NOTIFY of the channel until the returned function is called. A bell, never a truth: it may be lost;
   * an empty payload says that some may have been, when the connection is lost and when it is there again.
   */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
