import t from 'tap'
import { PrefixDirectory } from '../../src/mapping/directory.ts'
import { parsePrefix } from '../../src/mapping/prefix-walk.ts'
import { makeRuleBook } from '../../src/mapping/rule-match.ts'
import { type MappingRule, type RuleContent, readRule } from '../../src/mapping/rules.ts'
import { Failure } from '../../src/model/failures.ts'
import type { System } from '../../src/model/identifier.ts'
import { anIdentifier, aPrefix, aSubject, names, nodePrefix } from '../support/builders.ts'

const parseIdentifier = (text: string, system?: System) => names.parse(text, system)

/** A holder of prefixes in many systems, somebody else, and rules. */
function aBook(system: System, prefix: string, ...contents: readonly RuleContent[]) {
  const directory = new PrefixDirectory(nodePrefix)
  const owner = 'aaaaaaaaaaaaaa'
  directory.learn({
    subjects: [aSubject(owner), aSubject('bbbbbbbbbbbbbb')],
    prefixes: [
      aPrefix('88.118.8', { owner }),
      aPrefix('88.118.80', { owner: 'bbbbbbbbbbbbbb' }),
      aPrefix('88.118.6', { owner, state: 'disabled' }),
      aPrefix('86.100.1', { owner }),
      aPrefix('6901234', { system: 'gs1', owner }),
      aPrefix('69012345', { system: 'gs1', owner: 'bbbbbbbbbbbbbb' }),
      aPrefix('6909999', { system: 'gs1' }),
      aPrefix('2.999.118.8', { system: 'oid', owner }),
      aPrefix('VAA88.118.8', { system: 'vaa', owner }),
      aPrefix('did:web:example.com', { system: 'did', owner }),
      aPrefix('example.com/p', { system: 'url', owner }),
      aPrefix('3000123', { system: 'ecode', owner }),
    ],
  })
  const book = makeRuleBook({
    match: identifier => directory.match(identifier),
    find: (system, prefix) => directory.find(system, prefix),
    parseIdentifier,
  })
  const rules = contents.map(
    (content, at): MappingRule => ({ id: `r${at}`, system, prefix, position: at + 1, content }),
  )
  book.learn([{ system, prefix, epoch: 1, rules }])
  return {
    ...book,
    directory,
    to: (text: string, named?: System) => {
      const rewriting = book.rewrite(anIdentifier(text, named))
      return rewriting && `${rewriting.rule.id} ${rewriting.identifier.text}`
    },
    why: (text: string) =>
      book.explain(anIdentifier(text)).considered.map(({ rule, whyNot }) => [rule.id, whyNot]),
  }
}

t.test('what names one thing comes before a table, templates and beginnings', async t => {
  const book = aBook(
    'gs1',
    '6901234',
    { kind: 'prefix', from: '6901234', to: '88.118.8/' },
    { kind: 'template', from: '01/{gtin}', to: '88.118.8/T-{gtin}' },
    { kind: 'table', rows: [{ from: '01/06901234000023', to: '88.118.8/ABC-2' }] },
    { kind: 'exact', from: '01/06901234000016', to: '88.118.8/ABC-1' },
  )

  t.equal(book.to('6901234000016'), 'r3 88.118.8/ABC-1')
  t.equal(book.to('6901234000023'), 'r2 88.118.8/ABC-2')
  t.equal(book.to('6901234000030'), 'r1 88.118.8/T-06901234000030')
  t.equal(book.to('01/06901234000030/21/S1'), 'r0 88.118.8/01/06901234000030/21/S1')
  t.same(book.why('6901234000016'), [
    ['r3', null],
    ['r2', 'form'],
    ['r1', 'later'],
    ['r0', 'later'],
  ])
})

t.test('of two beginnings the longer one answers', async t => {
  const book = aBook(
    'gs1',
    '6901234',
    { kind: 'prefix', from: '6901234', to: '88.118.8/all-' },
    { kind: 'prefix', from: '690123400', to: '88.118.8/some-' },
  )

  t.equal(book.to('6901234000016'), 'r1 88.118.8/some-01/06901234000016')
  t.equal(book.to('6901234100006'), 'r0 88.118.8/all-01/06901234100006')
})

t.test('what stands behind a beginning is cut by the system’s own parts', async t => {
  const to = (system: System, prefix: string, text: string) =>
    aBook(system, prefix, { kind: 'prefix', from: prefix, to: '88.118.8/' }).to(text, system)

  t.equal(to('handle', '86.100.1', '86.100.1/a/B'), 'r0 88.118.8/a/B')
  t.equal(to('handle', '86.100.1', '86.100.1.5/B'), undefined, 'else it would be 86.100.1/5/B too')
  t.equal(to('oid', '2.999.118.8', '2.999.118.8.4.2'), 'r0 88.118.8/4.2')
  t.equal(to('oid', '2.999.118.8', '2.999.118.80.4'), undefined)
  t.equal(to('vaa', 'VAA88.118.8', 'VAA88.118.8/ABC-4'), 'r0 88.118.8/ABC-4')
  t.equal(to('did', 'did:web:example.com', 'did:web:example.com:9'), 'r0 88.118.8/9')
  t.equal(to('url', 'example.com/p', 'https://example.com/p/abc-1?x=1'), 'r0 88.118.8/abc-1?x=1')
  t.equal(to('ecode', '3000123', '30001234567'), 'r0 88.118.8/4567')
})

