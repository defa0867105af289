import t from 'tap'
import { hostAndPort, readyLine } from '../../src/runtime/ready.ts'

t.test('the ready line is one line of JSON, in which what is closed is absent', async t => {
  const line = readyLine({
    http: 'http://127.0.0.1:8000',
    ops: 'http://127.0.0.1:9464',
    https: undefined,
    store: 'embedded',
    cache: 'memory',
  })

  t.equal(
    line,
    '{"event":"ready","http":"http://127.0.0.1:8000","ops":"http://127.0.0.1:9464","store":"embedded","cache":"memory"}\n',
  )
})

t.test('an IPv6 address stands in brackets', async t => {
  t.equal(hostAndPort('127.0.0.1', 2641), '127.0.0.1:2641')
  t.equal(hostAndPort('::1', 2641), '[::1]:2641')
})
