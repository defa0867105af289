import path from 'node:path'
import t from 'tap'
import { type Import, importsOf, parse, sourcesIn } from './source.ts'
import { read } from './tree.ts'

/** The rings of the house: imports point inward. */
const words = ['model', 'schemas', 'crypto']
const rules = ['access', 'evidence', 'mapping']
const work = ['resolver', 'registry', 'services']

interface Arrow {
  /** Folders it may run. */
  readonly uses: readonly string[]
  /** Folders it may name in types only. */
  readonly names?: readonly string[]
}

/** What each folder of src/ may lean on, beside itself. A new folder needs a line here. */
const arrows: Readonly<Record<string, Arrow>> = {
  model: { uses: [] },
  schemas: { uses: ['model'] },
  crypto: { uses: ['model'] },
  access: { uses: words },
  evidence: { uses: words },
  mapping: { uses: words },
  resolver: { uses: [...words, ...rules] },
  registry: { uses: [...words, ...rules] },
  services: { uses: [...words, ...rules, 'registry'] },
  protocols: { uses: words, names: [...rules, ...work] },
  demo: { uses: [...words, ...rules, 'registry'] },
  storage: { uses: words, names: [...rules, ...work] },
  runtime: { uses: ['model'] },
  // Clients that put a server under load.
  load: { uses: ['model', 'protocols'] },
}

/** Everybody but the words may name these: they come in as arguments. */
const handedOver = ['src/runtime/log.ts', 'src/runtime/clock.ts', 'src/runtime/metrics.ts']

/**
 * Where parts are connected, and whole nodes run: they use everything, and only the process and the tests' support use
 * them.
 */
const builders = ['node.ts', 'main.ts', 'assembly', 'cli', 'sandbox']

/** Folders whose folders are rooms of their own, and the neighbours these may enter all the same. */
const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  services: {},
  protocols: {
    '*': ['protocols/bytes', 'protocols/open-connections.ts'],
    'protocols/http/handle-rest': ['protocols/handle'],
  },
  storage: { '*': [] },
}

/** The one folder or file that each package of package.json is used in, so that to replace it is to open one place. */
const homes: Readonly<Record<string, readonly string[]>> = {
  '@cantoo/pdf-lib': ['registry/files'],
  '@electric-sql/pglite': ['storage/postgres'],
  '@fastify/cookie': ['protocols/http'],
  '@fastify/cors': ['protocols/http'],
  '@fastify/formbody': ['protocols/http'],
  '@fastify/rate-limit': ['protocols/http'],
  '@fastify/swagger': ['protocols/http'],
  '@fastify/swagger-ui': ['protocols/http'],
  '@fastify/type-provider-typebox': ['protocols/http'],
  '@noble/ciphers': ['crypto'],
  '@node-rs/argon2': ['crypto'],
  asn1js: ['crypto'],
  'csv-parse': ['protocols/sheets'],
  'csv-stringify': ['protocols/sheets'],
  fastify: ['protocols/http'],
  'iconv-lite': ['protocols/sheets'],
  ioredis: ['storage/redis'],
  jose: ['crypto'],
  jsqr: ['services/labels'],
  'lru-cache': ['resolver/answer-cache.ts'],
  'node-forge': ['crypto'],
  otpauth: ['crypto'],
  pg: ['storage/postgres'],
  'pg-copy-streams': ['storage/postgres'],
  pino: ['runtime'],
  pkijs: ['crypto'],
  // Each folder declares what it measures, as a function of the registry that it is handed.
  'prom-client': ['node.ts', '*/metrics.ts'],
  protobufjs: ['protocols', 'storage/redis'],
  qrcode: ['services/labels'],
  'sm-crypto-v2': ['crypto'],
  'smol-toml': ['runtime'],
  'structured-headers': ['protocols/http'],
  typebox: ['protocols/http'],
  yauzl: ['protocols/bytes'],
  yazl: ['protocols/bytes'],
}

/** Logger and meters come in as arguments: their types may be named anywhere. */
const handedOverTypes = ['pino', 'prom-client']

/** Built into Node: the words know none but assertions, and nobody inside opens sockets. */
const doors = ['http', 'https', 'http2', 'dgram', 'tls', 'cluster', 'child_process'].map(
  name => `node:${name}`,
)

const imports = sourcesIn('src').flatMap(importsOf)

for (const folder of Object.keys(arrows)) {
  const { uses, names = [] } = arrows[folder] ?? { uses: [] }
  const mine = imports.filter(each => placeOf(each.file).split('/')[0] === folder)

  t.test(`${folder} leans only on ${uses.join(', ') || 'itself'}`, async t => {
    t.same(mine.filter(each => !isAllowed(each, folder, uses, names)).map(show), [])
  })
}

t.test('every folder of src has its arrows', async t => {
  const folders = new Set(imports.map(each => placeOf(each.file).split('/')[0] ?? ''))

  t.same(
    [...folders].filter(each => !(each in arrows) && !isBuilder(each)),
    [],
  )
})

