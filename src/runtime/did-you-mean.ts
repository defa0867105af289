/** `; did you mean http.port?` where one known name is near, else nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const distances = known.map(each => ({
    each,
    distance: distance(name.toLowerCase(), each.toLowerCase()),
  }))
  const [nearest] = distances.sort((one, other) => one.distance - other.distance)
  const isNear = nearest !== undefined && nearest.distance <= Math.max(2, name.length / 4)
  return isNear ? `; did you mean ${nearest.each}?` : ''
}

/** Levenshtein's: how many letters must be added, dropped or changed. */
function distance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const changed = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1)
      const dropped = (previous[column] ?? 0) + 1
      const added = (current[column - 1] ?? 0) + 1
      current.push(Math.min(changed, dropped, added))
    }
    previous = current
  }
  return previous[other.length] ?? 0
}
