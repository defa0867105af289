import { randomBytes } from 'node:crypto'
import t from 'tap'
import { makeCodeKeys } from '../../src/crypto/code-keys.ts'
import { kcvOf } from '../../src/crypto/key-algorithms.ts'
import type { Key } from '../../src/crypto/key-store.ts'
import { checkSymbolOf } from '../../src/model/code.ts'

const prefix = '88.118.1'

function aCodeKey(version: number, more: Partial<Key> = {}): Key {
  const key = more.key ?? randomBytes(16)
  return {
    purpose: 'code',
    scope: prefix,
    version,
    algorithm: 'sm4',
    state: 'active',
    leaked: false,
    key,
    kcv: kcvOf('sm4', key),
    createdAt: new Date('2026-11-23T06:00:00Z'),
    ...more,
  }
}

t.test('the newest active version issues, and the former ones go on reading', async t => {
  const first = aCodeKey(1)
  const code = makeCodeKeys(prefix, [first]).encode(7, 1)
  const keys = makeCodeKeys(prefix, [{ ...first, state: 'retired' }, aCodeKey(2), aCodeKey(3)])

  t.equal(keys.issuing, 3)
  t.equal(keys.verdict(code), 'genuine')
  t.equal(keys.seqOf(code), 7)
  t.throws(() => keys.encode(8, 1), 'a retired key issues nothing')
})

t.test('a destroyed version is as if it had never been', async t => {
  const code = makeCodeKeys(prefix, [aCodeKey(1)]).encode(7, 1)

  t.equal(makeCodeKeys(prefix, [aCodeKey(2)]).verdict(code), 'unknownVersion')
})

t.test('a version that leaked tells nobody’s guesses from codes: the store decides', async t => {
  const leaked = aCodeKey(1, { state: 'retired', leaked: true })
  const keys = makeCodeKeys(prefix, [leaked, aCodeKey(2)])
  const guess = `1ABCDEFGHJKLM${checkSymbolOf('1ABCDEFGHJKLM')}`

  t.equal(keys.verdict(guess), 'genuine')
  t.equal(
    makeCodeKeys(prefix, [{ ...leaked, leaked: false }, aCodeKey(2)]).verdict(guess),
    'forged',
  )
})

t.test('codes of a published key are the demo’s', async t => {
  const published = aCodeKey(1, { key: Buffer.from('0123456789abcdeffedcba9876543210', 'hex') })
  const keys = makeCodeKeys(prefix, [published, aCodeKey(2)])

  t.equal(keys.isPublished(keys.encode(1, 1)), true)
  t.equal(keys.isPublished(keys.encode(1, 2)), false)
})
