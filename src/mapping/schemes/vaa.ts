import { malformed } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import type { Scheme } from './scheme.ts'

/** VAA codes (ISO/IEC 15459 with CAICT's agency code): `VAA88.118.8/SN1`. The form is provisional. */
export const vaa: Scheme = {
  system: 'vaa',
  parse(text, { isNamed }) {
    const spelt = text.trim()
    if (!isNamed && !/^VAA[0-9A-Z.]*(?:\/|$)/.test(spelt)) return undefined
    if (!/^VAA[0-9A-Z.]{1,32}(?:\/[!-~]{1,200})?$/.test(spelt)) {
      throw malformed(
        'vaa.form',
        say(
          'VAA 编码为 VAA、1 至 32 位企业编号（大写字母、数字、点），其后可有斜杠和 1 至 200 位可见字符',
          'a VAA code is VAA, 1 to 32 capitals, digits or dots, then optionally a slash and 1 to 200 visible characters',
        ),
      )
    }
    const slash = spelt.indexOf('/')
    const authority = slash === -1 ? spelt : spelt.slice(0, slash)
    return { system: 'vaa', text: spelt, key: `vaa:${spelt}`, authority }
  },
}

/** Whether what stands before a slash is an issuer of this system rather than a handle's prefix. */
export function isVaaIssuer(prefix: string): boolean {
  return /^VAA[0-9A-Z.]*$/.test(prefix)
}
