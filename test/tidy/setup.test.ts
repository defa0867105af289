import { type SpawnOptions, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { root } from './tree.ts'

t.test('the first start builds, the second has nothing to do', async t => {
  const clone = aClone(t)

  const first = await clone.start('dist/src/main.js', 'a', 'b')
  const second = await clone.start('dist/src/main.js', 'a', 'b')

  t.match(first.errors, 'building')
  t.equal(second.errors, '')
  t.equal(second.output, `${second.pid} a b\n`, 'the program runs in the process that was started')
})

t.test('a changed source is built again, a removed one leaves nothing behind', async t => {
  const clone = aClone(t)
  clone.write('src/old.ts', 'export const old = 1')
  await clone.start()

  clone.write('src/main.ts', "console.log('changed')")
  rmSync(path.join(clone.folder, 'src/old.ts'))
  const { output } = await clone.start('dist/src/main.js')

  t.equal(output, 'changed\n')
  t.notOk(existsSync(path.join(clone.folder, 'dist/src/old.js')))
})

t.test('a source that does not build is shown, and nothing is run', async t => {
  const clone = aClone(t)
  clone.write('src/main.ts', "const n: number = 'one'\nconsole.log(n)")

  for (const time of ['first', 'second']) {
    const { code, output, errors } = await clone.start('dist/src/main.js')
    t.equal(code, 1, time)
    t.equal(output, '', time)
    t.match(errors, 'src/main.ts(1,7)', time)
  }
})

t.test('of many starters at once one builds, and all run', async t => {
  const clone = aClone(t)

  const runs = await Promise.all([1, 2, 3].map(() => clone.start('dist/src/main.js')))

  t.equal(runs.filter(run => run.errors.includes('building')).length, 1)
  for (const run of runs) t.equal(run.code, 0)
  t.notOk(existsSync(path.join(clone.folder, '.setup-lock')))
})

t.test('the lock of a starter that died is nobody’s', async t => {
  const clone = aClone(t)
  const dead = spawn(process.execPath, ['-e', ''])
  await new Promise(resolve => dead.on('close', resolve))
  clone.write('.setup-lock', String(dead.pid))

  const { code } = await clone.start('dist/src/main.js')

  t.equal(code, 0)
})

t.test(
  'packages that differ from the lockfile are installed, and a failure says what to do',
  async t => {
    const clone = aClone(t)
    clone.write('package-lock.json', lockfile({ 'node_modules/absent': { version: '1.0.0' } }))

    const { code, errors } = await clone.start('dist/src/main.js')

    t.equal(code, 1)
    t.match(errors, 'installing')
    t.match(errors, 'npm ci did not finish')
  },
)

t.test('a package for other machines may be missing', async t => {
  const clone = aClone(t)
  const other = { version: '1.0.0', optional: true }
  clone.write('package-lock.json', lockfile({ 'node_modules/other': other }))

  t.equal((await clone.start('dist/src/main.js')).code, 0)
})

interface Run {
  readonly pid: number | undefined
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** A small project with our setup, whose one package is already installed: no test here needs a network. */
function aClone(t: Test) {
  const folder = t.testdir({})
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), text)
  }
  write('package.json', JSON.stringify({ type: 'module' }))
  write('package-lock.json', lockfile({}))
  write('node_modules/.package-lock.json', lockfile({}))
  write('src/main.ts', 'console.log([process.pid, ...process.argv.slice(2)].join(" "))')
  mkdirSync(path.join(folder, 'scripts'))
  mkdirSync(path.join(folder, 'node_modules/@types'))
  copyFileSync(path.join(root, 'scripts/setup.js'), path.join(folder, 'scripts/setup.js'))
  copyFileSync(path.join(root, 'tsconfig.json'), path.join(folder, 'tsconfig.json'))
  for (const name of ['typescript', '@types/node', 'undici-types']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name))
  }
  const start = (...words: string[]) =>
    run([path.join(folder, 'scripts/setup.js'), ...words], { cwd: '/' })
  return { folder, write, start }
}

function lockfile(packages: Record<string, object>): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } })
}

/** Without tap's own preloads, and with an npm that reaches no registry. */
function run(words: readonly string[], { cwd }: Pick<SpawnOptions, 'cwd'>): Promise<Run> {
  const env = { PATH: process.env['PATH'], npm_config_offline: 'true' }
  const child = spawn(process.execPath, words, { cwd, env })
  let output = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  return new Promise(resolve => {
    child.on('close', code => resolve({ pid: child.pid, code, output, errors }))
  })
}
