import t from 'tap'
import type { Prefix } from '../../../src/model/prefix.ts'
import { makeCheckRow } from '../../../src/registry/staging/check-rows.ts'
import { anOperator, names } from '../../support/builders.ts'

const at = new Date('2026-11-23T06:00:00.500Z')
const hosted: Prefix = {
  system: 'handle',
  prefix: '88.118.8',
  owner: null,
  state: 'enabled',
  served: 'hosted',
  sites: [],
  uses: [],
  epoch: 1,
}

function aCheck(more: { prefix?: Partial<Prefix>; onAsked?: () => void } = {}) {
  const rules = {
    names,
    matchPrefix: ({ authority }: { authority: string }) =>
      authority === '88.118.8' ? { ...hosted, ...more.prefix } : undefined,
    demandAuthority: () => more.onAsked?.(),
  }
  return makeCheckRow(rules, anOperator, at)
}

t.test('a row is staged as it would be written', async t => {
  const check = aCheck()

  const row = check(7, {
    identifier: '88.118.8/ABC',
    kind: 'product',
    values: [
      { index: 2, type: 'GS1', data: '01/06901234000016' },
      { index: 1, type: 'URL', data: 'https://example.cn/' },
    ],
  })

  t.match(row, {
    row: 7,
    op: 'put',
    key: '88.118.8/abc',
    identifier: '88.118.8/ABC',
    prefix: '88.118.8',
    kind: 'product',
    values: [
      { index: 1, timestamp: '2026-11-23T06:00:00Z' },
      { index: 2, type: 'GS1' },
    ],
    aliases: [{ system: 'gs1', standing: 'granted' }],
    successor: undefined,
  })
})

t.test('rights are asked for places and not for rows', async t => {
  let asked = 0
  const check = aCheck({
    onAsked: () => {
      asked++
    },
  })

  for (let row = 1; row <= 100; row++) check(row, { identifier: `88.118.8/${row}` })

  t.equal(asked, 1)
})

t.test('a row says which rule of single writes it breaks', async t => {
  const check = aCheck()
  const disabled = aCheck({ prefix: { state: 'disabled' } })
  const values = [{ index: 0, type: 'URL', data: 'x' }]

  t.throws(() => check(1, { identifier: 'nothing' }), { code: 'IDENTIFIER_MALFORMED' })
  t.throws(() => check(1, { identifier: '88.999/x' }), { code: 'PREFIX_UNKNOWN' })
  t.throws(() => check(1, { identifier: '88.118.8/x', kind: 'subject' }), {
    errors: [{ rule: 'kind.reserved' }],
  })
  t.throws(() => check(1, { identifier: '88.118.8/x', values }), {
    errors: [{ pointer: '/values/0/index' }],
  })
  t.throws(() => disabled(1, { identifier: '88.118.8/x' }), { code: 'STATE_CONFLICT' })
})

t.test('a withdrawal has no values', async t => {
  const row = aCheck()(1, { identifier: '88.118.8/x', withdraw: true, values: [] })

  t.match(row, { op: 'withdraw', values: [], aliases: [] })
})
