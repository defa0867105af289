import fc from 'fast-check'
import t from 'tap'
import { isWithin, makeScope } from '../../../src/registry/imports/scope.ts'

t.test('a scope reaches what lies below its prefixes, label by label', async t => {
  const scope = makeScope(['88.118.8', 'gs1:6901234'])

  t.ok(scope('handle', '88.118.8'))
  t.notOk(scope('handle', '88.118.80'))
  t.notOk(scope('handle', '88.118'))
  t.ok(scope('gs1', '69012340000'))
  t.notOk(scope('gs1', '690123'))
  t.ok(scope('code', '88.118.8'), 'codes are handles')
})

t.test('a narrow list is within a wide one only with every prefix of it', async t => {
  t.ok(isWithin(['88.118.8', '88.118.9'], ['88.118']))
  t.notOk(isWithin(['88.118.8', '88.119.9'], ['88.118']))
  t.notOk(isWithin(['88.118.80'], ['88.118.8']))
})

t.test('no prefix reaches another that only begins like it', async t => {
  const label = fc.integer({ min: 1, max: 999 })
  const property = fc.property(label, label, (one, other) => {
    const isReached = isWithin([`88.118.${one}`], [`88.118.${other}`])
    return isReached === (one === other)
  })

  t.doesNotThrow(() => fc.assert(property))
})
