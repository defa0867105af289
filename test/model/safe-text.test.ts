import t from 'tap'
import {
  hasLoneSurrogateOrNul,
  requireRegistrable,
  requireSafe,
} from '../../src/model/safe-text.ts'

for (const [name, text, rule] of [
  ['NUL', 'a\0b', 'text.nul'],
  ['a line feed', 'a\n', 'text.control'],
  ['DEL', 'a\x7f', 'text.control'],
  ['a C1 control', 'a\u0085', 'text.control'],
  ['a line separator', 'a\u2028', 'text.control'],
  ['an override', 'a\u202eb', 'text.bidi'],
  ['an isolate', 'a\u2066b', 'text.bidi'],
  ['a left-to-right mark', 'a\u200eb', 'text.bidi'],
  ['a zero-width space', 'a\u200bb', 'text.invisible'],
  ['a zero-width joiner', 'a\u200db', 'text.invisible'],
  ['a byte order mark', '\ufeffa', 'text.invisible'],
  ['a soft hyphen', 'a\u00adb', 'text.invisible'],
  ['a tag character', 'a\u{e0041}', 'text.invisible'],
  ['a high surrogate', 'a\ud800b', 'text.surrogate'],
  ['a low surrogate', '\udc00', 'text.surrogate'],
  ['256 bytes', 'a'.repeat(256), 'text.tooLong'],
  ['86 characters of 3 bytes', '标'.repeat(86), 'text.tooLong'],
  ['a megabyte', '\u200b'.repeat(1_000_000), 'text.tooLong'],
] as const) {
  t.test(`${name} is refused: ${rule}`, async t => {
    t.throws(() => requireSafe(text), { code: 'IDENTIFIER_MALFORMED', errors: [{ rule }] })
  })
}

t.test('255 bytes, Chinese, pairs of surrogates and accents are fine', async t => {
  for (const text of ['a'.repeat(255), '标'.repeat(85), '𠮷😀', 'é', 'e\u0301', '10 kΩ']) {
    t.doesNotThrow(() => requireSafe(text), text)
  }
})

for (const [text, rule] of [
  ['e\u0301', 'text.nfc'],
  ['pаyment', 'text.mixedScripts'],
  ['Αpha', 'text.mixedScripts'],
  ['a\u3164', 'text.invisible'],
  ['a\ufe0f', 'text.invisible'],
] as const) {
  t.test(`${JSON.stringify(text)} is not registered: ${rule}`, async t => {
    t.throws(() => requireRegistrable(text), { errors: [{ rule }] })
  })
}

t.test('one alphabet at a time may be registered', async t => {
  for (const text of ['é', 'Привет-1', 'αβγ', '产品.001', 'Ａ', '5 µm']) {
    t.doesNotThrow(() => requireRegistrable(text), text)
  }
})

t.test('NUL and lone surrogates are found in any text', async t => {
  for (const text of ['\0', 'a\ud83d', '\ude00a', '\ude00\ud83d', `${'a'.repeat(9000)}\0`]) {
    t.ok(hasLoneSurrogateOrNul(text))
  }
  for (const text of ['', 'a', '😀', '\n', '\u200b']) t.notOk(hasLoneSurrogateOrNul(text))
})
