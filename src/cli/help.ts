import { say, type Text } from '../model/text.ts'
import { commonOptions } from './arguments.ts'
import type { Argument, Command, Options } from './command.ts'
import { exitCodes, exitCodeTexts } from './exit-codes.ts'
import type { Language } from './language.ts'
import { table } from './print.ts'

const texts = {
  title: say(
    'qxm：工业互联网标识二级节点与企信码平台',
    'qxm: a secondary node of the industrial-internet identifier hierarchy',
  ),
  usage: say('用法', 'Usage'),
  command: say('命令', 'command'),
  options: say('选项', 'options'),
  commands: say('命令', 'Commands'),
  commandOptions: say('选项', 'Options'),
  environment: say('环境变量', 'Environment'),
  exitCodes: say('退出码', 'Exit codes'),
  more: say(
    '“qxm help <命令>”显示该命令的帮助。',
    'qxm help <command> tells more about one command.',
  ),
} as const

const environment: readonly (readonly [name: string, text: Text])[] = [
  ['QXM_URL', say('节点的地址', 'where the node is')],
  [
    'QXM_KEY',
    say('API 密钥；没有时经数据目录中的 admin.sock', 'an API key; without one, admin.sock'),
  ],
  ['QXM_CONFIG', say('配置文件', 'the configuration file')],
  ['LC_ALL, LANG', say('显示语言', 'language of what is printed')],
]

/** What `qxm`, `qxm help` and `qxm --help` print. */
export function helpOnAll(commands: readonly Command[], language: Language): string {
  const inLanguage = (text: Text) => text[language]
  return [
    `${inLanguage(texts.title)}\n`,
    `${inLanguage(texts.usage)}: qxm <${inLanguage(texts.command)}> [${inLanguage(texts.options)}]\n`,
    section(
      inLanguage(texts.commands),
      commands.map(each => [usageOf(each), inLanguage(each.summary)]),
    ),
    section(inLanguage(texts.commandOptions), optionRows(commonOptions, language)),
    section(
      inLanguage(texts.environment),
      environment.map(([name, text]) => [name, inLanguage(text)]),
    ),
    section(
      inLanguage(texts.exitCodes),
      Object.entries(exitCodes).map(([name, code]) => [
        String(code),
        inLanguage(exitCodeTexts[name as keyof typeof exitCodes]),
      ]),
    ),
    `${inLanguage(texts.more)}\n`,
  ].join('\n')
}

/** What `qxm help <command>` and `qxm <command> --help` print. */
export function helpOn(command: Command, language: Language): string {
  const options = { ...command.options, ...commonOptions }
  return [
    `${command.summary[language]}\n`,
    `${texts.usage[language]}: qxm ${usageOf(command)} [${texts.options[language]}]\n`,
    section(texts.commandOptions[language], optionRows(options, language)),
  ].join('\n')
}

function usageOf({ name, arguments: words = [] }: Command): string {
  return [name, ...words.map(shown)].join(' ')
}

function shown({ name, isOptional }: Argument): string {
  return isOptional ? `[${name}]` : `<${name}>`
}

function optionRows(options: Options, language: Language): string[][] {
  return Object.entries(options).map(([name, { value, short, help }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    help[language],
  ])
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `${title}:\n${table(rows.map(row => ['', ...row]))}`
}
