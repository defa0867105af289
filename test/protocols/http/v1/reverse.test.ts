import t from 'tap'
import type { Reverse } from '../../../../src/protocols/http/parts.ts'
import { aDoor, aSmallWorld } from '../a-door.ts'

t.test('one asks by value or by prefix, never both or neither', async t => {
  const asked: unknown[] = []
  const find: Reverse['find'] = async (what, caller, page) => {
    asked.push([what, caller.id, page])
    return { items: [{ identifier: '88.118.8/a', code: null, via: 'GS1' }], next: null }
  }
  const { app } = aDoor(t, { ...aSmallWorld, parts: { reverse: { find } } })

  const byValue = await app.inject('/v1/reverse?value=06901234000016&limit=5')
  await app.inject('/v1/reverse?prefix=gs1:6901234')

  t.strictSame(byValue.json().items, [{ identifier: '88.118.8/a', code: null, via: 'GS1' }])
  t.strictSame(asked, [
    [{ value: '06901234000016' }, 'anyone', { cursor: undefined, limit: 5 }],
    [{ system: 'gs1', prefix: '6901234' }, 'anyone', { cursor: undefined, limit: 100 }],
  ])
  for (const query of ['', '?value=a&prefix=88.118.8', '?value=', '?prefix=gs1:x']) {
    t.equal((await app.inject(`/v1/reverse${query}`)).statusCode, 400, query)
  }
})
