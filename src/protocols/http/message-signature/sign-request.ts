import assert from 'node:assert/strict'
import { type KeyObject, sign } from 'node:crypto'
import { type InnerList, serializeDictionary } from 'structured-headers'
import { type HttpAlgorithm, httpSuites } from '../../../crypto/trusted-key.ts'
import { makeSignatureBase, type SignedRequest } from './signature-base.ts'

export interface RequestSigner {
  readonly keyId: string
  readonly alg: HttpAlgorithm
  /** Private, of the algorithm's kind. */
  readonly key: KeyObject
}

export interface SigningOptions {
  readonly tag: string
  readonly components: readonly string[]
  readonly nonce: string
  readonly nowMs: number
  readonly lifeSeconds: number
}

/** The two header fields that sign a request (RFC 9421 §3.1). */
export function signRequest(
  request: SignedRequest,
  { keyId, alg, key }: RequestSigner,
  { tag, components, nonce, nowMs, lifeSeconds }: SigningOptions,
): { readonly 'Signature-Input': string; readonly Signature: string } {
  const created = Math.floor(nowMs / 1000)
  const covered: InnerList = [
    components.map(name => [name, new Map()]),
    new Map<string, string | number>([
      ['created', created],
      ['expires', created + lifeSeconds],
      ['nonce', nonce],
      ['alg', alg],
      ['keyid', keyId],
      ['tag', tag],
    ]),
  ]
  const base = makeSignatureBase(covered, request)
  assert.ok('text' in base, 'we sign what is there')
  const { hash, options } = httpSuites[alg]
  const signature = sign(hash, Buffer.from(base.text), { key, ...options })
  return {
    'Signature-Input': serializeDictionary({ [label]: covered }),
    Signature: serializeDictionary({ [label]: [signature, new Map()] }),
  }
}

const label = 'qxm'
