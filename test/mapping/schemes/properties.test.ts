import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../../src/model/failures.ts'
import { type Identifier, type System, systems } from '../../../src/model/identifier.ts'
import { names } from './spellings.ts'

const runs = { numRuns: 2000, seed: 20_261_123 }

const pieces = fc.constantFrom(
  '88',
  '118',
  '8',
  '.',
  '/',
  '/',
  '。',
  '／',
  ' ',
  '-',
  '%2F',
  '%25',
  '%',
  '?',
  '#',
  'a',
  'Z',
  'é',
  '产',
  '0.NA',
  'hdl:',
  'doi:',
  'https://h.cn/',
  'https://',
  '01',
  '10',
  '21',
  '(01)',
  '(10)',
  '\x1d',
  ']C1',
  '06901234567892',
  '6901234567892',
  '369012345000000012',
  '1XJRACLXEEWEA9',
  '88.118.1/',
  '88.118.8/',
  'urn:oid:',
  '1.2.156',
  'urn:epc:id:sgtin:6901234.056789.',
  'did:',
  'web:',
  'bid:',
  'VAA',
  'E=',
  '10064',
  '\u200b',
  '\0',
  '\ud800',
  '\u202e',
  '０',
  'r/',
  'C/',
)
const text = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
)
const system = fc.option(fc.constantFrom<System>(...systems), { nil: undefined })

function tryParse(text: string, system?: System): Identifier | undefined {
  try {
    return names.parse(text, system)
  } catch (error) {
    if (error instanceof Failure && error.code === 'IDENTIFIER_MALFORMED') return undefined
    throw error
  }
}

t.test('no text makes anything but a failure', async t => {
  fc.assert(
    fc.property(text, system, (text, system) => {
      tryParse(text, system)
      try {
        names.parseForRegistering(text, system)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
      }
    }),
    runs,
  )
  t.pass('failures only')
})

t.test('reading what was printed changes nothing', async t => {
  let read = 0
  fc.assert(
    fc.property(text, system, (text, system) => {
      const first = tryParse(text, system)
      if (first === undefined) return
      read++
      t.strictSame(names.parse(first.text, first.system), first)
      // Only Ecodes of unknown numbering systems need their system said again.
      if (first.system !== 'ecode') t.strictSame(names.parse(first.text), first)
    }),
    runs,
  )
  t.ok(read > 200, `${read} texts were identifiers`)
})

t.test('a plain handle is what the careful reading makes of it', async t => {
  const suffix = fc.string({ minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(suffix, suffix => {
      const plain = names.parse(`88.118.8/${suffix}`)
      t.strictSame(names.parse(`hdl:88.118.8/${suffix}`), plain)
    }),
  )
})

t.test('nothing long is read: a megabyte of anything is refused at once', async t => {
  for (const unit of [
    '8',
    '8.',
    '.',
    '/',
    '(01)',
    '%25',
    '%',
    '\u0301',
    ' ',
    '-',
    '１',
    ':',
    '\x1d',
    'a/',
  ]) {
    for (const start of [
      '',
      '88.118.8/',
      'https://h/',
      'did:bid:',
      '(01)',
      '01/',
      'urn:oid:1.',
      'VAA',
      ']C1',
    ]) {
      const long = start + unit.repeat(1_000_000 / unit.length)

      const before = performance.now()
      t.equal(tryParse(long), undefined)
      t.ok(performance.now() - before < 100, `${start}${unit}…`)
    }
  }
})

t.test('the longest text that is read costs a few milliseconds at most', async t => {
  for (const unit of [
    '8',
    '8.',
    '.',
    '/',
    '(01)',
    '%25',
    'a\u0301',
    ' ',
    '-',
    '１',
    ':',
    '8.a',
    'z',
  ]) {
    for (const start of [
      '',
      '88.118.8/',
      'https://h/88.1',
      'did:key:z',
      '(01)',
      '01/',
      'urn:oid:1.',
      ']C1',
    ]) {
      const longest = (start + unit.repeat(2048)).slice(0, 2048)

      const times = [1, 2, 3].map(() => {
        const before = performance.now()
        tryParse(longest)
        return performance.now() - before
      })

      t.ok(Math.min(...times) < 20, `${start}${unit}…`)
    }
  }
})
