import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../../src/model/failures.ts'
import {
  checkManifest,
  compareFiles,
  type ManifestFile,
  parseManifest,
} from '../../../src/registry/imports/manifest.ts'

const file: ManifestFile = {
  name: 'identifiers.ndjson',
  bytes: 38,
  rows: 2,
  sha256: 'eadfca58cb4a5597df86fedf0a2f571456abd0afd9838ea471217b29731adcc3',
  sm3: '4200c43287b8649f3c81dfb7d2eabd739ced7075f650d286cb64c2a2f1d79234',
}
const good = {
  v: 1,
  source: '86',
  target: '88.118.1',
  batch: '0192f0c1-7b1e-7cc3-9a53-2b6f3c1d5e77',
  seq: 42,
  prev: 'ab'.repeat(32),
  iat: 1_795_413_600,
  exp: 1_795_417_200,
  authorization: 'grant-7',
  prefixes: ['88.118.1'],
  files: [file],
}
const now = new Date(good.iat * 1000)
const targets = ['88.118', '88.118.1']

function parse(more: object = {}) {
  return parseManifest(Buffer.from(JSON.stringify({ ...good, ...more })))
}

t.test('a manifest is read with what we know of it, and nothing else', async t => {
  const more = { comment: 'x', files: [{ ...file, comment: 'x' }] }

  t.strictSame(parse(more), good)
  t.equal(parse({ batch: good.batch.toUpperCase() }).batch, good.batch)
  t.strictSame(parse({ prefixes: ['88.118.1', '88.118.1', 'gs1:6901234'] }).prefixes, [
    '88.118.1',
    'gs1:6901234',
  ])
  for (const prev of [undefined, null, '', '0'.repeat(64)]) t.equal(parse({ prev }).prev, null)
})

t.test('a manifest that breaks a rule says which', async t => {
  const cases: readonly (readonly [object, string])[] = [
    [{ v: 2 }, 'v'],
    [{ v: '1' }, 'v'],
    [{ source: '' }, 'source'],
    [{ source: 86 }, 'source'],
    [{ source: 'x'.repeat(129) }, 'source'],
    [{ source: 'a\u0000' }, 'source'],
    [{ target: null }, 'target'],
    [{ batch: '42' }, 'batch'],
    [{ seq: 0 }, 'seq'],
    [{ seq: 1.5 }, 'seq'],
    [{ seq: '42' }, 'seq'],
    [{ seq: 2 ** 53 }, 'seq'],
    [{ prev: 'AB'.repeat(32) }, 'prev'],
    [{ prev: 'ab' }, 'prev'],
    [{ iat: -1 }, 'iat'],
    [{ exp: good.iat }, 'exp'],
    [{ exp: 1e15 }, 'exp'],
    [{ authorization: [] }, 'authorization'],
    [{ prefixes: [] }, 'prefixes'],
    [{ prefixes: '88.118.1' }, 'prefixes'],
    [{ prefixes: [1] }, 'prefixes'],
    [{ prefixes: ['88.118.1 '] }, 'prefixes'],
    [{ prefixes: Array(1_001).fill('88.118.1') }, 'prefixes'],
    [{ files: [] }, 'files'],
    [{ files: [file, file] }, 'files'],
    [{ files: [null] }, 'object'],
    [{ files: [{ ...file, name: '../identifiers.ndjson' }] }, 'name'],
    [{ files: [{ ...file, name: 'users.ndjson' }] }, 'name'],
    [{ files: [{ ...file, name: 'constructor.ndjson' }] }, 'name'],
    [{ files: [{ ...file, name: 'identifiers.csv' }] }, 'name'],
    [{ files: [{ ...file, bytes: 600_000_000 }] }, 'bytes'],
    [{ files: [{ ...file, rows: -1 }] }, 'rows'],
    [{ files: [{ ...file, sha256: file.sha256.toUpperCase() }] }, 'sha256'],
    [{ files: [{ ...file, sm3: undefined }] }, 'sm3'],
  ]

  for (const [more, rule] of cases) {
    const errors = [{ rule: `manifest.${rule}` }]
    t.throws(() => parse(more), { code: 'INPUT_INVALID', errors }, JSON.stringify(more))
  }
  for (const [text, rule] of [
    ['{', 'json'],
    ['[]', 'object'],
    ['null', 'object'],
    ['', 'json'],
  ]) {
    const errors = [{ rule: `manifest.${rule}` }]
    t.throws(() => parseManifest(Buffer.from(text ?? '')), { errors }, String(text))
  }
  t.throws(() => parseManifest(Buffer.from([0x22, 0xff, 0x22])), {
    errors: [{ rule: 'manifest.utf8' }],
  })
})

t.test('whatever comes is a manifest or a failure that is an answer', async t => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(good)), fc.jsonValue()), more => {
      try {
        parse(more)
        return true
      } catch (error) {
        return error instanceof Failure && error.code === 'INPUT_INVALID'
      }
    }),
  )
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

t.test('a manifest is for us, and for now', async t => {
  const check = (more: object, at = now) => checkManifest(parse(more), { targets, now: at })
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)

  check({})
  check({ target: '88.118' })
  check({}, later(3_599))
  check({}, later(-300))
  for (const target of ['88.118.2', '88.11', '88.118.10', '88']) {
    t.throws(() => check({ target }), {
      code: 'NOT_PERMITTED',
      errors: [{ rule: 'manifest.target' }],
    })
  }
  t.throws(() => check({}, later(3_600)), {
    code: 'NOT_PERMITTED',
    errors: [{ rule: 'manifest.expired' }],
  })
  t.throws(() => check({}, later(3_612)), {
    code: 'NOT_PERMITTED',
    detail: { zh: /12 秒前/, en: /12 seconds ago/ },
  })
  t.throws(() => check({}, later(-301)), {
    code: 'NOT_PERMITTED',
    errors: [{ rule: 'manifest.notYet' }],
  })
})

t.test('files are those of the manifest, to the last byte of both digests', async t => {
  const compare = (found: readonly ManifestFile[]) => compareFiles(parse(), found)
  const none = '0'.repeat(64)

  compare([file])
  for (const [found, rules] of [
    [[], ['missing']],
    [[{ ...file, bytes: 37 }], ['bytes']],
    [[{ ...file, sha256: none }], ['sha256']],
    [[{ ...file, sm3: none }], ['sm3']],
    [[{ ...file, rows: 3 }], ['rows']],
    [[file, { ...file, name: 'x.ndjson' }], ['unknown']],
    [[{ ...file, name: 'Identifiers.ndjson' }], ['missing', 'unknown']],
  ] as const) {
    const errors = rules.map(rule => ({ rule: `files.${rule}` }))
    t.throws(() => compare(found), { code: 'INPUT_INVALID', errors }, String(rules))
  }
})
