import t from 'tap'
import { makeNames } from '../../../src/mapping/schemes/index.ts'
import type { System } from '../../../src/model/identifier.ts'

export const names = makeNames({ codePrefix: '88.118.1' })

/** Every spelling has this normal form, and printing and reading it again changes nothing. */
export function readsAs(
  system: System,
  text: string,
  spellings: readonly string[],
  named?: System,
) {
  t.test(`${text} (${system}) has ${spellings.length} spellings here`, async t => {
    for (const spelling of [text, ...spellings]) {
      const identifier = names.parse(spelling, named)

      t.match(identifier, { system, text }, JSON.stringify(spelling))
      t.equal(names.parse(identifier.text, system).key, identifier.key)
    }
  })
}

/** The text is refused, and the refusal names this rule. */
export function isRefused(text: string, rule: string, named?: System) {
  t.test(`${JSON.stringify(text.slice(0, 60))} is refused: ${rule}`, async t => {
    t.throws(() => names.parse(text, named), {
      code: 'IDENTIFIER_MALFORMED',
      errors: [{ pointer: '/identifier', rule }],
    })
  })
}
