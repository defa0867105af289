import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { parseArgs } from 'node:util'
import { parse as parseToml } from 'smol-toml'
import { type configKeys, eachKey, environmentName, type Key, otherNames } from './config-keys.ts'
import { isLoopback, isWildcard } from './config-rules.ts'
import { readValue } from './config-values.ts'
import { didYouMean } from './did-you-mean.ts'

type Section = keyof typeof configKeys

/** Everything an operator said, or did not need to say: `config.http.port`. Frozen, to the last list. */
export type Config = {
  readonly [S in Section]: {
    readonly [Name in keyof (typeof configKeys)[S]]: (typeof configKeys)[S][Name] extends Key<
      infer Value
    >
      ? Value
      : never
  }
}

/** Where a value comes from, the weakest first. `--demo` is weaker than the file: whoever says `node.demo` decides. */
export type Origin = 'default' | '--demo' | 'file' | 'environment' | 'command line'

export interface ReadConfig {
  readonly config: Config
  /** By path of the key. */
  readonly origins: ReadonlyMap<string, Origin>
  /** What is allowed, but deserves a line in the log. */
  readonly notices: readonly string[]
}

/** One mistake. `path` is the key's, or the name as it was written where there is no such key. */
export interface ConfigProblem {
  readonly path: string
  /** Where it was written: `QXM_HTTP_PORT`, `conf/node.toml`, `--set`. */
  readonly where: string
  readonly message: string
}

/** All mistakes at once, each with its path. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ path, where, message }) => {
      return where === path ? `  ${path}: ${message}` : `  ${path} (${where}): ${message}`
    })
    super(`the configuration has mistakes, nothing was started:\n${lines.join('\n')}`)
    this.problems = problems
  }
}

export interface ConfigSources {
  /** What follows `qxm start`: `--config FILE`, `--set section.key=value`, `--workers N`, `--demo`. */
  readonly argv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Read when neither `--config` nor `QXM_CONFIG` names a file; it may be missing. */
  readonly file?: string
}

/** Something said about a key, before it is checked: text, or what TOML made of it. */
interface Said {
  readonly value: unknown
  readonly origin: Origin
  readonly where: string
}

/**
 * Reads the file, then the environment, then the command line, each over the one before; checks everything.
 * @throws ConfigError
 */
export function readConfig({ argv = [], env = environment(), file }: ConfigSources): ReadConfig {
  const problems: ConfigProblem[] = []
  const notices: string[] = []
  const said = new Map<string, Said>()
  const commandLine = readCommandLine(argv, problems)

  readFile(fileFrom(commandLine.file, env, file), said, problems)
  readEnvironment(env, said, problems)
  for (const [path, value] of commandLine.settings) {
    say(said, problems, path, { value, origin: 'command line', where: 'command line' })
  }
  if (commandLine.demo && !said.has('node.demo')) {
    said.set('node.demo', { value: true, origin: '--demo', where: '--demo' })
  }

  const { config, origins } = settle(said, problems)
  problems.push(...checkTogether(config, origins, new Set(problems.map(({ path }) => path))))
  if (problems.length > 0) throw new ConfigError(problems)
  if (config.node.mode === 'production' && origins.get('node.prefix') === 'default') {
    notices.push(`node.prefix is not set: ${config.node.prefix} is the demo's, not yours`)
  }
  const { ca, pins, keys } = config.import
  if (ca !== undefined && pins.length === 0) {
    notices.push('import.pins is not set: nobody is let in at the import port')
  }
  if (ca !== undefined && keys === undefined) {
    notices.push('import.keys is not set: no signature of a request or grant is believed')
  }
  return { config, origins, notices }
}

/** The one place that reads `process.env`. */
export function environment(): NonNullable<ConfigSources['env']> {
  return process.env
}

/** Lines for `qxm config print`: every key with its value and its origin; secrets are not shown. */
export function printConfig({ config, origins }: ReadConfig): string {
  const lines = eachKey().map(({ path, key }) => {
    const value = valueAt(config, path)
    const shown = key.secret && isSaid(value) ? '"[secret]"' : JSON.stringify(value ?? '')
    return `${path} = ${shown}  # ${origins.get(path)}\n`
  })
  return lines.join('')
}

/**
 * Where the unencrypted HTTP port listens: on every `node.host`, but in production only on loopback, unless the operator
 * said that plain HTTP may be reached or that a proxy stands before it.
 */
