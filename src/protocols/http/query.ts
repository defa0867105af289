/** What a query schema tells about one parameter. */
interface ParameterSchema {
  readonly type?: string
  readonly items?: ParameterSchema
}

/**
 * Gives the texts of a query the types its schema names: whole numbers become numbers, a parameter that may be
 * repeated becomes a list. Everything else is left for the schema to refuse.
 */
export function shapeQuery(
  query: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, ParameterSchema>>,
): Record<string, unknown> {
  const shaped: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    // A name such as __proto__ becomes a member of its own, which the schema refuses.
    Object.defineProperty(shaped, name, {
      value: schema === undefined ? value : shapeParameter(value, schema),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return shaped
}

function shapeParameter(value: unknown, { type, items }: ParameterSchema): unknown {
  if (type === 'array') {
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.map(item => shapeParameter(item, items ?? {}))
  }
  // Fifteen digits are exact as a number; longer ones stay text, which is no integer.
  if (type === 'integer' && typeof value === 'string' && /^-?\d{1,15}$/.test(value)) {
    return Number(value)
  }
  return value
}
