import { parseArgs } from 'node:util'
import { say } from '../model/text.ts'
import { didYouMean } from '../runtime/did-you-mean.ts'
import { type Command, type Given, type Option, type Options, UsageError } from './command.ts'

/** Options that every command has. */
export const commonOptions = {
  json: { kind: 'flag', help: say('以 JSON 输出', 'print one JSON document') },
  lang: { kind: 'text', value: 'zh|en', help: say('显示语言', 'language of what is printed') },
  help: { kind: 'flag', help: say('显示帮助', 'print help') },
} as const satisfies Options

/**
 * Finds the command that a command line names by its first one or two words.
 * @returns the words that are left for the command itself; no command where none has that name
 */
export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
): { readonly command: Command | undefined; readonly rest: readonly string[] } {
  for (const wordCount of [2, 1]) {
    const name = argv.slice(0, wordCount).join(' ')
    const command = commands.find(each => each.name === name)
    if (command !== undefined && argv.length >= wordCount) {
      return { command, rest: argv.slice(wordCount) }
    }
  }
  return { command: undefined, rest: argv }
}

/** @throws UsageError naming the first word that does not belong there */
export function readArguments(
  { name, arguments: expected = [], options = {} }: Command,
  argv: readonly string[],
): { readonly given: Given; readonly positionals: readonly string[] } {
  const known: Options = { ...options, ...commonOptions }
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(known).map(([name, { kind, short }]) => [
        name,
        {
          type: kind === 'flag' ? ('boolean' as const) : ('string' as const),
          ...(short === undefined ? {} : { short }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    // Of the table itself, not of what every object has.
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined
    if (option === undefined) throw unknownOption(token.rawName, Object.keys(known))
    const former = values.get(token.name) ?? []
    values.set(token.name, [...former, optionValue(token.rawName, option, token.value, former)])
  }
  refuseWrongCount(name, positionals, expected)
  return { given: givenOf(values), positionals }
}

function givenOf(values: ReadonlyMap<string, readonly string[]>): Given {
  return {
    has: name => values.has(name),
    text: name => values.get(name)?.[0],
    texts: name => values.get(name) ?? [],
  }
}

function optionValue(
  name: string,
  { kind }: Option,
  value: string | undefined,
  former: readonly string[],
): string {
  if (kind === 'flag') {
    if (value === undefined) return ''
    throw new UsageError(say(`${name} 不带值`, `${name} takes no value`))
  }
  if (value === undefined || value === '') {
    throw new UsageError(say(`${name} 需要一个值`, `${name} needs a value`))
  }
  if (kind === 'text' && former.length > 0) {
    throw new UsageError(say(`${name} 只能出现一次`, `${name} is said twice`))
  }
  return value
}

function unknownOption(name: string, known: readonly string[]): UsageError {
  const names = known.map(each => `--${each}`)
  const advice = didYouMean(name, names)
  const nearest = /did you mean (.*)\?/.exec(advice)?.[1]
  return new UsageError(
    say(
      `没有选项 ${name}${nearest === undefined ? '' : `；是否想用 ${nearest}？`}`,
      `there is no option ${name}${advice}`,
    ),
  )
}

function refuseWrongCount(
  name: string,
  positionals: readonly string[],
  expected: NonNullable<Command['arguments']>,
): void {
  const missing = expected.find((each, at) => !each.isOptional && at >= positionals.length)
  if (missing !== undefined) {
    throw new UsageError(
      say(`qxm ${name} 缺少 <${missing.name}>`, `qxm ${name} needs <${missing.name}>`),
    )
  }
  const extra = positionals[expected.length]
  if (extra !== undefined) {
    throw new UsageError(
      say(`qxm ${name} 不接受“${extra}”`, `qxm ${name} does not take "${extra}"`),
    )
  }
}
