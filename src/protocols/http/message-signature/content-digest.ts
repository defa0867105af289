import { createHash, timingSafeEqual } from 'node:crypto'
import { parseDictionary, serializeDictionary } from 'structured-headers'
import { type Failure, invalid } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'

/** Digests that we compare (RFC 9530 §5), by their names in `node:crypto`; `sm3` is registered nowhere yet. */
const algorithms = { 'sha-256': 'sha256', 'sha-512': 'sha512', sm3: 'sm3' } as const
type DigestName = keyof typeof algorithms

/** The digests that a message says its content has. */
export type ContentDigest = ReadonlyMap<DigestName, Buffer>

/**
 * Reads `Content-Digest` (RFC 9530 §2). SHA-256 must be there; those we do not know say nothing.
 * @throws Failure `INPUT_INVALID` `digest.…`
 */
export function readContentDigest(lines: readonly string[]): ContentDigest {
  const digests = new Map<DigestName, Buffer>()
  for (const [name, [value]] of parse(lines)) {
    if (!isKnown(name)) continue
    if (!(value instanceof ArrayBuffer)) throw refused('syntax')
    digests.set(name, Buffer.from(value))
  }
  if (!digests.has('sha-256')) throw refused('missing')
  return digests
}

/** Computes while the content goes by, and says at its end whether it was the one that was announced. */
export interface DigestCheck {
  update(chunk: Buffer): void
  /** @throws Failure `INPUT_INVALID` `digest.mismatch` */
  finish(): void
}

export function checkDigest(announced: ContentDigest): DigestCheck {
  const hashes = [...announced].map(([name, digest]) => ({
    name,
    digest,
    hash: createHash(algorithms[name]),
  }))
  return {
    update(chunk) {
      for (const { hash } of hashes) hash.update(chunk)
    },
    finish() {
      for (const { name, digest, hash } of hashes) {
        const found = hash.digest()
        const isSame = found.length === digest.length && timingSafeEqual(found, digest)
        if (!isSame) throw refused('mismatch', name)
      }
    },
  }
}

/** The header of content that is at hand. */
export function contentDigestOf(
  content: Buffer,
  names: readonly DigestName[] = ['sha-256'],
): string {
  return serializeDictionary(
    new Map(
      names.map(name => [name, [createHash(algorithms[name]).update(content).digest(), new Map()]]),
    ),
  )
}

function parse(lines: readonly string[]) {
  try {
    return parseDictionary(lines.join(', '))
  } catch {
    throw refused('syntax')
  }
}

function isKnown(name: string): name is DigestName {
  return Object.hasOwn(algorithms, name)
}

function refused(rule: 'syntax' | 'missing' | 'mismatch', name = ''): Failure {
  const detail = {
    syntax: say('Content-Digest 不符合格式', 'Content-Digest is malformed (RFC 9530)'),
    missing: say('Content-Digest 须含 sha-256', 'Content-Digest needs a sha-256'),
    mismatch: say(
      `内容与 Content-Digest 的 ${name} 不符`,
      `the content is not the one whose ${name} was announced`,
    ),
  }[rule]
  return invalid('', `digest.${rule}`, detail)
}
