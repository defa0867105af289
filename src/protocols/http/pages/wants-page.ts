import { qualityOf } from '../language.ts'

/** Longer headers name nothing more that we have. */
const acceptCharsMax = 1000

/**
 * Whether somebody reads a page rather than data (RFC 9110 §12.5.1): only an `Accept` that names HTML, and likes none
 * of our data formats better. Programs that take anything, or say nothing, get data.
 */
export function wantsPage(accept: string | undefined): boolean {
  if (accept === undefined || !/html/i.test(accept)) return false
  const best = { page: { quality: 0, place: 0 }, data: { quality: 0, place: 0 } }
  for (const [place, range] of accept.slice(0, acceptCharsMax).split(',').entries()) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const form = pageTypes.has(type) ? 'page' : dataTypes.has(type) ? 'data' : undefined
    const quality = qualityOf(parameters)
    if (form !== undefined && quality > best[form].quality) best[form] = { quality, place }
  }
  const { page, data } = best
  if (page.quality === data.quality) return page.quality > 0 && page.place < data.place
  return page.quality > data.quality
}

const pageTypes: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml'])
const dataTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/problem+json',
  'application/x-protobuf',
  'application/protobuf',
  'application/linkset+json',
])
