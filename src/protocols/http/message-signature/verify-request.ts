import {
  type HttpAlgorithm,
  httpAlgorithms,
  isHttpSignature,
  type TrustedKey,
  type TrustedKeys,
} from '../../../crypto/trusted-key.ts'
import { Failure, type FailureCode } from '../../../model/failures.ts'
import { say, type Text } from '../../../model/text.ts'
import { makeSignatureBase, type SignedRequest } from './signature-base.ts'
import { type ReadSignature, readSignatures } from './signature-input.ts'

/** What a signature has to be to count here. */
export interface SignatureRules {
  readonly keys: TrustedKeys
  /** What signatures of this use say they are for; others are not looked at (RFC 9421 §2.3). */
  readonly tag: string
  /** Components that it covers at least. */
  readonly components: readonly string[]
  readonly nowMs: number
}

/** Who signed, and what makes this signature another than the next. */
export interface VerifiedSignature {
  readonly keyId: string
  readonly nonce: string
  /** From then on it is refused for its age. */
  readonly endsAtMs: number
}

/** By how much the signer's clock may differ from ours, transport included. */
const clockSeconds = 300
/** Beyond that a signature is good for more than the request it was made for. */
const lifeSecondsMax = 86_400
/** A random one has some 30 characters; each is kept for a day. */
const nonceCharactersMax = 128

/**
 * Verifies the one signature of that tag (RFC 9421 §3.2). Whether its nonce was seen before is the caller's to ask.
 * @throws Failure `NOT_AUTHENTICATED` where there is none, `NOT_PERMITTED` `signature.…` where it does not hold
 */
export function verifyRequest(request: SignedRequest, rules: SignatureRules): VerifiedSignature {
  const signature = findSignature(request, rules.tag)
  const { parameters } = signature
  const missing = rules.components.filter(each => !signature.names.includes(each))
  if (missing.length > 0) throw refused('components', missing.join(', '))
  const times = timesOf(signature, rules.nowMs)
  const key = parameters.keyid === undefined ? undefined : rules.keys.get(parameters.keyid)
  if (key === undefined) throw refused('keyid', parameters.keyid)
  const base = makeSignatureBase(signature.covered, request)
  if ('wrong' in base) throw refused('components', base.wrong)
  const alg = algorithmOf(key, parameters.alg)
  if (!isHttpSignature(key, alg, Buffer.from(base.text), signature.signature)) {
    throw refused('value')
  }
  return { keyId: key.kid, ...times }
}

function findSignature({ field }: SignedRequest, tag: string): ReadSignature {
  const [inputs, signatures] = [field('signature-input'), field('signature')]
  if (inputs.length === 0 || signatures.length === 0) {
    throw refused('missing', undefined, 'NOT_AUTHENTICATED')
  }
  const read = readSignatures(inputs, signatures)
  if (read === undefined) throw refused('syntax')
  const [found, ...others] = read.filter(({ parameters }) => parameters.tag === tag)
  if (found === undefined) throw refused('missing', undefined, 'NOT_AUTHENTICATED')
  if (others.length > 0) throw refused('several')
  return found
}

function timesOf({ parameters }: ReadSignature, nowMs: number) {
  const { created, expires, nonce } = parameters
  if (created === undefined || expires === undefined) throw refused('times')
  const off = Math.round(nowMs / 1000) - created
  if (Math.abs(off) > clockSeconds) throw tooFarOff(off)
  if (expires * 1000 <= nowMs || expires < created || expires > created + lifeSecondsMax) {
    throw refused('expires', expires)
  }
  const isNonce = nonce !== undefined && nonce !== '' && nonce.length <= nonceCharactersMax
  if (!isNonce) throw refused('nonce')
  return { nonce, endsAtMs: expires * 1000 }
}

/** The key decides; who signs says the algorithm only where a key has several (RFC 9421 §3.2 item 6). */
function algorithmOf({ httpAlgs }: TrustedKey, said: string | undefined): HttpAlgorithm {
  const [only, ...others] = httpAlgs
  const named = httpAlgorithms.find(each => each === said)
  const alg = said === undefined && others.length === 0 ? only : named
  if (alg === undefined || !httpAlgs.includes(alg)) throw refused('alg', said)
  return alg
}

const details = {
  missing: say(
    '请求须带有 HTTP 消息签名（RFC 9421）',
    'the request needs an HTTP message signature (RFC 9421)',
  ),
  syntax: say(
    'Signature-Input 或 Signature 不符合格式',
    'Signature-Input or Signature is malformed',
  ),
  several: say('同一用途的签名只能有一个', 'there is more than one signature for this use'),
  components: say('签名未覆盖或无法计算', 'not covered by the signature, or not to be derived'),
  times: say('签名须带 created 与 expires', 'the signature needs created and expires'),
  created: say('签名时间与本节点时钟相差过大', "created is too far from this node's clock"),
  expires: say(
    '签名已过期，或有效期过长',
    'the signature has ended, or would be good for too long',
  ),
  nonce: say('签名须带 nonce', 'the signature needs a nonce'),
  host: say('请求不是发给本节点的', 'the request is for another host than this node'),
  replay: say('此 nonce 已使用过', 'this nonce was used before: sign each request anew'),
  keyid: say('未知的签名密钥', 'no key of this name is trusted here'),
  alg: say('算法不适用于该密钥', 'the algorithm is not one of the key'),
  value: say('签名与请求不符', 'the signature is not over this request, or by another key'),
} as const satisfies Record<string, Text>

/** @param about what it is that breaks the rule */
export function refused(
  rule: keyof typeof details,
  about?: string | number,
  code: FailureCode = 'NOT_PERMITTED',
): Failure {
  const { zh, en } = details[rule]
  const shown = String(about ?? '').slice(0, aboutCharactersMax)
  const detail = about === undefined ? details[rule] : say(`${zh}：${shown}`, `${en}: ${shown}`)
  const errors = [{ pointer: '', rule: `signature.${rule}`, detail }]
  return new Failure(code, detail, { errors })
}

const aboutCharactersMax = 200

/** @param offSeconds by how much the signer was behind our clock */
function tooFarOff(offSeconds: number): Failure {
  const [zh, en] = offSeconds > 0 ? ['早', 'behind'] : ['晚', 'ahead of']
  const far = Math.abs(offSeconds)
  const detail = say(
    `签名时间比本节点时钟${zh} ${far} 秒，最多允许 ${clockSeconds} 秒`,
    `created is ${far} seconds ${en} this node's clock; at most ${clockSeconds} are allowed`,
  )
  const errors = [{ pointer: '', rule: 'signature.created', detail }]
  return new Failure('NOT_PERMITTED', detail, { errors, facts: { offSeconds } })
}
