import { malformed } from '../../model/failures.ts'
import type { Identifier } from '../../model/identifier.ts'
import { say } from '../../model/text.ts'
import { decodeOnce, type Scheme } from './scheme.ts'

/** Version, numbering system, master data (GB/T 31866). V0 is a GS1 key as it is, V5–V9 are reserved. */
const versions = [
  /^1[0-9]{4}[0-9]{1,20}$/,
  /^2[0-9]{4}[0-9]{1,28}$/,
  /^3[0-9A-Za-z]{5}[0-9A-Za-z]{1,39}$/,
  /^4[0-9A-Za-z]{5}.+$/u,
]

/** The numbering systems in general use: only their codes are recognised without being named. */
const knownStarts = /^(?:10064|10096|20128|300121)[0-9A-Za-z]*$/

/** Ecodes, bare or behind `/E=` in the URL of a query page. */
export const ecode: Scheme = {
  system: 'ecode',
  parse(text, { url, isNamed }) {
    if (url !== undefined) {
      const carried = /\/E=([1-4][0-9A-Za-z]{4}[^/]*)$/.exec(url.path)?.[1]
      return carried === undefined ? undefined : ecodeIdentifier(decodeOnce(carried))
    }
    const spelt = text.trim()
    return isNamed || knownStarts.test(spelt) ? ecodeIdentifier(spelt) : undefined
  },
}

function ecodeIdentifier(text: string): Identifier {
  if (!versions.some(version => version.test(text))) {
    throw malformed(
      'ecode.form',
      say(
        'Ecode 由版本（1 至 4）、编码体系标识（V1、V2 为 4 位数字，V3、V4 为 5 位字母数字）和主码组成',
        'an Ecode is version 1 to 4, numbering system (4 digits for 1 and 2, 5 letters or digits for 3 and 4), then data',
      ),
    )
  }
  return { system: 'ecode', text, key: `ecode:${text}`, authority: text }
}