export function plainHttpHosts({ node, http }: Config): readonly string[] {
  const mayLeave = node.mode !== 'production' || http.plain || http.trustProxy.length > 0
  if (mayLeave) return node.host
  const hosts = node.host.map(host => {
    if (isLoopback(host)) return host
    return isIPv6(host) ? '::1' : '127.0.0.1'
  })
  return [...new Set(hosts)]
}

interface CommandLine {
  readonly file: string | undefined
  readonly demo: boolean
  readonly settings: readonly (readonly [path: string, value: string])[]
}

function readCommandLine(argv: readonly string[], problems: ConfigProblem[]): CommandLine {
  const settings: (readonly [string, string])[] = []
  let file: string | undefined
  let demo = false
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      config: { type: 'string' },
      demo: { type: 'boolean' },
      set: { type: 'string' },
      workers: { type: 'string' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      problems.push(problem(token.value, 'command line', 'is not expected here'))
    } else if (token.name === 'demo' && token.value === undefined) {
      demo = true
    } else if (token.name === 'config' && token.value !== undefined) {
      file = token.value
    } else if (token.name === 'workers' && token.value !== undefined) {
      settings.push(['node.workers', token.value])
    } else if (token.name === 'set' && token.value?.includes('=') === true) {
      const cut = token.value.indexOf('=')
      settings.push([token.value.slice(0, cut), token.value.slice(cut + 1)])
    } else {
      const usage = 'options are --config FILE, --set section.key=value, --workers N, --demo'
      problems.push(problem(token.rawName, 'command line', usage))
    }
  }
  return { file, demo, settings }
}

/** The file to read, and whether somebody asked for it: then it must be there. */
function fileFrom(
  named: string | undefined,
  env: NonNullable<ConfigSources['env']>,
  byDefault: string | undefined,
): { path: string; mustExist: boolean } | undefined {
  const asked = named ?? (env['QXM_CONFIG'] || undefined)
  if (asked !== undefined) return { path: asked, mustExist: true }
  return byDefault === undefined ? undefined : { path: byDefault, mustExist: false }
}

function readFile(
  file: { path: string; mustExist: boolean } | undefined,
  said: Map<string, Said>,
  problems: ConfigProblem[],
): void {
  if (file === undefined) return
  const where = file.path
  let sections: Record<string, unknown>
  try {
    sections = parseToml(readFileSync(file.path, 'utf8'))
  } catch (error) {
    if (isMissing(error) && !file.mustExist) return
    problems.push(problem(where, where, `cannot be read: ${messageOf(error)}`))
    return
  }
  for (const [section, keys] of Object.entries(sections)) {
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
      problems.push(problem(section, where, 'must be a [section]'))
      continue
    }
    for (const [name, value] of Object.entries(keys)) {
      say(said, problems, `${section}.${name}`, { value, origin: 'file', where })
    }
  }
}

function readEnvironment(
  env: NonNullable<ConfigSources['env']>,
  said: Map<string, Said>,
  problems: ConfigProblem[],
): void {
  const paths = new Map(
    eachKey().flatMap(({ path, key }) => namesOf(path, key).map(name => [name, path])),
  )
  const saidAs = new Map<string, string>()
  for (const [name, value] of Object.entries(env)) {
    const isOurs = name.startsWith('QXM_') && !isOneOf(otherNames, name)
    if (!isOurs || value === undefined || value === '') continue
    const path = paths.get(name)
    if (path !== undefined) {
      const twin = saidAs.get(path)
      if (twin !== undefined && env[twin] !== value) {
        problems.push(problem(path, name, `says something else than ${twin}: keep one of them`))
      }
      saidAs.set(path, name)
      say(said, problems, path, { value, origin: 'environment', where: name })
    } else {
      problems.push(
        problem(name, name, `there is no such key${didYouMean(name, [...paths.keys()])}`),
      )
    }
  }
}

function say(said: Map<string, Said>, problems: ConfigProblem[], path: string, what: Said): void {
  const paths = eachKey().map(each => each.path)
  if (paths.includes(path)) said.set(path, what)
  else problems.push(problem(path, what.where, `there is no such key${didYouMean(path, paths)}`))
}

