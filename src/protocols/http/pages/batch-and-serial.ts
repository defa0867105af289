/** Where a GS1 key says which batch and which piece it is (GS1 General Specifications §3.4.1, §3.5.2). */
const batchAi = '10'
const serialAi = '21'

/** The batch and serial number in the first of an item's names that has one: names of GS1 do. */
export function batchAndSerial(
  names: readonly { readonly system: string; readonly text: string }[],
): { readonly batch?: string; readonly serial?: string } {
  for (const { system, text } of names) {
    if (system !== 'gs1') continue
    const segments = text.split('/')
    const batch = valueAfter(segments, batchAi)
    const serial = valueAfter(segments, serialAi)
    if (batch === undefined && serial === undefined) continue
    return {
      ...(batch === undefined ? {} : { batch }),
      ...(serial === undefined ? {} : { serial }),
    }
  }
  return {}
}

/** Identifiers and values take turns in the path of a digital link. */
function valueAfter(segments: readonly string[], ai: string): string | undefined {
  const value = segments.find((_, place) => place % 2 === 1 && segments[place - 1] === ai)
  if (value === undefined) return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
