import t from 'tap'
import { read } from './tree.ts'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

const manifest: Manifest = JSON.parse(read('package.json'))
const locked: Readonly<Record<string, Locked>> = JSON.parse(read('package-lock.json')).packages
const packages = Object.entries(locked).flatMap(([where, facts]) =>
  where === '' ? [] : [{ name: where.replace(/^.*node_modules\//, ''), where, ...facts }],
)

t.test('package.json names exact versions', async t => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })

  t.same(
    wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    [],
  )
})

t.test('the lockfile has what package.json names', async t => {
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    t.equal(locked[`node_modules/${name}`]?.version, version, name)
  }
})

t.test('every package is pinned to its content', async t => {
  t.same(
    packages.filter(each => each.integrity === undefined).map(each => each.where),
    [],
  )
})

t.test('no package runs a script when it is installed', async t => {
  t.same(
    packages.filter(each => each.hasInstallScript === true).map(each => each.where),
    [],
  )
})

// Its older versions accept forged SM2 signatures; sm-crypto-v2 is another package, and checked with vectors.
t.test('sm-crypto is absent', async t => {
  t.same(
    packages.filter(({ name }) => name === 'sm-crypto').map(each => each.where),
    [],
  )
})

// Older ones accept forged signatures.
t.test('node-forge is 1.4.3 or newer where it is present', async t => {
  const forges = packages.filter(({ name }) => name === 'node-forge')

  t.same(
    forges.filter(({ version = '0' }) => !isAtLeast(version, [1, 4, 3])),
    [],
  )
})

t.test('versions compare as numbers', async t => {
  t.ok(isAtLeast('1.10.0', [1, 4, 3]))
  t.ok(isAtLeast('1.4.3', [1, 4, 3]))
  t.notOk(isAtLeast('1.4.2', [1, 4, 3]))
  t.notOk(isAtLeast('0.9.9', [1, 4, 3]))
})

t.test('what runs in production has a licence that asks nothing of the rest', async t => {
  const unfit = packages.filter(({ dev, license }) => dev !== true && !isFit(license))

  t.same(
    unfit.map(({ where, license }) => `${where}: ${license}`),
    [],
  )
})

t.test(
  'of licences to choose from one is enough, of those that hold together each counts',
  async t => {
    t.ok(isFit('(BSD-3-Clause OR GPL-2.0)'))
    t.notOk(isFit('MIT AND GPL-3.0-only'))
    t.notOk(isFit('LGPL-3.0'))
    t.notOk(isFit(undefined))
  },
)

/** An SPDX expression, as far as ours go: alternatives, without brackets inside brackets. */
function isFit(license: string | undefined): boolean {
  const alternatives = license?.replace(/^\(|\)$/g, '').split(' OR ') ?? []
  return alternatives.some(each => !/GPL|SSPL|BUSL|UNLICENSED/i.test(each))
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number)
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}
