/**
 * How many commands of a pipeline failed.
 * @throws the first one's error when all did
 */
export function failuresIn(results: readonly (readonly [Error | null, unknown])[] | null): number {
  const errors = (results ?? []).flatMap(([error]) => error ?? [])
  const [first] = errors
  if (first !== undefined && errors.length === results?.length) throw first
  return errors.length
}
