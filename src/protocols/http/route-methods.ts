/** Which methods each path takes: what a 405 has to name (RFC 9110 §15.5.6). */
export interface RouteMethods {
  add(pattern: string, methods: string | readonly string[]): void
  /** Sorted; empty where no route has the path. */
  of(path: string): readonly string[]
}

export function makeRouteMethods(): RouteMethods {
  const methodsByPattern = new Map<string, Set<string>>()
  return {
    add(pattern, methods) {
      const known = methodsByPattern.get(pattern) ?? new Set()
      for (const method of [methods].flat()) known.add(method)
      methodsByPattern.set(pattern, known)
    },
    of(path) {
      const found = [...methodsByPattern].filter(([pattern]) => fits(pattern, path))
      return [...new Set(found.flatMap(([, methods]) => [...methods]))].sort()
    },
  }
}

/** Patterns as the router has them: `:name` is one segment, `:name([^:]+)` a part of one, a final `*` the rest, `::` a colon. */
function fits(pattern: string, path: string): boolean {
  const source = pattern
    .split(/(::|:\w+(?:\(\[\^:\]\+\))?|\*)/)
    .map(part => {
      if (part === '::') return ':'
      if (part === '*') return '.*'
      if (part.endsWith('([^:]+)')) return '[^/:]+'
      return part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    })
    .join('')
  return new RegExp(`^${source}$`).test(path)
}
