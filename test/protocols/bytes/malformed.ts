import type { MalformedRule } from '../../../src/protocols/bytes/malformed-bytes.ts'

/** For `t.throws`: the decoders' error, with this rule. */
export function malformed(rule: MalformedRule): { name: string; rule: MalformedRule } {
  return { name: 'MalformedBytes', rule }
}