t.test('rooms of one folder do not enter each other', async t => {
  t.same(imports.filter(each => targetOf(each) !== undefined && !isNeighbourly(each)).map(show), [])
})

t.test('only the process and the support of the tests build a node', async t => {
  const outside = [...sourcesIn('test'), ...sourcesIn('bench')]
    .flatMap(importsOf)
    .filter(each => !/^test\/(support|cli|assembly|sandbox)\//.test(each.file))
  const inside = imports.filter(each => !isBuilder(placeOf(each.file)))
  const wrong = [...outside, ...inside].filter(each => isBuilder(targetOf(each) ?? ''))

  t.same(wrong.map(show), [])
})

t.test('each package is used in its one home', async t => {
  const packages = imports.filter(each => packageOf(each) !== undefined)
  t.same(packages.filter(each => !isAtHome(each)).map(show), [])
})

t.test('each package that we depend on has a home', async t => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(read('package.json'))

  t.same(Object.keys(manifest.dependencies).sort(), Object.keys(homes).sort())
})

t.test('the words open nothing, and nobody within opens a socket', async t => {
  const builtIns = imports.filter(each => each.specifier.startsWith('node:'))
  const wrong = builtIns.filter(({ file, specifier }) => {
    const [folder = ''] = placeOf(file).split('/')
    if (folder === 'model') return !specifier.startsWith('node:assert')
    return [...words, ...rules, ...work].includes(folder) && doors.includes(specifier)
  })

  t.same(wrong.map(show), [])
})

t.test('the environment is read in one place', async t => {
  const readers = sourcesIn('src').filter(source => /\bprocess\.env\b/.test(source.text))

  t.same(
    readers.map(source => source.fileName).filter(file => file !== 'src/runtime/config.ts'),
    [],
  )
})

t.test('an import is seen however it is written', async t => {
  const text = `
    import a, { type A } from './a.ts'
    import { type B, type BB } from './b.ts'
    import type * as c from './c.ts'
    import './d.ts'
    export { e } from './e.ts'
    export type { F } from './f.ts'
    const g = await import('./g.ts')
    let h: import('./h.ts').H
    import I = require('./i.ts')
  `
  const found = importsOf(parse('src/x.ts', text)).map(each => [each.specifier, each.isType])

  t.same(found, [
    ['./a.ts', false],
    ['./b.ts', true],
    ['./c.ts', true],
    ['./d.ts', false],
    ['./e.ts', false],
    ['./f.ts', true],
    ['./g.ts', false],
    ['./h.ts', true],
  ])
})

function isBuilder(place: string): boolean {
  return builders.includes(place.split('/')[0] ?? '')
}

/** Below src: `resolver/resolve.ts`. */
function placeOf(file: string): string {
  return path.posix.relative('src', file)
}

/** The file of src that is imported, below src. */
function targetOf({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const target = path.posix.join(path.posix.dirname(file), specifier)
  return target.startsWith('src/') ? placeOf(target) : undefined
}

function isAllowed(
  each: Import,
  folder: string,
  uses: readonly string[],
  names: readonly string[],
): boolean {
  if (each.specifier === '(computed)') return false
  const target = targetOf(each)
  if (target === undefined) return !each.specifier.startsWith('.')
  const [targetFolder = ''] = target.split('/')
  if (targetFolder === folder || uses.includes(targetFolder)) return true
  if (!each.isType) return false
  return (
    names.includes(targetFolder) || (folder !== 'model' && handedOver.includes(`src/${target}`))
  )
}

function isNeighbourly(each: Import): boolean {
  const [own, target] = [roomOf(placeOf(each.file)), roomOf(targetOf(each) ?? '')]
  const [folder = ''] = own.split('/')
  const exceptions = rooms[folder]
  if (exceptions === undefined || own === target || !target.startsWith(`${folder}/`)) return true
  if (each.isType && folder === 'storage') return true
  const entered = Object.entries(exceptions).flatMap(([from, to]) =>
    from === '*' || placeOf(each.file).startsWith(`${from}/`) ? to : [],
  )
  return entered.includes(target)
}

function roomOf(place: string): string {
  return place.split('/').slice(0, 2).join('/')
}

function packageOf({ specifier }: Import): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined
  const [scope = '', name = ''] = specifier.split('/')
  return specifier.startsWith('@') ? `${scope}/${name}` : scope
}

function isAtHome(each: Import): boolean {
  const place = placeOf(each.file)
  const name = packageOf(each) ?? ''
  if (each.isType && handedOverTypes.includes(name)) return true
  const allowed = homes[name] ?? []
  return allowed.some(home => {
    if (home.startsWith('*/')) return path.posix.basename(place) === home.slice(2)
    return place === home || place.startsWith(`${home}/`)
  })
}

function show({ file, line, specifier }: Import): string {
  return `${file}:${line} ${specifier}`
}
