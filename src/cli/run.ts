import type { Writable } from 'node:stream'
import { say } from '../model/text.ts'
import { didYouMean } from '../runtime/did-you-mean.ts'
import { findCommand, readArguments } from './arguments.ts'
import { type Command, type Environment, UsageError } from './command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { tell } from './failures.ts'
import { helpOn, helpOnAll } from './help.ts'
import { isLanguage, type Language, languageOfTerminal } from './language.ts'
import { json } from './print.ts'

export interface Terminal {
  readonly env: Environment
  readonly stdout: Writable
  readonly stderr: Writable
  readonly packageFolder: string
}

/**
 * Runs one command line.
 * @param argv what follows `qxm`
 * @returns the exit code; never throws
 */
export async function run(
  commands: readonly Command[],
  argv: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const language = languageIn(argv) ?? languageOfTerminal(terminal.env)
  const isJson = argv.includes('--json')
  // Told by the writing itself.
  terminal.stdout.on('error', () => undefined)
  try {
    return await runOrThrow(commands, argv, terminal, language)
  } catch (error) {
    if (isClosedPipe(error)) return exitCodes.failed
    const { exitCode, lines, problem } = tell(error, language)
    if (isJson) terminal.stdout.write(json(problem))
    else terminal.stderr.write(`qxm: ${lines.join('\n')}\n`)
    return exitCode
  }
}

async function runOrThrow(
  commands: readonly Command[],
  argv: readonly string[],
  { env, stdout, stderr, packageFolder }: Terminal,
  language: Language,
): Promise<ExitCode> {
  const isHelp = argv.includes('--help') || argv[0] === '-h' || argv[0] === 'help'
  if (isHelp) return help(commands, argv, stdout, language)

  const { command, rest } = findCommand(commands, argv)
  if (command === undefined) {
    const [word] = argv.filter(each => !each.startsWith('-'))
    if (word !== undefined) stderr.write(`qxm: ${unknownCommand(commands, word)[language]}\n\n`)
    stderr.write(helpOnAll(commands, language))
    return exitCodes.usage
  }
  const { given, positionals } = readArguments(command, rest)
  refuseLanguage(given.text('lang'))
  return command.run({
    given,
    arguments: positionals,
    language,
    isJson: given.has('json'),
    env,
    packageFolder,
    write: text => writeTo(stdout, text),
    remark: text => void stderr.write(`${clearLine(stderr)}qxm: ${text}\n`),
    showProgress: line => void (isTerminal(stderr) && stderr.write(clearLine(stderr) + line)),
  })
}

function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true
}

/** ECMA-48 §8.3.41: erases the line that the cursor is on. */
function clearLine(stream: Writable): string {
  return isTerminal(stream) ? '\r\u001b[2K' : ''
}

function help(
  commands: readonly Command[],
  argv: readonly string[],
  stdout: Writable,
  language: Language,
): ExitCode {
  const words = argv.filter(word => word !== 'help' && !word.startsWith('-') && !isLanguage(word))
  const { command } = findCommand(commands, words)
  if (command === undefined && words[0] !== undefined && words[0] !== 'qxm') {
    throw new UsageError(unknownCommand(commands, words[0]))
  }
  stdout.write(command === undefined ? helpOnAll(commands, language) : helpOn(command, language))
  return exitCodes.ok
}

function unknownCommand(commands: readonly Command[], word: string) {
  const names = commands.map(({ name }) => name.split(' '))
  const seconds = names.filter(([first]) => first === word).map(([, second]) => second)
  if (seconds.length > 0) {
    return say(
      `“${word}”之后须为 ${seconds.join('、')}`,
      `after "${word}" comes one of ${seconds.join(', ')}`,
    )
  }
  const advice = didYouMean(
    word,
    names.map(([first = '']) => first),
  )
  return say(`没有命令“${word}”`, `there is no command "${word}"${advice}`)
}

/** Needed before the rest of the command line is known to be right. */
function languageIn(argv: readonly string[]): Language | undefined {
  const at = argv.findIndex(word => word === '--lang' || word.startsWith('--lang='))
  const text = argv[at]?.startsWith('--lang=') ? argv[at].slice('--lang='.length) : argv[at + 1]
  return at >= 0 && isLanguage(text) ? text : undefined
}

function refuseLanguage(text: string | undefined): void {
  if (text === undefined || isLanguage(text)) return
  throw new UsageError(say('--lang 须为 zh 或 en', '--lang is zh or en'))
}

/** Resolves when the text has been taken, so that a slow reader is waited for. */
function writeTo(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, error => (error ? reject(error) : resolve()))
  })
}

/** Whoever read our output has seen enough. */
function isClosedPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED'
}
