import t from 'tap'
import {
  identifierIn,
  parseQuery,
  pathEnd,
  requireReadableUrl,
} from '../../../src/protocols/http/url-text.ts'

const start = '/v1/resolve/'.length
const read = (rest: string) => identifierIn(`/v1/resolve/${rest}`, start)

t.test('an identifier in a path is decoded exactly once', async t => {
  t.equal(read('88.118.8/ABC'), '88.118.8/ABC')
  t.equal(read('88.118.8%2FABC'), '88.118.8/ABC')
  t.equal(read('88.118.8/a%2520b'), '88.118.8/a%20b')
  t.equal(read('88.118.8/a+b'), '88.118.8/a+b')
  t.equal(read('88.118.8/a%2Bb'), '88.118.8/a+b')
  t.equal(read('88.118.8/a%3Fb%23c'), '88.118.8/a?b#c')
  t.equal(read('88.118.8//a/../b'), '88.118.8//a/../b')
})

t.test('a query or fragment ends the identifier', async t => {
  t.equal(read('88.118.8/a?trace=1'), '88.118.8/a')
  t.equal(read('88.118.8/a#x?y'), '88.118.8/a')
  t.equal(pathEnd('/abc'), 4)
})

t.test('escaped UTF-8 is read', async t => {
  t.equal(read(encodeURIComponent('88.118.8/阀门')), '88.118.8/阀门')
})

t.test('what is no text is malformed', async t => {
  for (const bad of ['%', '%f', '%FF', '%ZZ', '%C3', '%ED%A0%80', 'a%00b']) {
    t.throws(() => read(bad), { code: 'IDENTIFIER_MALFORMED' }, bad)
    t.throws(() => requireReadableUrl(`/x?y=${bad}`), { code: 'INPUT_INVALID' }, bad)
  }
})

t.test('a query is a flat list of texts', async t => {
  const query = parseQuery('type=URL&type=EMAIL&index=1&x=a%20b')

  t.strictSame({ ...query }, { type: ['URL', 'EMAIL'], index: '1', x: 'a b' })
  t.equal(Object.getPrototypeOf(parseQuery('__proto__=1')), null)
})
