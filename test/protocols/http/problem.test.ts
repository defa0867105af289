import t from 'tap'
import { Failure, type FailureCode, failures, invalid } from '../../../src/model/failures.ts'
import { say } from '../../../src/model/text.ts'
import {
  problemOf,
  retryAfterOf,
  statusOf,
  WireFailure,
  wireFailures,
} from '../../../src/protocols/http/problem.ts'

const context = { language: 'zh', publicUrl: 'https://id.example.cn', instance: '/v1/x' } as const

t.test('every failure is a problem with its status and a title in both languages', async t => {
  for (const code of Object.keys(failures) as FailureCode[]) {
    const zh = problemOf(new Failure(code), context)
    const en = problemOf(new Failure(code), { ...context, language: 'en' })

    t.equal(zh.status, statusOf(code))
    t.ok(zh.status >= 400 && zh.status < 600)
    t.equal(zh.title, failures[code].zh)
    t.equal(en.title, failures[code].en)
    t.equal(zh.type, `https://id.example.cn/docs/errors#${code}`)
  }
})

t.test('a problem names the broken rule of each field in the language asked for', async t => {
  const failure = invalid('/values/0/index', 'value.index', say('序号不对', 'the index is wrong'))

  const problem = problemOf(failure, { ...context, language: 'en' })

  t.strictSame(problem.errors, [
    { pointer: '/values/0/index', rule: 'value.index', detail: 'the index is wrong' },
  ])
  t.strictSame(Object.keys(problem), [
    'type',
    'title',
    'status',
    'code',
    'detail',
    'instance',
    'errors',
  ])
})

t.test('facts stand beside the standard members and never replace one', async t => {
  const facts = { reason: 'moved', successor: '88.118.8/B', status: 200, type: 'x' }

  const problem = problemOf(new Failure('IDENTIFIER_GONE', undefined, { facts }), context)

  t.equal(problem['reason'], 'moved')
  t.equal(problem['successor'], '88.118.8/B')
  t.equal(problem.status, 410)
  t.equal(problem.type, 'https://id.example.cn/docs/errors#IDENTIFIER_GONE')
})

t.test('coming back makes sense after 429 and 503 only', async t => {
  t.equal(retryAfterOf(new Failure('TOO_MANY', undefined, { retryAfterSeconds: 0.2 })), 1)
  t.equal(retryAfterOf(new Failure('STORE_AWAY', undefined, { retryAfterSeconds: 7 })), 7)
  t.equal(retryAfterOf(new Failure('STORE_AWAY')), 1)
  t.equal(retryAfterOf(new Failure('IDENTIFIER_UNKNOWN')), undefined)
  t.equal(retryAfterOf(new WireFailure('INTERNAL')), undefined)
})

t.test('no code is both a failure of the house and of the wire', async t => {
  t.strictSame(
    Object.keys(wireFailures).filter(code => code in failures),
    [],
  )
})
