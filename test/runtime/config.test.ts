import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ConfigError, plainHttpHosts, printConfig, readConfig } from '../../src/runtime/config.ts'
import { eachKey, environmentName } from '../../src/runtime/config-keys.ts'

const masterKeyFile = '/etc/qxm/master.key'
const bootstrapKey = 'qxk_ab12cd34_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
const production = {
  QXM_MODE: 'production',
  QXM_DATABASE_URL: 'postgres://qxm:p%2Cw@db1/qxm,postgres://qxm:p%2Cw@db2/qxm',
  QXM_MASTER_KEY_FILE: masterKeyFile,
  QXM_PUBLIC_URL: 'https://id.example.cn',
  QXM_HANDLE_ADDRESS: '203.0.113.5',
}

t.test('an empty environment gives a standard node on loopback, without a notice', async t => {
  const { config, notices } = readConfig({ env: {} })

  t.match(config.node, { mode: 'standard', demo: false, host: ['127.0.0.1'], workers: 0 })
  t.equal(config.http.port, 8000)
  t.equal(config.node.publicUrl, undefined)
  t.same(config.rate.exempt, ['127.0.0.0/8', '::1/128'])
  t.same(notices, [])
})

t.test('every default obeys its own rule and bounds', async t => {
  for (const { path, key } of eachKey()) {
    const texts = [key.default].flat().filter(value => typeof value === 'string')
    for (const text of texts) t.equal(key.rule?.(text), undefined, path)
    if (key.kind === 'integer') {
      const value = Number(key.default)
      t.ok(value >= (key.min ?? 0) && value <= (key.max ?? 0), path)
    }
  }
})

t.test('the command line beats the environment, that the file, that the default', async t => {
  const file = aFile(t, '[http]\nport = 1\nplain = true\n[https]\nport = 1\n[ops]\nport = 1')
  const env = { QXM_HTTPS_PORT: '2', QXM_OPS_PORT: '2' }

  const { config, origins } = readConfig({ argv: ['--set', 'ops.port=3'], env, file })

  t.match(config, { http: { port: 1, plain: true }, https: { port: 2 }, ops: { port: 3 } })
  t.equal(origins.get('http.port'), 'file')
  t.equal(origins.get('https.port'), 'environment')
  t.equal(origins.get('ops.port'), 'command line')
  t.equal(origins.get('tls.cert'), 'default')
})

t.test('--config beats QXM_CONFIG, and a file that was asked for must be there', async t => {
  const one = aFile(t, '[http]\nport = 1')
  const other = aFile(t, '[http]\nport = 2')

  t.equal(readConfig({ env: { QXM_CONFIG: other } }).config.http.port, 2)
  t.equal(readConfig({ argv: ['--config', one], env: { QXM_CONFIG: other } }).config.http.port, 1)
  t.equal(readConfig({ env: {}, file: '/nowhere/node.toml' }).config.http.port, 8000)
  t.same(paths({ env: { QXM_CONFIG: '/nowhere/node.toml' } }), ['/nowhere/node.toml'])
})

t.test('a key has its long name and perhaps a short one, which may not contradict it', async t => {
  t.equal(environmentName('snms.httpStatusMode'), 'QXM_SNMS_HTTP_STATUS_MODE')
  t.equal(readConfig({ env: { QXM_PREFIX: '88.118.7' } }).config.code.prefix, '88.118.7')
  t.equal(readConfig({ env: { QXM_CODE_PREFIX: '88.118.7' } }).config.code.prefix, '88.118.7')

  t.same(paths({ env: { QXM_CODE_PREFIX: '88.118.7', QXM_PREFIX: '88.118.6' } }), ['code.prefix'])
})

t.test('no two keys share a name in the environment', async t => {
  const names = eachKey().flatMap(({ path, key }) =>
    [environmentName(path), key.alias ?? []].flat(),
  )

  t.same(names.length, new Set(names).size)
})

t.test('an empty variable counts as not set', async t => {
  t.equal(readConfig({ env: { QXM_TLS_CERT: '', QXM_HTTP_PORT: '' } }).config.http.port, 8000)
})

