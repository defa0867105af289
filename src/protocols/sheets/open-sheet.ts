import type { OpenSheet } from '../../registry/jobs/parts.ts'
import { openCsv } from './csv.ts'
import { openNdjson } from './ndjson.ts'
import { openXlsx } from './xlsx/open-xlsx.ts'

/**
 * Opens a file with rows. CSV and NDJSON are read as they come and no faster than rows are taken; an xlsx file is
 * received whole, bounded, and then read row by row.
 */
export const openSheet: OpenSheet = (body, format, bounds) => {
  switch (format) {
    case 'ndjson':
      return openNdjson(body, bounds)
    case 'csv':
      return openCsv(body, bounds)
    case 'xlsx':
      return openXlsx(body, bounds)
  }
}
