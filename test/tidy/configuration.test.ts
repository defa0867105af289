import t from 'tap'
import { readConfig } from '../../src/runtime/config.ts'
import { configKeys, eachKey, environmentName, type Key } from '../../src/runtime/config-keys.ts'
import { followsTable, read, root } from './tree.ts'

const columnsMax = 100

t.test('conf/node.toml has every key at its default, with its reason', async t => {
  followsTable(t, 'conf/node.toml', expectedToml())
})

t.test('every line of conf/node.toml may be uncommented without changing anything', async t => {
  const isExample = '# an example'
  const uncommented = read('conf/node.toml').replace(/^#(\w+ = .*)$/gm, (line, said) =>
    line.includes(isExample) ? line : said,
  )
  const file = `${t.testdir({ 'node.toml': uncommented })}/node.toml`

  const { config, origins } = readConfig({ env: {}, file })

  t.same(config, readConfig({ env: {} }).config)
  t.equal(origins.get('http.port'), 'file')
})

t.test('conf/node.toml as it is says nothing', async t => {
  const { origins } = readConfig({ env: {}, file: `${root}/conf/node.toml` })

  t.same(new Set(origins.values()), new Set(['default']))
})

t.test('docs/configuration.md has every key', async t => {
  followsTable(t, 'docs/configuration.md', expectedTables(), 'keys')
})

function expectedToml(): string {
  const head = [
    '# The configuration of a node: every key at its default, with its reason. Nothing here is needed; remove the # before',
    '# a key to set it. The names in brackets are those of the environment, which is stronger than this file.',
  ]
  const sections = Object.keys(configKeys).map(section => {
    const keys = eachKey().filter(({ path }) => path.startsWith(`${section}.`))
    return [`[${section}]`, '', ...keys.map(({ path, key }) => tomlOf(path, key))].join('\n')
  })
  return `${head.join('\n')}\n\n${sections.join('\n')}`
}

function tomlOf(path: string, key: Key<unknown>): string {
  const name = path.split('.')[1]
  const facts = [
    namesOf(path, key).join(' or '),
    rangeOf(key),
    key.reloadable && 'read again while running',
  ]
  const comment = `${capital(key.reason)}. [${facts.filter(Boolean).join('; ')}]`
  const value = key.default ?? key.example
  const note = key.default === undefined ? '  # an example: absent by default' : ''
  return `${wrap(comment)}\n#${name} = ${tomlValue(value)}${note}\n`
}

function tomlValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(tomlValue).join(', ')}]` : JSON.stringify(value)
}

function expectedTables(): string {
  const head = '| key | environment | default | range | what it is for |\n|---|---|---|---|---|\n'
  const rows = eachKey().map(({ path, key }) => {
    const names = namesOf(path, key).map(code).join('<br>')
    const marks = `${key.reloadable ? ' ↻' : ''}${key.secret ? ' 🔒' : ''}`
    const byDefault = key.default === undefined ? '' : code(tomlValue(key.default))
    const cells = [code(path) + marks, names, byDefault, rangeOf(key), capital(key.reason)]
    return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  })
  return head + rows.join('')
}

function code(text: string): string {
  return `\`${text}\``
}

function namesOf(path: string, key: Key<unknown>): string[] {
  return [key.alias ?? [], environmentName(path)].flat()
}

function rangeOf(key: Key<unknown>): string {
  if (key.choices !== undefined) return key.choices.join(', ')
  if (key.kind === 'integer') return `${key.min} to ${key.max} ${key.unit ?? ''}`.trimEnd()
  return { flag: 'true, false', text: 'text', list: 'list', choice: '' }[key.kind]
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function wrap(text: string): string {
  const lines = ['#']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line.length + 1 + word.length > columnsMax) lines.push(`# ${word}`)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.join('\n')
}
