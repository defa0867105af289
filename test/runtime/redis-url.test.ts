import t from 'tap'
import { parseRedisUrl } from '../../src/runtime/redis-url.ts'

t.test('one server', async t => {
  t.same(parseRedisUrl('redis://cache'), {
    kind: 'single',
    host: 'cache',
    port: 6379,
    database: 0,
    tls: false,
    username: undefined,
    password: undefined,
  })
  t.same(parseRedisUrl('rediss://me:p%40ss@[::1]:7000/3'), {
    kind: 'single',
    host: '::1',
    port: 7000,
    database: 3,
    tls: true,
    username: 'me',
    password: 'p@ss',
  })
})

t.test('several servers are a cluster, which has one database', async t => {
  t.same(parseRedisUrl('redis://:hush@a:7000,redis://b:7001'), {
    kind: 'cluster',
    nodes: [
      { host: 'a', port: 7000 },
      { host: 'b', port: 7001 },
    ],
    tls: false,
    username: undefined,
    password: 'hush',
  })
  t.equal(parseRedisUrl('redis://a/1,redis://b/1'), undefined)
})

t.test('Sentinels know the master by its name', async t => {
  t.same(parseRedisUrl('redis+sentinel://:hush@h1,h2:26380/main/2'), {
    kind: 'sentinel',
    sentinels: [
      { host: 'h1', port: 26379 },
      { host: 'h2', port: 26380 },
    ],
    name: 'main',
    database: 2,
    tls: false,
    username: undefined,
    password: 'hush',
  })
  t.equal(parseRedisUrl('redis+sentinel://h1,h2'), undefined, 'no name')
})

t.test('anything else is refused', async t => {
  for (const text of ['', 'cache:6379', 'http://cache', 'redis://', 'redis://a,b', 'redis://a/x']) {
    t.equal(parseRedisUrl(text), undefined, text)
  }
  t.equal(parseRedisUrl('redis://a:99999'), undefined)
  t.equal(parseRedisUrl('redis+sentinel://h1,/main'), undefined)
  t.equal(parseRedisUrl('redis://a%zz:b@c'), undefined, 'an escape that is none')
})
