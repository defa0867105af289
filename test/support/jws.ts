import { type KeyObject, sign } from 'node:crypto'

/** A JWS made without the library that reads it, right or wrong. @param key Ed25519 or P-256; undefined: unsigned */
export function jws(header: object, claims: object, key: KeyObject | undefined): string {
  const text = [header, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  if (key === undefined) return `${text}.`
  const signature =
    key.asymmetricKeyType === 'ec'
      ? sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
      : sign(null, Buffer.from(text), key)
  return `${text}.${signature.toString('base64url')}`
}
