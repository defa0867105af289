import type { Child } from './child.ts'

/** What a node's metrics say: the sum of one metric over its labels, or over those with one label. */
export async function metricOf(
  { ready }: Child,
  name: string,
  label: readonly [name: string, value: string],
): Promise<number> {
  const text = await (await fetch(`${ready['ops']}/metrics`)).text()
  const wanted = `${label[0]}="${label[1]}"`
  return text
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) && line.includes(wanted))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
