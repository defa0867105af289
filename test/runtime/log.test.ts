import t from 'tap'
import { type LogLevel, makeLog } from '../../src/runtime/log.ts'

t.test('one JSON object a line, with level, time and message', async t => {
  const { log, lines } = aLog('info')

  log.info({ prefix: '88.118.8' }, 'record written')

  const [line] = lines()
  t.match(line, { level: 'info', msg: 'record written', prefix: '88.118.8', pid: process.pid })
  t.match(line?.['time'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

t.test('the level decides what is written, also later', async t => {
  const { log, lines } = aLog('warn')

  log.info('quiet')
  log.level = 'info'
  log.info('heard')

  t.match(lines(), [{ msg: 'heard' }])
})

t.test('secrets do not get through, at the top or inside', async t => {
  const { log, text } = aLog('info')

  log.info({ password: 'hush', headers: { authorization: 'Bearer hush', cookie: 'hush' } }, 'in')
  log.info({ client: { key: 'hush' }, databaseUrl: 'postgres://u:hush@db' }, 'in')

  t.notMatch(text(), 'hush')
  t.match(text(), '[secret]')
})

t.test('a text of a stranger can neither forge a line nor drive a terminal', async t => {
  const { log, text, lines } = aLog('info')
  const hostile = 'a\n{"level":"fatal"}\r\u001b[2J\u009b2J\u007f\u2028\u202e\u0000'

  log.info({ identifier: hostile }, 'asked')

  t.equal(text().split('\n').length, 2)
  t.notMatch(text().trimEnd(), /[\p{Cc}\u2028\u202e]/u)
  t.equal(lines()[0]?.['identifier'], hostile, 'a reader of JSON gets what was sent')
})

t.test('an error keeps its message, its stack and its cause', async t => {
  const { log, text } = aLog('info')

  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')

  t.match(text(), 'outer')
  t.match(text(), 'inner')
})

function aLog(level: LogLevel) {
  let written = ''
  const write = (line: string) => {
    written += line
  }
  return {
    log: makeLog({ level, stream: { write } }),
    text: () => written,
    lines: (): Record<string, unknown>[] =>
      written.split('\n').flatMap(line => (line === '' ? [] : JSON.parse(line))),
  }
}
