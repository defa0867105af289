import t from 'tap'
import { handleHash, serverNumberOf } from '../../../src/protocols/handle/server-hash.ts'

t.test('only ASCII letters fold before hashing', async t => {
  t.equal(handleHash('88.1/abc', undefined), handleHash('88.1/ABC', undefined))
  t.not(handleHash('88.1/é', undefined), handleHash('88.1/É', undefined))
})

t.test('the chosen part decides', async t => {
  const by = (handle: string, option: 'HASH_TYPE_BY_PREFIX' | 'HASH_TYPE_BY_SUFFIX') =>
    handleHash(handle, option)

  t.equal(by('88.1/a', 'HASH_TYPE_BY_PREFIX'), by('88.1/b', 'HASH_TYPE_BY_PREFIX'))
  t.equal(by('88.1', 'HASH_TYPE_BY_PREFIX'), by('88.1/b', 'HASH_TYPE_BY_PREFIX'))
  t.equal(by('88.1/a/b', 'HASH_TYPE_BY_SUFFIX'), by('88.2/a/b', 'HASH_TYPE_BY_SUFFIX'))
  t.not(by('88.1/a', 'HASH_TYPE_BY_SUFFIX'), by('88.1/b', 'HASH_TYPE_BY_SUFFIX'))
  t.equal(handleHash('88.1/a', 'HASH_TYPE_BY_ALL'), handleHash('88.1/a', undefined))
})

t.test('the number is one of the servers', async t => {
  for (let n = 0; n < 100; n += 1) {
    const server = serverNumberOf(`88.1/${n}`, undefined, 7)
    t.ok(server >= 0 && server < 7)
  }
})
