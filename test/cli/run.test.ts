import { Writable } from 'node:stream'
import t from 'tap'
import type { Command, Environment } from '../../src/cli/command.ts'
import { commands } from '../../src/cli/commands.ts'
import { ProblemError, Unreachable } from '../../src/cli/node-client.ts'
import { run } from '../../src/cli/run.ts'
import { Failure } from '../../src/model/failures.ts'
import { say } from '../../src/model/text.ts'
import { ConfigError } from '../../src/runtime/config.ts'
import { FolderTaken } from '../../src/storage/postgres/folder-lock.ts'
import { repositoryFolder } from '../support/store.ts'

t.test('without a command there is help, and the exit code of wrong usage', async t => {
  const { code, stdout, stderr } = await runLine([], { LANG: 'en_US.UTF-8' })

  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, /^qxm: a secondary node/)
})

t.test('an unknown command is named, with the nearest one', async t => {
  t.match(
    (await runLine(['resolv', 'x', '--lang', 'en'])).stderr,
    /"resolv"; did you mean resolve\?/,
  )
  t.match((await runLine(['client', '--lang', 'en'])).stderr, /create, list, revoke/)
  t.equal((await runLine(['resolv'])).code, 2)
})

for (const language of ['zh', 'en'] as const) {
  t.test(`help in ${language} names every command and tells of each`, async t => {
    const all = await runLine(['help', '--lang', language])

    t.equal(all.code, 0)
    for (const { name, summary } of commands) {
      t.match(all.stdout, new RegExp(`^ +${name}.* ${escaped(summary[language])}$`, 'm'))
      const one = await runLine([...name.split(' '), '--help', '--lang', language])
      t.equal(one.code, 0)
      t.ok(one.stdout.startsWith(summary[language]))
    }
  })
}

t.test('every text of help is there in both languages', async t => {
  for (const { summary, options = {} } of commands) {
    for (const text of [summary, ...Object.values(options).map(({ help }) => help)]) {
      t.match(text.zh, /\p{Script=Han}/u)
      t.notMatch(text.en, /\p{Script=Han}/u)
    }
  }
})

for (const [name, error, code] of [
  ['a wrong configuration', new ConfigError([]), 2],
  ['a taken folder', new FolderTaken('data', 1), 4],
  ['nobody answers', new Unreachable(say('无应答', 'nobody')), 5],
  ['an unknown identifier', new ProblemError({ status: 404 }), 3],
  ['a tombstone', new ProblemError({ status: 410 }), 3],
  ['no credential', new ProblemError({ status: 401 }), 4],
  ['not permitted', new ProblemError({ status: 403 }), 4],
  ['malformed', new ProblemError({ status: 400 }), 2],
  ['a conflict', new ProblemError({ status: 409 }), 1],
  ['too many', new ProblemError({ status: 429 }), 5],
  ['the store is away', new Failure('STORE_AWAY'), 5],
  ['our own mistake', new TypeError('x'), 1],
] as const) {
  t.test(`${name} ends with ${code}`, async t => {
    const failing = aCommand(async () => {
      throw error
    })

    const told = await runLine(['do'], {}, [failing])
    const asJson = await runLine(['do', '--json'], {}, [failing])

    t.equal(told.code, code)
    t.equal(told.stdout, '')
    t.match(told.stderr, /^qxm: ./)
    t.equal(asJson.code, code)
    t.type(JSON.parse(asJson.stdout), 'object')
  })
}

t.test('a problem is told with its fields, in one line each', async t => {
  const problem = {
    status: 400,
    title: 'the input breaks a rule',
    detail: 'a code has\n14 symbols',
    errors: [{ pointer: '/owner', rule: 'code.length', detail: 'it has 3' }],
  }
  const failing = aCommand(async () => {
    throw new ProblemError(problem)
  })

  const { stderr } = await runLine(['do'], { LANG: 'en_US' }, [failing])

  t.equal(
    stderr,
    'qxm: the input breaks a rule: a code has\\n14 symbols\n  /owner it has 3 [code.length]\n',
  )
})

t.test('a reader that has seen enough ends the command quietly', async t => {
  const broken = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    },
    highWaterMark: 1,
  })
  broken.on('error', () => undefined)
  const talking = aCommand(async call => {
    await call.write('a long text')
    return 0
  })

  const { code, stderr } = await runLine(['do'], {}, [talking], broken)

  t.equal(code, 1)
  t.equal(stderr, '')
})

function aCommand(run: Command['run']): Command {
  return { name: 'do', summary: say('做', 'do'), run }
}

async function runLine(
  argv: readonly string[],
  env: Environment = {},
  known: readonly Command[] = commands,
  out?: Writable,
) {
  const stdout = collect()
  const stderr = collect()
  const code = await run(known, argv, {
    env,
    stdout: out ?? stdout.stream,
    stderr: stderr.stream,
    packageFolder: repositoryFolder,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function collect() {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  return { stream, text: () => text }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
