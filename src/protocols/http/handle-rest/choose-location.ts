import type { Location, Locations } from '../../handle/values/locations.ts'

/** What a browser says about what it wants. */
export interface Wanted {
  /** `locatt=name:value`, each at its own. */
  readonly locatts: readonly (readonly [name: string, value: string])[]
  readonly country: string | undefined
  /** 0…1, as Math.random. */
  readonly draw: () => number
}

/**
 * The location of a 10320/loc record (HANDLE.NET 9 Technical Manual, chapter 12): each chooser keeps those it likes
 * of what is left; one that likes none keeps all.
 */
export function chooseLocation(
  { chooseBy, locations }: Pick<Locations, 'chooseBy' | 'locations'>,
  wanted: Wanted,
): Location | undefined {
  let left: readonly Location[] = locations.filter(
    ({ href, hrefTemplate }) => (href ?? hrefTemplate) !== undefined,
  )
  for (const chooser of chooseBy) {
    if (left.length <= 1) break
    const liked = likedBy(chooser, left, wanted)
    if (liked.length > 0) left = liked
  }
  return left[0]
}

function likedBy(
  chooser: string,
  locations: readonly Location[],
  wanted: Wanted,
): readonly Location[] {
  switch (chooser) {
    case 'locatt':
      return byAttributes(locations, wanted.locatts)
    case 'country':
      return byCountry(locations, wanted.country)
    case 'score':
      return byScore(locations)
    case 'weighted':
      return byWeight(locations, wanted.draw)
    default:
      return []
  }
}

/** One wish after another, each among those that the one before liked. */
function byAttributes(
  locations: readonly Location[],
  locatts: Wanted['locatts'],
): readonly Location[] {
  let left = locations
  for (const [name, value] of locatts) {
    const liked = left.filter(({ attributes }) => attributes.get(name.toLowerCase()) === value)
    if (liked.length > 0) left = liked
  }
  return left.length === locations.length ? [] : left
}

function byCountry(locations: readonly Location[], country: string | undefined) {
  if (country === undefined) return []
  const wanted = country.toLowerCase()
  return locations.filter(({ attributes }) => attributes.get('country')?.toLowerCase() === wanted)
}

function byScore(locations: readonly Location[]): readonly Location[] {
  const scoreOf = ({ attributes }: Location) => Number(attributes.get('score') ?? Number.NaN)
  const scores = locations.map(scoreOf).filter(Number.isFinite)
  if (scores.length === 0) return []
  const best = Math.max(...scores)
  return locations.filter(location => scoreOf(location) === best)
}

/** By chance in proportion to the weights; where none weighs anything, all are alike. */
function byWeight(locations: readonly Location[], draw: () => number): readonly Location[] {
  const weights = locations.map(({ weight }) => Math.max(0, weight))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) return locations.slice(Math.floor(draw() * locations.length)).slice(0, 1)
  let left = draw() * total
  const position = weights.findIndex(weight => {
    left -= weight
    return left < 0
  })
  return locations.slice(Math.max(0, position)).slice(0, 1)
}
