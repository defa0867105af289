import t from 'tap'
import { checkGrant, parseGrant } from '../../../src/registry/imports/grant-token.ts'

const good = {
  v: 1,
  id: 'grant-7',
  source: '86',
  target: '88.118',
  prefixes: ['88.118.1', 'gs1:6901234'],
  tables: ['identifiers', 'basic'],
  fields: { basic: ['name', 'address'] },
  rows: 20_000,
  nbf: 1_795_413_600,
  exp: 1_795_500_000,
}
const targets = ['88.118', '88.118.1']

function parse(more: object = {}) {
  return parseGrant(Buffer.from(JSON.stringify({ ...good, ...more })))
}

t.test('a grant is read with what we know of it, and nothing else', async t => {
  t.strictSame(parse({ comment: 'x' }), good)
  t.strictSame(parse({ fields: undefined }).fields, {})
  t.strictSame(parse({ tables: ['basic', 'basic'] }).tables, ['basic'])
})

t.test('a grant that breaks a rule says which', async t => {
  for (const [more, rule] of [
    [{ v: 2 }, 'v'],
    [{ id: '' }, 'id'],
    [{ source: null }, 'source'],
    [{ target: 1 }, 'target'],
    [{ prefixes: [] }, 'prefixes'],
    [{ tables: [] }, 'tables'],
    [{ tables: ['users'] }, 'tables'],
    [{ tables: 'basic' }, 'tables'],
    [{ fields: { products: [] } }, 'fields'],
    [{ fields: { basic: 'name' } }, 'basic'],
    [{ fields: { basic: ['a b'] } }, 'fields'],
    [{ fields: [] }, 'object'],
    [{ rows: 0 }, 'rows'],
    [{ rows: 1e300 }, 'rows'],
    [{ nbf: 'now' }, 'nbf'],
    [{ exp: good.nbf }, 'exp'],
  ] as const) {
    const errors = [{ rule: `grant.${rule}` }]
    t.throws(() => parse(more), { code: 'INPUT_INVALID', errors }, JSON.stringify(more))
  }
})

t.test('a grant is for us and not over; it may begin later', async t => {
  const check = (more: object, seconds: number) =>
    checkGrant(parse(more), { targets, now: new Date(seconds * 1000) })

  check({}, good.nbf)
  check({}, good.nbf - 86_400)
  check({ target: '88.118.1' }, good.exp - 1)
  t.throws(() => check({}, good.exp), {
    code: 'NOT_PERMITTED',
    errors: [{ rule: 'grant.expired' }],
  })
  t.throws(() => check({ target: '88.1' }, good.nbf), {
    code: 'NOT_PERMITTED',
    errors: [{ rule: 'grant.target' }],
  })
})
