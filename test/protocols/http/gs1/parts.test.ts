import t from 'tap'
import { gs1Keys } from '../../../../src/mapping/schemes/gs1-keys.ts'
import { Failure } from '../../../../src/model/failures.ts'
import type { Identifier } from '../../../../src/model/identifier.ts'
import { findLevels } from '../../../../src/protocols/http/gs1/levels.ts'
import { primaryKeys } from '../../../../src/protocols/http/gs1/primary-keys.ts'
import { withQuery } from '../../../../src/protocols/http/gs1/with-query.ts'
import type { Answer } from '../../../../src/resolver/parts.ts'

t.test('every primary key that is parsed has its path, and no other', async t => {
  t.strictSame([...primaryKeys].sort(), [...gs1Keys.keys()].sort())
})

function those(...texts: readonly string[]): Identifier[] {
  return texts.map(text => ({ system: 'gs1', text, key: `gs1:${text}`, authority: '' }))
}

function answers(known: Readonly<Record<string, string | Failure>>) {
  return async ({ text }: Identifier): Promise<Answer> => {
    const found = known[text] ?? new Failure('IDENTIFIER_UNKNOWN')
    if (found instanceof Failure) throw found
    return { identifier: found } as Answer
  }
}

t.test('a record stands at the most general level that it answers for', async t => {
  // As where whoever is asked walks up by themselves.
  const ask = answers({ serial: 'lot', lot: 'lot', key: 'class' })
  const levels = await findLevels(those('serial', 'lot', 'key'), ask)

  t.strictSame(
    levels.map(({ identifier, answer }) => [identifier.text, answer.identifier]),
    [
      ['lot', 'lot'],
      ['key', 'class'],
    ],
  )
})

t.test('what is known to be gone, or cannot be known now, is not passed over', async t => {
  const gone = new Failure('IDENTIFIER_GONE')
  const away = new Failure('STORE_AWAY')

  await t.rejects(findLevels(those('a', 'b'), answers({ a: gone, b: 'class' })), gone)
  await t.rejects(findLevels(those('a', 'b'), answers({ a: away, b: 'class' })), away)
  await t.rejects(findLevels(those('a', 'b'), answers({})), { code: 'IDENTIFIER_UNKNOWN' })
  t.equal((await findLevels(those('a', 'b'), answers({ a: 'serial', b: gone }))).length, 1)
  // Whoever is asked passed over b on their way up from a.
  await t.rejects(
    findLevels(those('a', 'b', 'c'), answers({ a: 'class', b: gone, c: 'class' })),
    gone,
  )
})

t.test('a query goes behind the one there is, and before a fragment', async t => {
  t.equal(withQuery('https://a.example/', ''), 'https://a.example/')
  t.equal(withQuery('https://a.example/', 'x=1'), 'https://a.example/?x=1')
  t.equal(withQuery('https://a.example/?y', 'x=1'), 'https://a.example/?y&x=1')
  t.equal(withQuery('https://a.example/?', 'x=1'), 'https://a.example/?x=1')
  t.equal(withQuery('https://a.example/#f', 'x=1'), 'https://a.example/?x=1#f')
  t.equal(withQuery('https://a.example/?y&#f?g', 'x=1'), 'https://a.example/?y&x=1#f?g')
})
