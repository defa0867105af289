import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { say } from '../model/text.ts'
import { UsageError } from './command.ts'

type Jwk = Readonly<Record<string, unknown>>

/**
 * The public keys of a file: a JSON Web Key, a set of them, or a public key as PEM. A private key is refused here: it
 * leaves this machine for nobody.
 * @throws UsageError
 */
export async function readPublicKeys(path: string): Promise<readonly Jwk[]> {
  const text = await read(path)
  if (text.includes('PRIVATE KEY-----')) throw privateKey(path)
  const keys = text.includes('-----BEGIN') ? [pemToJwk(path, text)] : jwksOf(path, text)
  if (keys.some(key => 'd' in key || 'k' in key)) throw privateKey(path)
  return keys
}

/** The thumbprint of the first certificate of a PEM file (`x5t#S256`, RFC 8705). @throws UsageError */
export async function readThumbprint(path: string): Promise<string> {
  const text = await read(path)
  try {
    return createHash('sha256').update(new X509Certificate(text).raw).digest('base64url')
  } catch {
    throw new UsageError(say(`${path} 不是 PEM 证书`, `${path} holds no certificate as PEM`))
  }
}

function pemToJwk(path: string, text: string): Jwk {
  try {
    return { ...createPublicKey(text).export({ format: 'jwk' }) }
  } catch {
    throw new UsageError(say(`${path} 不是 PEM 公钥`, `${path} holds no public key as PEM`))
  }
}

function jwksOf(path: string, text: string): readonly Jwk[] {
  try {
    const { keys, ...key } = JSON.parse(text) as Jwk & { readonly keys?: readonly Jwk[] }
    return Array.isArray(keys) ? keys : [key]
  } catch {
    throw new UsageError(
      say(`${path} 不是 JWK、JWK 集或 PEM 公钥`, `${path} holds no JWK, no set of them and no PEM`),
    )
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(say(`无法读取 ${path}：${why}`, `cannot read ${path}: ${why}`))
  }
}

function privateKey(path: string): UsageError {
  return new UsageError(
    say(
      `${path} 含有私钥：私钥不得离开其所有者，请提供公钥`,
      `${path} holds a private key, which never leaves its owner: give the public one`,
    ),
  )
}