t.test('all mistakes are told at once, each with its path and where it was written', async t => {
  const file = aFile(t, '[http]\nprot = 80\nbodyBytesMax = "much"\n[tls]\ncert = "a.pem"')
  const env = { QXM_HTTP_PORT: '70000', QXM_LOG_LEVEL: 'loud', QXM_HOTS: '::1' }

  const error = failure({ argv: ['--set', 'log.levle=info', '--wrkers', '3', 'now'], env, file })

  t.same(error.problems.map(({ path }) => path).sort(), [
    '--wrkers',
    '3',
    'QXM_HOTS',
    'http.bodyBytesMax',
    'http.port',
    'http.prot',
    'log.level',
    'log.levle',
    'now',
    'tls.key',
  ])
  t.match(error.message, 'http.prot')
  t.match(error.message, 'did you mean http.port?')
  t.match(error.message, 'did you mean QXM_HOST?')
  t.match(error.message, 'did you mean log.level?')
  t.match(error.message, 'must be from 0 to 65535')
  t.match(error.message, file)
})

t.test('a file that is not TOML is one mistake, with its line', async t => {
  const error = failure({ env: {}, file: aFile(t, '[http]\nport = = 1') })

  t.equal(error.problems.length, 1)
})

t.test('values of the wrong type or form are refused', async t => {
  const wrong: Record<string, string> = {
    QXM_HOST: 'localhost',
    QXM_PUBLIC_URL: 'https://id.example.cn/path',
    QXM_NODE_PREFIX: '88.118.1',
    QXM_PREFIX: '88.118',
    QXM_WORKERS: '1.5',
    QXM_DEMO: 'maybe',
    QXM_TRUST_PROXY: '10.0.0.0/33',
    QXM_HANDLE_ADDRESS: '0.0.0.0',
    QXM_DATABASE_URL: 'mysql://db/qxm',
    QXM_REDIS_URL: 'http://cache',
    QXM_BOOTSTRAP_KEY: 'qxk_AB12CD34_short',
    QXM_CORS_ORIGINS: 'https://a.cn/x',
    QXM_RATE_EXEMPT: '::1/129',
    QXM_MODE: 'demo',
  }
  for (const [name, value] of Object.entries(wrong)) {
    const [problem, ...others] = failure({
      env: { QXM_MASTER_KEY_FILE: masterKeyFile, [name]: value },
    }).problems
    t.equal(problem?.where, name)
    t.same(others, [], name)
  }
})

t.test('a secret is neither in a mistake nor in the printed configuration', async t => {
  const error = failure({ env: { QXM_BOOTSTRAP_KEY: 'qxk_hush', QXM_REDIS_URL: 'x://:hush@h' } })
  const printed = printConfig(
    readConfig({ env: { ...production, QXM_BOOTSTRAP_KEY: bootstrapKey } }),
  )

  t.notMatch(error.message, 'hush')
  t.notMatch(printed, bootstrapKey)
  t.notMatch(printed, 'p%2Cw')
  t.match(printed, 'bootstrap.key = "[secret]"  # environment')
  t.match(printed, 'node.publicUrl = "https://id.example.cn"  # environment')
})

t.test('the result cannot be changed', async t => {
  const { config } = readConfig({ env: { QXM_HOST: '::1' } })

  t.ok(Object.isFrozen(config))
  t.ok(Object.isFrozen(config.node))
  t.ok(Object.isFrozen(config.node.host))
  t.ok(Object.isFrozen(config.rate.exempt))
})

