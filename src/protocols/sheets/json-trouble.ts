/** A site inside a value inside a record has 9 levels. */
export const jsonDepthMax = 32

/** A text, or one of the marks that give a JSON text its shape; numbers and words between them do not matter here. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/**
 * What `JSON.parse` passes over in silence.
 * @param text valid JSON
 */
export function jsonTrouble(text: string): 'depth' | 'repeated' | 'member' | undefined {
  /** The members of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = []
  let isName = false
  for (const [mark] of text.matchAll(token)) {
    switch (mark) {
      case '{':
      case '[':
        if (open.length === jsonDepthMax) return 'depth'
        open.push(mark === '{' ? new Set() : undefined)
        isName = mark === '{'
        break
      case '}':
      case ']':
        open.pop()
        isName = false
        break
      case ',':
        isName = open.at(-1) !== undefined
        break
      case ':':
        isName = false
        break
      default: {
        if (!isName) break
        const name: string = JSON.parse(mark)
        if (name === '__proto__') return 'member'
        const members = open.at(-1)
        if (members?.has(name)) return 'repeated'
        members?.add(name)
      }
    }
  }
  return undefined
}
