import fc from 'fast-check'
import t from 'tap'
import { fillTemplate, matchTemplate, readTemplate } from '../../src/mapping/template.ts'

const read = (text: string) => readTemplate(text, '/from')
const match = (template: string, text: string, isFolded = false) => {
  const found = matchTemplate(read(template), text, isFolded)
  return found && Object.fromEntries(found)
}
const ruleOf = (work: () => unknown) => {
  try {
    work()
    return 'fine'
  } catch (error) {
    return (error as { errors: { rule: string }[] }).errors[0]?.rule
  }
}

t.test('placeholders stand for runs of their class, within their length', async t => {
  t.same(match('01/{gtin}/21/{serial}', '01/06901234000016/21/S-1'), {
    gtin: '06901234000016',
    serial: 'S-1',
  })
  t.equal(match('01/{gtin}/21/{serial}', '01/06901234000016'), undefined)
  t.equal(match('01/{gtin}', '01/06901234000016/21/S'), undefined, 'to the end and no further')
  t.same(match('a{n:digits:2-3}b', 'a123b'), { n: '123' })
  t.equal(match('a{n:digits:2-3}b', 'a1b'), undefined)
  t.equal(match('a{n:digits:2-3}b', 'a1234b'), undefined)
  t.same(match('{y:digits:4}{m:digits:2}', '202611'), { y: '2026', m: '11' })
  t.same(match('{rest}', 'a/b/产品.1'), { rest: 'a/b/产品.1' })
})

t.test('letter case counts, except where the system folds it', async t => {
  t.equal(match('AB/{rest}', 'ab/x'), undefined)
  t.same(match('AB/{rest}', 'ab/X', true), { rest: 'X' })
})

t.test('a broken template is refused by the rule it breaks', async t => {
  t.equal(
    ruleOf(() => read('x'.repeat(256))),
    'template.length',
  )
  t.equal(
    ruleOf(() => read('{colour}')),
    'template.class',
  )
  t.equal(
    ruleOf(() => read('{constructor}')),
    'template.class',
  )
  t.equal(
    ruleOf(() => read('{a:.*}')),
    'template.class',
  )
  t.equal(
    ruleOf(() => read('{a:digits:0}')),
    'template.bounds',
  )
  t.equal(
    ruleOf(() => read('{a:digits:5-2}')),
    'template.bounds',
  )
  t.equal(
    ruleOf(() => read('{a:digits:201}')),
    'template.bounds',
  )
  t.equal(
    ruleOf(() => read('{gtin}{gtin}')),
    'template.twice',
  )
  t.equal(
    ruleOf(() => read('a{b')),
    'template.braces',
  )
  t.equal(
    ruleOf(() => read('{}')),
    'template.placeholder',
  )
  t.equal(
    ruleOf(() => read(Array.from({ length: 17 }, (_, at) => `{p${at}:digits:1}`).join(''))),
    'template.count',
  )
})

t.test('a placeholder of open length must be told where it ends', async t => {
  const judge = (template: string) => ruleOf(() => read(template))

  t.equal(judge('{a:alnum}{b:alnum}'), 'template.ambiguous')
  t.equal(judge('{a:alnum}x'), 'template.ambiguous')
  t.equal(judge('{rest}/x'), 'template.ambiguous')
  t.equal(judge('{a:alnum}-{b:alnum}'), 'fine')
  t.equal(judge('{a:digits:4}{b:alnum}'), 'fine')
  t.equal(judge('{a:alnum}'), 'fine')
})

t.test('what would take a regular expression an age is answered in one pass', async t => {
  const template = read([...'abcdefghijklmnop'].map(name => `{${name}:alnum}`).join('-'))
  const text = `${'a'.repeat(100_000)}!`
  const began = process.cpuUsage().user

  const found = Array.from({ length: 1_000 }, () => matchTemplate(template, text, false))

  // 10^8 characters looked at again and again would take seconds; a pass stops at 200.
  t.ok(process.cpuUsage().user - began < 2_000_000)
  t.ok(found.every(each => each === undefined))
})

t.test('what a template has taken apart, it puts together again', async () => {
  const classOf = { digits: '0123456789', upper: 'ABCXYZ', alnum: 'aZ09' }
  const kind = fc.constantFrom('digits', 'upper', 'alnum')
  const part = fc.tuple(kind, fc.integer({ min: 1, max: 8 })).chain(([name, most]) =>
    fc.tuple(
      fc.constant(`${name}:1-${most}`),
      fc.string({
        unit: fc.constantFrom(...classOf[name as keyof typeof classOf]),
        minLength: 1,
        maxLength: most,
      }),
    ),
  )

  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), parts => {
      const template = read(parts.map(([form], at) => `{p${at}:${form}}`).join('/'))
      const text = parts.map(([, value]) => value).join('/')

      const found = matchTemplate(template, text, false)

      const values = [...(found?.values() ?? [])]
      return values.join('/') === text && fillTemplate(template, found ?? new Map()) === text
    }),
    { numRuns: 300 },
  )
})
