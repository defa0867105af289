import t from 'tap'
import { findCommand, readArguments } from '../../src/cli/arguments.ts'
import { type Command, UsageError } from '../../src/cli/command.ts'
import { commands } from '../../src/cli/commands.ts'
import { say } from '../../src/model/text.ts'

const aCommand: Command = {
  name: 'do',
  summary: say('做', 'do'),
  arguments: [{ name: 'what' }, { name: 'more', isOptional: true }],
  options: {
    fast: { kind: 'flag', help: say('快', 'fast') },
    to: { kind: 'text', short: 't', help: say('到', 'to') },
    type: { kind: 'texts', help: say('类型', 'type') },
  },
  run: async () => 0,
}

t.test('a command is found by its first words, the longer name first', async t => {
  const names = (argv: string[]) => findCommand(commands, argv).command?.name

  t.equal(names(['client', 'list', '--json']), 'client list')
  t.equal(names(['resolve', 'client']), 'resolve')
  t.equal(names(['client']), undefined)
  t.equal(names([]), undefined)
  t.same(findCommand(commands, ['client', 'revoke', '0a']).rest, ['0a'])
})

t.test('options stand anywhere, and repeat where they may', async t => {
  const argv = ['--type', 'URL', 'a', '--fast', '--type=NAME', '--to', 'b']

  const { given, positionals } = readArguments(aCommand, argv)

  t.same(positionals, ['a'])
  t.ok(given.has('fast'))
  t.equal(given.text('to'), 'b')
  t.same(given.texts('type'), ['URL', 'NAME'])
  t.equal(given.text('nothing'), undefined)
})

t.test('one letter says what the whole name says', async t => {
  t.equal(readArguments(aCommand, ['a', '-t', 'b']).given.text('to'), 'b')
  t.equal(readArguments(aCommand, ['-tb', 'a']).given.text('to'), 'b')
})

t.test('what follows -- is no option', async t => {
  t.same(readArguments(aCommand, ['--', '--fast']).positionals, ['--fast'])
})

for (const [argv, message] of [
  [['a', '--fats'], /no option --fats; did you mean --fast/],
  [['a', '--constructor'], /no option --constructor/],
  [['a', '-x'], /no option -x/],
  [['a', '--to'], /--to needs a value/],
  [['a', '--to='], /--to needs a value/],
  [['a', '--to', 'b', '--to', 'c'], /--to is said twice/],
  [['a', '--fast=yes'], /--fast takes no value/],
  [[], /needs <what>/],
  [['a', 'b', 'c'], /does not take "c"/],
] as const) {
  t.test(`"${argv.join(' ')}" is refused`, async t => {
    t.throws(() => readArguments(aCommand, argv), { constructor: UsageError, message })
  })
}