t.test('two things whose names differ in letter case alone do not become one', async t => {
  const book = aBook('gs1', '6901234', {
    kind: 'template',
    from: '01/{gtin}/21/{serial}',
    to: '88.118.8/{gtin}-{serial}',
  })

  t.equal(book.to('01/06901234000016/21/A1'), 'r0 88.118.8/06901234000016-A1')
  t.equal(book.to('01/06901234000016/21/a1'), undefined)
  t.same(book.why('01/06901234000016/21/a1'), [['r0', 'case']])
})

t.test('a rule leads only to what the holder of its prefix holds and answers', async t => {
  const exact = (to: string) =>
    aBook('gs1', '6901234', { kind: 'exact', from: '01/06901234000016', to })

  t.same(exact('88.118.80/x').why('6901234000016'), [['r0', 'owner']])
  t.same(exact('88.118.6/x').why('6901234000016'), [['r0', 'owner']])
  t.same(exact('88.118.8/x').why('6901234000016'), [['r0', null]])
})

t.test(
  'a hand-over takes the rule along, and it leads where the new holder holds the target',
  async t => {
    const book = aBook('gs1', '6901234', {
      kind: 'exact',
      from: '01/06901234000016',
      to: '88.118.80/x',
    })

    book.directory.learn({
      subjects: [],
      prefixes: [aPrefix('6901234', { system: 'gs1', owner: 'bbbbbbbbbbbbbb', epoch: 2 })],
    })

    t.equal(book.to('6901234000016'), 'r0 88.118.80/x')
  },
)

t.test('a longer prefix of somebody else has rules of its own, and nobody’s has none', async t => {
  const rule = { kind: 'prefix', from: '6901234', to: '88.118.8/' } as const
  const book = aBook('gs1', '6901234', rule)

  t.equal(book.to('6901234567892'), undefined, 'that is 69012345’s')
  t.equal(aBook('gs1', '6909999', rule).to('6909999000012'), undefined)
})

t.test('rules that are older than the directory’s row are known better', async t => {
  const book = aBook('gs1', '6901234', { kind: 'prefix', from: '6901234', to: '88.118.8/' })
  book.directory.learn({
    subjects: [],
    prefixes: [aPrefix('6901234', { system: 'gs1', owner: 'aaaaaaaaaaaaaa', epoch: 3 })],
  })

  book.learn([{ system: 'gs1', prefix: '6901234', epoch: 2, rules: [] }])
  t.ok(book.to('6901234000016'))

  book.learn([{ system: 'gs1', prefix: '6901234', epoch: 3, rules: [] }])
  t.notOk(book.to('6901234000016'))
  t.same(book.prefixes(), [])
})

t.test('a rule is refused where it is written, by what is wrong with it', async t => {
  const refusal = (content: RuleContent, system: System = 'gs1', prefix = '6901234') => {
    try {
      readRule(content, { system, prefix, parseIdentifier, parsePrefix })
      return 'fine'
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return error.errors.map(({ pointer, rule }) => `${pointer} ${rule}`).join()
    }
  }
  const exact = (from: string, to: string) => refusal({ kind: 'exact', from, to })

  t.equal(exact('6901234000017', '88.118.8/x'), '/from gs1.checkDigit')
  t.equal(exact('01/06901234000016/21/S/10/L', '88.118.8/x'), '/from gs1.order')
  t.equal(exact('6901235000015', '88.118.8/x'), '/from rule.prefix')
  t.equal(exact('6901234000016', '88..8/x'), '/to handle.emptyLabel')
  t.equal(exact('6901234000016', '06901234000016'), '/to rule.loop')
  t.equal(exact('(01)06901234000016', '88.118.8/x'), 'fine')
  t.equal(refusal({ kind: 'exact', from: '2.40.1', to: '88.118.8/x' }, 'oid', '2.40'), 'fine')
  t.equal(
    refusal({ kind: 'exact', from: '1.40.1', to: '88.118.8/x' }, 'oid', '1.2'),
    '/from oid.secondArc',
  )
  t.equal(
    refusal({ kind: 'exact', from: '88.101.0042/x', to: '88.118.8/x' }, 'handle', '88.101.42'),
    '/from rule.prefix',
    'a leading zero is another prefix',
  )
  t.equal(refusal({ kind: 'table', rows: [] }), '/rows rule.rows')
  t.equal(
    refusal({
      kind: 'table',
      rows: [
        { from: '6901234000016', to: '88.118.8/x' },
        { from: 'x', to: '88.118.8/x' },
      ],
    }),
    '/rows/1/from gs1.form',
  )
  t.equal(
    refusal({ kind: 'template', from: '01/{gtin}', to: '88.118.8/{serial}' }),
    '/to template.unknown',
  )
  t.equal(
    refusal({ kind: 'template', from: '01/{gtin}/21/{serial}', to: '88.118.8/{gtin}' }),
    '/to template.lost',
  )
  t.equal(refusal({ kind: 'template', from: '01/{gtin}', to: '88.{gtin}/x' }), '/to rule.target')
  t.equal(refusal({ kind: 'prefix', from: '690123', to: '88.118.8/' }), '/from rule.prefix')
  t.equal(refusal({ kind: 'prefix', from: '6901234', to: '88.118.8' }), '/to rule.target')
})
