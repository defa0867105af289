import { type JwkFault, readVerifyKey, type VerifyKey } from '../crypto/jwk.ts'
import { invalid } from '../model/failures.ts'
import { say, type Text } from '../model/text.ts'

/** One in use, one to come, and as many for a second site; each assertion without a `kid` tries them all. */
export const clientKeysMax = 4

/**
 * Reads the public keys of a client.
 * @param pointer where the list stands in the input
 * @throws Failure `INPUT_INVALID` `jwk.…` naming the key
 */
export function readClientKeys(
  keys: readonly Readonly<Record<string, unknown>>[],
  pointer: string,
): readonly VerifyKey[] {
  demandFew(keys, pointer)
  const known = new Set<string>()
  return keys.map((input, position) => {
    const read = readVerifyKey(input)
    const fault = typeof read === 'string' ? read : undefined
    const isTwice = typeof read !== 'string' && known.has(read.kid)
    if (fault !== undefined || isTwice || typeof read === 'string') {
      const rule = fault ?? 'twice'
      throw invalid(`${pointer}/${position}`, `jwk.${rule}`, faultTexts[rule])
    }
    known.add(read.kid)
    return read
  })
}

/**
 * Reads the thumbprints of a client's certificates: SHA-256 of the DER, base64url (`x5t#S256`).
 * @throws Failure `INPUT_INVALID` `certificate.thumbprint`
 */
export function readThumbprints(texts: readonly string[], pointer: string): readonly string[] {
  demandFew(texts, pointer)
  for (const [position, text] of texts.entries()) {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length === 32 && bytes.toString('base64url') === text) continue
    const detail = say(
      '须为证书 DER 的 SHA-256，base64url，43 个字符',
      'SHA-256 of the certificate (DER) as 43 characters of base64url',
    )
    throw invalid(`${pointer}/${position}`, 'certificate.thumbprint', detail)
  }
  return [...new Set(texts)]
}

function demandFew(list: readonly unknown[], pointer: string): void {
  if (list.length <= clientKeysMax) return
  const detail = say(`最多 ${clientKeysMax} 个`, `at most ${clientKeysMax}`)
  throw invalid(pointer, 'client.keys', detail)
}

const faultTexts: Readonly<Record<JwkFault | 'twice', Text>> = {
  private: say(
    '含有私钥：私钥不得离开其所有者，请废弃该密钥，只提交公钥',
    'it holds a private key, which never leaves its owner: discard the key, and send the public half of another',
  ),
  kind: say('须为 Ed25519 或 P-256 公钥', 'a public key on Ed25519 or P-256'),
  alg: say('alg 须与密钥相符：EdDSA 或 ES256', 'alg is the one of the kind of key: EdDSA or ES256'),
  use: say('use 须为 sig', 'use is sig'),
  kid: say('kid 须为 1 至 128 个字符', 'kid has 1 to 128 characters'),
  point: say('不是该曲线上的点', 'this is no point of the curve'),
  twice: say('kid 重复', 'another key has this kid'),
}