/** Turns what was said into values of the right type, and everything else into its default. */
function settle(
  said: ReadonlyMap<string, Said>,
  problems: ConfigProblem[],
): { config: Config; origins: ReadonlyMap<string, Origin> } {
  const origins = new Map<string, Origin>()
  const sections: Record<string, Record<string, unknown>> = {}
  const mode = said.get('node.mode')?.value

  for (const { path, key } of eachKey()) {
    const [section = '', name = ''] = path.split('.')
    const what = said.get(path)
    sections[section] ??= {}
    sections[section][name] =
      what === undefined ? defaultOf(path, key, mode) : read(path, key, what)
    origins.set(path, what?.origin ?? 'default')
  }

  for (const section of Object.values(sections)) Object.freeze(section)
  // The loop has filled exactly the table's keys with values of the table's types.
  return { config: Object.freeze(sections) as unknown as Config, origins }

  function read(path: string, key: Key<unknown>, what: Said): unknown {
    const { value, wrong } = readValue(key, what.value)
    if (wrong === undefined) return value
    problems.push(problem(path, what.where, wrong))
    return key.default
  }
}

/** The one default that depends on another key: behind a proxy on the same machine, everybody seems to be loopback. */
function defaultOf(path: string, key: Key<unknown>, mode: unknown): unknown {
  if (path === 'rate.exempt' && mode === 'production') return Object.freeze([])
  return Array.isArray(key.default) ? Object.freeze([...key.default]) : key.default
}

/** What no key can tell alone. A key that is broken by itself says nothing here. */
function checkTogether(
  config: Config,
  origins: ReadonlyMap<string, Origin>,
  broken: ReadonlySet<string>,
): ConfigProblem[] {
  const { node, code, tls, handle, store, database, masterKey } = config
  const imports = config.import
  const problems: ConfigProblem[] = []
  const refuse = (path: string, message: string) => {
    if (!broken.has(path)) problems.push(problem(path, origins.get(path) ?? 'default', message))
  }
  const isEmbedded = database.url.length === 0 && !broken.has('database.url')

  if (node.host.length === 0) refuse('node.host', 'must name at least one address')
  if (!code.prefix.startsWith(`${node.prefix}.`)) {
    refuse('code.prefix', `must lie under node.prefix, as ${node.prefix}.1 does`)
  }
  if (tls.cert !== undefined && tls.key === undefined) refuse('tls.key', 'is needed with tls.cert')
  if (tls.key !== undefined && tls.cert === undefined) refuse('tls.cert', 'is needed with tls.key')
  if (imports.ca !== undefined && tls.cert === undefined) {
    refuse('tls.cert', 'is needed with import.ca: the import port speaks TLS only')
  }
  if (imports.feedCert === undefined && imports.feedKey !== undefined) {
    refuse('import.feedCert', 'is needed with import.feedKey')
  }
  if (imports.feedCert !== undefined && imports.feedKey === undefined) {
    refuse('import.feedKey', 'is needed with import.feedCert')
  }
  if (imports.feedUrl !== undefined && imports.ca === undefined) {
    refuse('import.ca', 'is needed with import.feedUrl: the feed shows a certificate of it')
  }
  if (imports.feedUrl !== undefined && (imports.feedCert ?? tls.cert) === undefined) {
    refuse('import.feedCert', 'is needed with import.feedUrl: the feed asks who comes')
  }
  if (node.host.some(isWildcard) && handle.address.length === 0) {
    refuse('handle.address', 'is needed when node.host is a wildcard: say the public address')
  }
  if (node.demo && origins.get('node.demo') === '--demo' && !node.host.every(isLoopback)) {
    refuse('node.host', 'must be loopback with --demo; to show the demo to others set QXM_DEMO=1')
  }
  if (node.workers > 0 && isEmbedded) {
    refuse('node.workers', 'need a server database: set database.url, or set 0')
  }
  if (!isEmbedded && masterKey.file === undefined) {
    refuse('masterKey.file', 'is needed with a server database: openssl rand -hex 32 makes one')
  }
  if (node.mode === 'production') {
    if (isEmbedded && !store.allowEmbedded) {
      refuse('database.url', 'is needed in production mode (or QXM_ALLOW_EMBEDDED=1, see docs)')
    }
    if (isEmbedded && masterKey.file === undefined) {
      refuse('masterKey.file', 'is needed in production mode')
    }
    if (node.demo) refuse('node.demo', 'is not for production mode: set QXM_DEMO=0')
    if (node.publicUrl === undefined) refuse('node.publicUrl', 'is needed in production mode')
  }
  return problems
}

function namesOf(path: string, key: Key<unknown>): string[] {
  return key.alias === undefined ? [environmentName(path)] : [environmentName(path), key.alias]
}

function valueAt(config: Config, path: string): unknown {
  const [section = '', name = ''] = path.split('.')
  const sections: Record<string, Record<string, unknown>> = config
  return sections[section]?.[name]
}

function isSaid(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name)
}

function problem(path: string, where: string, message: string): ConfigProblem {
  return { path, where, message }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
}
