import { createHmac } from 'node:crypto'

/**
 * What is stored of an API key instead of it: HMAC-SM3 over the whole key, 32 bytes.
 * An API key has 256 random bits, so it needs no slow hash; the pepper makes a stolen table of
 * hashes useless for checking guesses.
 */
export function makeApiKeyHash(pepper: Buffer): (apiKey: string) => Buffer {
  return apiKey => createHmac('sm3', pepper).update(apiKey).digest()
}
