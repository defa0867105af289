/** Rows of a file: ten times the largest dump known of a secondary node's single enterprise. */
export const jobRowsMax = 10_000_000

/** Rows of one transaction on the embedded store: some seconds in which nobody else is answered from it. */
export const embeddedAllRowsMax = 20_000

/** Prefixes are written one by one, each with the rules about its neighbours. */
export const prefixRowsMax = 20_000

/** Rows that are kept with their reason and given back; a file with more is not what it was thought to be. */
export const refusalsMax = 100_000

/** Jobs of one caller that have something to do. */
export const waitingPerCallerMax = 10
/** And in all: at a minute each, the last one waits for an hour and a half. */
export const waitingMax = 100

/** Files received at once by a process: each has a chunk of rows in memory and keeps a processor busy. */
export const uploadsMax = 4

/** When there is room again, most likely. */
export const retrySeconds = 10

/** Rows of one slice: what a crash does again, and how long a cancelled job goes on. */
export const sliceRows = 4_000
/** Slices that are written at once: a second one keeps a server busy while the first is being committed. */
export const lanesMax = 2
/** Small enough that a reader of the embedded store waits for a tenth of a second. */
export const embeddedSliceRows = 250
/** Prefixes of one slice. */
export const prefixSliceRows = 50

/** Rows staged in one step while a file arrives: some 8 MB as bytes, and as much again on their way to the store. */
export const stageRows = 10_000
