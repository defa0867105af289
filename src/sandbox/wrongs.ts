import { say, type Text } from '../model/text.ts'

/** What may be wrong with a push on purpose, and what to expect of the node then. */
export const wrongs = {
  again: say('同一批再发一次：得到第一次的答复', 'the last batch again: the first answer, again'),
  replay: say('原样重放同一请求：拒绝', 'the very same request twice: refused'),
  gap: say(
    '跳过一批：后一批等待',
    'one left out: the next one waits until a further push sends it',
  ),
  fork: say('同一序号、不同内容：409', 'another batch under the last number: 409'),
  scope: say('清单超出授权令的前缀：403', 'a manifest beyond the prefixes of the grant: 403'),
  foreign: say(
    '某行属于 88.118.80 而非 88.118.8：整批搁置',
    'a row of 88.118.80, not of 88.118.8: parked',
  ),
  poison: say(
    '中间一行有错：整批搁置并指明行号',
    'a bad row in the middle: parked, with its number',
  ),
  bytes: say('签名后改动行：拒绝', 'rows changed after they were signed for: refused'),
  body: say('签名后改动请求体：拒绝', 'a body changed after the request was signed: refused'),
  truncated: say('压缩包只有一半：拒绝', 'half an archive: refused'),
  manifest: say('清单由他人签名：拒绝', 'a manifest signed by somebody else: refused'),
  signer: say('请求由他人签名：拒绝', 'a request signed by somebody else: refused'),
  stale: say('十分钟前签名的请求：拒绝', 'a request signed ten minutes ago: refused'),
  expired: say('清单已过期：拒绝', 'a manifest that has ended: refused'),
  pin: say('未登记的客户端证书：拒绝', 'a certificate that is not pinned: refused'),
  certificate: say('其他机构的证书：握手失败', 'a certificate of another authority: no handshake'),
} as const satisfies Record<string, Text>
export type Wrong = keyof typeof wrongs
