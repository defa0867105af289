import type { Identifier } from '../../model/identifier.ts'

/** What a GS1 key with its qualifiers stands for, from one thing to all things of a kind. */
export type LevelName = 'instance' | 'batch' | 'variant' | 'part' | 'class'

const nameOf: Readonly<Record<string, LevelName>> = {
  '21': 'instance',
  '8011': 'instance',
  '8019': 'instance',
  '8020': 'instance',
  '10': 'batch',
  '22': 'variant',
  '235': 'variant',
  '254': 'part',
  '7040': 'part',
}

const none: readonly Identifier[] = []

/**
 * The more general things that answer where the asked one has no record of its own: the key with fewer of its
 * qualifiers, the most particular first. A serial number is one thing whatever its lot, and outweighs the qualifiers
 * before it together (GS1-Conformant Resolver 1.2 §2.5.9). A key has at most three qualifiers, so at most seven.
 */
export function levelsAbove(identifier: Identifier): readonly Identifier[] {
  if (identifier.system !== 'gs1') return none
  const [key, ...qualifiers] = pairsOf(identifier)
  if (qualifiers.length === 0) return none
  const levels: Identifier[] = []
  for (let chosen = 2 ** qualifiers.length - 2; chosen >= 0; chosen--) {
    const kept = qualifiers.filter((_, place) => (chosen >> place) % 2 === 1)
    const text = [key, ...kept].join('/')
    levels.push({ ...identifier, text, key: `gs1:${text}` })
  }
  return levels
}

/** What the last and most particular qualifier makes of the key. */
export function levelOf(identifier: Identifier): LevelName {
  const [, ...qualifiers] = pairsOf(identifier)
  return nameOf[qualifiers.at(-1)?.split('/')[0] ?? ''] ?? 'class'
}

function pairsOf({ text }: Identifier): readonly string[] {
  return text.match(/[^/]+\/[^/]+/g) ?? []
}
