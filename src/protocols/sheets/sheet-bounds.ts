/** Rows that are handed on at once. */
export const chunkRowsMax = 500
/** A record is at most 200 000 bytes as it is stored; escapes and quotes can make several times as much of it. */
export const rowBytesMax = 2 ** 20
/** A record has at most 1000 values, and a few columns beside them. */
export const columnsMax = 1_024

/** What a program holds of a workbook beside its rows: beyond, CSV is the better way. */
export const xlsxRowsMax = 100_000
export const xlsxBytesMax = 50 * 2 ** 20
