import { malformed } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import type { Scheme } from './scheme.ts'

/** Decentralized identifiers (W3C DID 1.0). Only the scheme's letters fold; the rest is case-sensitive. */
export const did: Scheme = {
  system: 'did',
  parse(text) {
    const spelt = /^\s*did:([^#]*)/i.exec(text)
    if (spelt === null) return undefined
    const [method, id] = splitOnce(spelt[1]!.trimEnd())
    if (!/^[a-z0-9]+$/.test(method)) throw fail('method', methodRule)
    requireId(method, id)
    const did = `did:${method}:${id}`
    return { system: 'did', text: did, key: `did:${did}`, authority: did }
  },
}

function splitOnce(text: string): readonly [string, string] {
  const at = text.indexOf(':')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function requireId(method: string, id: string): void {
  const rule = methods.get(method)
  if (rule === undefined) requireGenericId(id)
  else if (!rule.accepts(id)) throw fail(method, rule.detail)
}

/** A path or query asks for something inside the document, which is another question. */
function requireGenericId(id: string): void {
  if (/[/?]/.test(id)) {
    throw fail(
      'path',
      say('请去掉 DID 之后的路径和查询部分', 'leave out the path and query behind the DID'),
    )
  }
  if (!/^(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})+$/.test(id) || id.endsWith(':')) {
    throw fail(
      'form',
      say(
        'DID 的标识部分只能含字母、数字、. _ - : 和百分号编码',
        'the id of a DID holds letters, digits, . _ - : and percent-encodings',
      ),
    )
  }
}

const methods = new Map<string, { accepts(id: string): boolean; readonly detail: Text }>([
  [
    'bid',
    {
      accepts: isBid,
      detail: say(
        'did:bid 为可选的 4 位链码，加类型（e、z、s）、编码（f、s、t）和 22 字节的后缀',
        'a did:bid is an optional chain code of 4, then type (e, z, s), encoding (f, s, t) and a suffix of 22 bytes',
      ),
    },
  ],
  [
    'cn',
    {
      accepts: id => /^\d{2}\.\d{3,5}\.\d{1,128}$/.test(id),
      detail: say(
        'did:cn 为 2 位国家代码、3 至 5 位行业代码和 1 至 128 位企业代码，以点分隔',
        'a did:cn is 2 digits, 3 to 5 digits and 1 to 128 digits, with dots between',
      ),
    },
  ],
  [
    'key',
    {
      accepts: isMultibaseKey,
      detail: say('did:key 为 z 加 base58 编码的公钥', 'a did:key is z and a public key in base58'),
    },
  ],
  [
    'vaa',
    {
      accepts: id => /^[A-Za-z0-9]+(?::[!-~]+)?$/.test(id),
      detail: say(
        'did:vaa 为合约编号，其后可有冒号和标识',
        'a did:vaa is a contract id, then optionally a colon and an identifier',
      ),
    },
  ],
  [
    'web',
    {
      accepts: isWebId,
      detail: say(
        'did:web 为域名（端口写作 %3A），其后为以冒号分隔的路径',
        'a did:web is a host name, its port written %3A, then path segments with colons between',
      ),
    },
  ],
])

/** The last bytes of a public key's hash that a did:bid keeps. */
const bidBytes = 22

function isBid(id: string): boolean {
  // The chain code alone names the resolver of a chain.
  if (/^[0-9a-z]{4}$/.test(id)) return true
  const parts = /^(?:[0-9a-z]{4}:)?[ezs]([fst])(.+)$/.exec(id)
  if (parts === null) return false
  const [, encoding, suffix] = parts as unknown as readonly [string, string, string]
  if (encoding === 'f') return suffix.length <= 31 && base58Bytes(suffix) === bidBytes
  if (encoding === 's') return /^[A-Za-z0-9+/]{30}==$/.test(suffix)
  return /^[02-9ac-hj-np-z]{42}$/.test(suffix)
}

/** The shortest key has 32 bytes, behind a multicodec of at least one. */
function isMultibaseKey(id: string): boolean {
  return id.startsWith('z') && id.length <= 255 && (base58Bytes(id.slice(1)) ?? 0) > 32
}

function isWebId(id: string): boolean {
  const [host, ...path] = id.split(':')
  return (
    /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?:%3[Aa]\d{1,5})?$/.test(host!) &&
    path.every(segment => /^(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+$/.test(segment))
  )
}

const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** How many bytes a base58 text holds; undefined when it is none. Callers bound its length. */
function base58Bytes(text: string): number | undefined {
  let number = 0n
  for (const character of text) {
    const digit = base58Alphabet.indexOf(character)
    if (digit === -1) return undefined
    number = number * 58n + BigInt(digit)
  }
  const leadingZeros = /^1*/.exec(text)![0].length
  return leadingZeros + (number === 0n ? 0 : Math.ceil(number.toString(16).length / 2))
}

const methodRule = say(
  'DID 的方法名只含小写字母和数字',
  'the method of a DID holds lower-case letters and digits',
)

function fail(rule: string, detail: Text) {
  return malformed(`did.${rule}`, detail)
}
