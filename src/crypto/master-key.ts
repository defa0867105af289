import { createCipheriv, createDecipheriv, hkdfSync, randomUUID } from 'node:crypto'
import { link, open, readFile, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Gives that many bytes from a cryptographic source: `randomBytes` outside of tests. */
export type RandomBytes = (byteCount: number) => Buffer

/** What a wrapped key is bound to: the same bytes do not open anywhere else. */
export interface KeyPlace {
  readonly purpose: string
  readonly scope: string
  readonly version: number
}

/** The key over all keys. Its bytes stay inside. */
export interface MasterKey {
  /** 16 hex digits that are the same for the same key and tell nothing about it. */
  readonly checkValue: string
  /** @returns iv (12 bytes), ciphertext, tag (16 bytes) of AES-256-GCM */
  wrap(key: Buffer, place: KeyPlace): Buffer
  /** @throws KeyError when the bytes were not wrapped by this key for this place */
  unwrap(wrapped: Buffer, place: KeyPlace): Buffer
}

/** A problem with a key that an operator has to solve; the message ends with what to do next. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
}

export const masterKeyBytes = 32
const ivBytes = 12
const tagBytes = 16

/**
 * Reads the master key file, or makes it.
 * @param make whether a missing file is made: right only for a store that holds no keys yet
 * @returns the key, whether it was made just now, and what an operator should know about the file
 * @throws KeyError when there is no key to be had
 */
export async function readMasterKey(parts: {
  readonly path: string
  readonly make: boolean
  readonly random: RandomBytes
}): Promise<{ masterKey: MasterKey; made: boolean; warnings: readonly string[] }> {
  const { path, make, random } = parts
  const made = make && (await makeFile(path, random(masterKeyBytes)))
  const key = parse(await readText(path), path)
  return { masterKey: makeMasterKey(key, random), made, warnings: await warningsAbout(path) }
}

/** Wraps and unwraps under 32 bytes that the caller vouches for. */
export function makeMasterKey(key: Buffer, random: RandomBytes): MasterKey {
  // A random iv is safe for 2^32 wrappings under one key (NIST SP 800-38D §8.3): one for each
  // enterprise and member of staff stays far below.
  return {
    checkValue: Buffer.from(hkdfSync('sha256', key, '', 'qxm/master-check', 8)).toString('hex'),

    wrap(secret, place) {
      const iv = random(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
      cipher.setAAD(boundTo(place))
      return Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
    },

    unwrap(wrapped, place) {
      try {
        const iv = wrapped.subarray(0, ivBytes)
        const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
        decipher.setAAD(boundTo(place))
        decipher.setAuthTag(wrapped.subarray(-tagBytes))
        const secret = decipher.update(wrapped.subarray(ivBytes, -tagBytes))
        return Buffer.concat([secret, decipher.final()])
      } catch (cause) {
        throw new KeyError(
          `the key ${nameOf(place)} does not open under the master key: its row was changed or ` +
            'moved; restore that row from a backup of the database',
          { cause },
        )
      }
    },
  }
}

/** How messages name a key. */
export function nameOf({ purpose, scope, version }: KeyPlace): string {
  return `"${purpose}" of "${scope}", version ${version}`
}

/**
 * The scope may hold any character: the purpose is one of our words and the version a number, so
 * it is never ambiguous.
 */
function boundTo({ purpose, scope, version }: KeyPlace): Buffer {
  return Buffer.from(`${purpose}|${scope}|${version}`)
}

/**
 * Makes the file whole or not at all: a crash never leaves half a key under the final name,
 * and of two makers one wins.
 * @returns false when the file was there already
 */
async function makeFile(path: string, key: Buffer): Promise<boolean> {
  if (await exists(path)) return false
  const draft = `${path}.${randomUUID()}.new`
  try {
    await writeDurably(draft, `${key.toString('hex')}\n`)
    await link(draft, path)
    await syncFolder(dirname(path))
    return true
  } catch (cause) {
    if (isCode(cause, 'EEXIST') && (await exists(path))) return false
    throw new KeyError(
      `the master key file ${path} cannot be made (${reasonOf(cause)}): make sure that its ` +
        'folder exists and is writable, or name another file with QXM_MASTER_KEY_FILE',
      { cause },
    )
  } finally {
    await unlink(draft).catch(() => undefined)
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const advice = isCode(cause, 'ENOENT')
      ? 'restore it from its backup, for the keys in the database open under no other; only for ' +
        `a store without data make one: openssl rand -hex 32 > ${path} && chmod 600 ${path}`
      : 'make it readable for the user that runs the node'
    const problem = `the master key file ${path} cannot be read (${reasonOf(cause)})`
    throw new KeyError(`${problem}: ${advice}`, { cause })
  }
}

function parse(text: string, path: string): Buffer {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (/^[\w+/-]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new KeyError(
    `the master key file ${path} does not hold 32 bytes as 64 hex digits or 44 characters of ` +
      'base64: restore it from its backup',
  )
}

async function warningsAbout(path: string): Promise<readonly string[]> {
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return []
  const octal = (mode & 0o777).toString(8)
  return [`the master key file ${path} is open to other users (mode ${octal}): chmod 600 ${path}`]
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
