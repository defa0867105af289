import t from 'tap'
import type { RuleContent } from '../../../src/mapping/rules.ts'
import { anIdentifier, anOperator } from '../../support/builders.ts'
import { refusalOf } from '../../support/filing.ts'
import { aLandOffice } from './a-land-office.ts'

const office = await aLandOffice(t)
const { rules, ruleBook, prefixes, directory } = office
const alpha = await office.enterprise('alpha')
const beta = await office.enterprise('beta')
await office.prefix('88.118.8', { owner: alpha.of.code })
await office.prefix('88.118.7', { owner: beta.of.code })
await office.prefix('6901234', { system: 'gs1', owner: alpha.of.code })

const exact: RuleContent = { kind: 'exact', from: '6901234000016', to: '88.118.8/ABC-1' }
const rewritten = (text: string) => ruleBook.rewrite(anIdentifier(text))?.identifier.text

function add(content: RuleContent, caller = alpha, prefix = 'gs1:6901234') {
  return rules.create(alpha.of.code, { prefix, content }, { caller })
}

t.test(
  'a rule leads from the moment it is written, and outdates what was answered before',
  async t => {
    const epoch = directory.find('gs1', '6901234')?.epoch ?? 0

    const rule = await add(exact)
    await office.readRules(['gs1', '6901234'])

    t.match(rule, {
      system: 'gs1',
      prefix: '6901234',
      position: 1,
      content: { from: '01/06901234000016' },
    })
    t.equal(rewritten('6901234000016'), '88.118.8/ABC-1')
    t.ok((directory.find('gs1', '6901234')?.epoch ?? 0) > epoch)
  },
)

t.test('rules are listed in the order in which they were written, and taken away', async t => {
  const { id } = await add({ kind: 'prefix', from: '6901234', to: '88.118.8/' })

  t.match(await rules.list(alpha.of.code, alpha), [{ position: 1 }, { id, position: 2 }])
  t.equal(await rules.remove(alpha.of.code, id, { caller: alpha }), true)
  t.equal(await rules.remove(alpha.of.code, id, { caller: alpha }), false)
  t.equal((await rules.list(alpha.of.code, alpha)).length, 1)
})

t.test('a rule is its holder’s, from what it holds to what it holds', async t => {
  t.equal(await refusalOf(add(exact, beta)), 'NOT_PERMITTED, /code subject')
  t.equal(await refusalOf(add({ ...exact, to: '88.118.7/x' })), 'INPUT_INVALID, /to rule.owner')
  t.equal(
    await refusalOf(
      add({ kind: 'prefix', from: '6901235', to: '88.118.8/' }, alpha, 'gs1:6901235'),
    ),
    'INPUT_INVALID, /prefix rule.holder',
  )
  t.equal(await refusalOf(rules.list(alpha.of.code, beta)), 'NOT_PERMITTED, /code subject')
})

t.test('after a hand-over the rule leads nowhere until the target follows', async t => {
  await prefixes.patch('gs1', '6901234', { owner: beta.of.code }, { caller: anOperator })
  await office.readRules(['gs1', '6901234'])
  const between = rewritten('6901234000016')
  await prefixes.patch('handle', '88.118.8', { owner: beta.of.code }, { caller: anOperator })

  t.equal(between, undefined)
  t.equal(rewritten('6901234000016'), '88.118.8/ABC-1')
  t.equal((await rules.list(beta.of.code, beta)).length, 1)
  t.equal((await rules.list(alpha.of.code, alpha)).length, 0)
})