t.test('modes', async t => {
  t.test('production runs with everything that it asks for', async t => {
    const { config, notices } = readConfig({ env: production })

    t.equal(config.database.url.length, 2)
    t.same(config.rate.exempt, [])
    t.match(notices, [/demo's/])
  })

  t.test('production refuses a missing store, master key or public URL', async t => {
    const env = { QXM_MODE: 'production' }

    t.same(paths({ env }), ['database.url', 'masterKey.file', 'node.publicUrl'])
    t.same(paths({ env: { ...env, QXM_ALLOW_EMBEDDED: '1' } }), [
      'masterKey.file',
      'node.publicUrl',
    ])
  })

  t.test('production refuses demo data, however it is asked for', async t => {
    t.same(paths({ env: { ...production, QXM_DEMO: '1' } }), ['node.demo'])
    t.same(paths({ env: production, argv: ['--demo'] }), ['node.demo'])
    t.equal(
      readConfig({ env: { ...production, QXM_DEMO: '0' }, argv: ['--demo'] }).config.node.demo,
      false,
    )
  })

  t.test('--demo stays on loopback unless QXM_DEMO=1 was said too', async t => {
    const env = { QXM_HOST: '127.0.0.1,203.0.113.5' }

    t.equal(readConfig({ env: {}, argv: ['--demo'] }).config.node.demo, true)
    t.same(paths({ env, argv: ['--demo'] }), ['node.host'])
    t.equal(readConfig({ env: { ...env, QXM_DEMO: '1' }, argv: ['--demo'] }).config.node.demo, true)
  })

  t.test('QXM_DEMO=0 makes a standard node of --demo', async t => {
    t.equal(readConfig({ env: { QXM_DEMO: '0' }, argv: ['--demo'] }).config.node.demo, false)
  })

  t.test('in production plain HTTP stays on loopback unless it was let out', async t => {
    const hosts = (env: Record<string, string>) =>
      plainHttpHosts(readConfig({ env: { ...production, QXM_HOST: '0.0.0.0,::', ...env } }).config)

    t.same(hosts({}), ['127.0.0.1', '::1'])
    t.same(hosts({ QXM_HOST: '203.0.113.5,127.0.0.2' }), ['127.0.0.1', '127.0.0.2'])
    t.same(hosts({ QXM_PLAIN_HTTP: '1' }), ['0.0.0.0', '::'])
    t.same(hosts({ QXM_TRUST_PROXY: '10.0.0.0/8' }), ['0.0.0.0', '::'])
    t.same(plainHttpHosts(readConfig({ env: { QXM_HOST: '203.0.113.5' } }).config), ['203.0.113.5'])
  })
})

t.test('keys that depend on each other', async t => {
  t.same(paths({ env: { QXM_PREFIX: '88.1180.1' } }), ['code.prefix'], 'label by label')
  t.same(paths({ env: { QXM_TLS_CERT: 'a.pem' } }), ['tls.key'])
  t.same(paths({ env: { QXM_TLS_KEY: 'a.pem' } }), ['tls.cert'])
  t.same(paths({ env: { QXM_IMPORT_CA: 'ca.pem' } }), ['tls.cert'])
  t.same(paths({ env: { QXM_IMPORT_FEED_CERT: 'a.pem' } }), ['import.feedKey'])
  t.same(paths({ env: { QXM_IMPORT_FEED_KEY: 'a.pem' } }), ['import.feedCert'])
  t.same(paths({ env: { QXM_IMPORT_FEED_URL: 'https://feed.example/v1' } }), [
    'import.ca',
    'import.feedCert',
  ])
  t.same(paths({ env: { QXM_IMPORT_FEED_URL: 'http://feed.example/v1' } }), ['import.feedUrl'])
  t.same(paths({ env: { QXM_IMPORT_PINS: 'AB:CD' } }), ['import.pins'])
  t.same(paths({ env: { QXM_HOST: '::' } }), ['handle.address'])
  t.same(paths({ env: { QXM_HOST: '0:0::0' } }), ['handle.address'])
  t.same(paths({ argv: ['--workers', '2'], env: {} }), ['node.workers'])
  t.same(paths({ env: { QXM_DATABASE_URL: 'postgres://db/qxm' } }), ['masterKey.file'])
  t.same(paths({ env: { QXM_HOST: ',' } }), ['node.host'])
})

t.test('an import port that lets nobody in is worth a line', async t => {
  const tls = { QXM_TLS_CERT: 'a.pem', QXM_TLS_KEY: 'b.pem', QXM_IMPORT_CA: 'ca.pem' }
  const pins = { QXM_IMPORT_PINS: 'A'.repeat(43), QXM_IMPORT_KEYS: 'keys.json' }

  t.match(readConfig({ env: tls }).notices, [/import\.pins/, /import\.keys/])
  t.same(readConfig({ env: { ...tls, ...pins } }).notices, [])
})

function aFile(t: Test, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'qxm-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'node.toml')
  writeFileSync(file, text)
  return file
}

function failure(sources: Parameters<typeof readConfig>[0]): ConfigError {
  try {
    readConfig(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

function paths(sources: Parameters<typeof readConfig>[0]): string[] {
  return failure(sources)
    .problems.map(({ path }) => path)
    .sort()
}
