/**
 * Makes a clone ready, then runs a built program if one is named:
 *
 *     node scripts/setup.js [program.js [arguments…]]
 *
 * Written with Node's built-ins only, because it runs before anything is installed. It installs what the lockfile says
 * where node_modules differs, builds what is older than its sources, and says on standard error what it does (standard
 * output belongs to the program). The program runs in this very process, so that a supervisor's signals reach it.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const lockFile = path.join(root, '.setup-lock')
/** Long enough for an install over a slow network; a setup that takes longer is stuck. */
const lockWaitSecondsMax = 600

/** What has to be done, in order. Another part of the project that needs building becomes another step. */
const steps = [
  { name: 'installing what package-lock.json says', isDone: isInstalled, run: install },
  { name: 'building', isDone: isBuilt, run: build },
]

checkNode()
if (steps.some(step => !step.isDone())) await underLock(setUp)

const [program, ...programArguments] = process.argv.slice(2)
if (program !== undefined) {
  const file = path.resolve(root, program)
  process.argv = [process.execPath, file, ...programArguments]
  await import(pathToFileURL(file).href)
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  fail(`Node ${process.versions.node} is too old: install Node 20.19 or newer`)
}

/** Runs with the lock held, so every step asks again: another starter may have done it meanwhile. */
function setUp() {
  for (const step of steps) {
    if (step.isDone()) continue
    const startedAt = performance.now()
    say(`${step.name} …`)
    step.run()
    say(`${step.name}: done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }
}

/**
 * Compares the lockfile with the record that npm itself leaves in node_modules, at its very end, of what it installed.
 * Optional packages may be missing there: they are for other machines.
 */
function isInstalled() {
  const installed = readPackages(path.join(root, 'node_modules', '.package-lock.json'))
  const wanted = readPackages(path.join(root, 'package-lock.json'))
  if (installed === undefined || wanted === undefined) return false
  for (const [where, { version, integrity, optional }] of Object.entries(wanted)) {
    if (where === '') continue
    const found = installed[where]
    if (found === undefined && optional) continue
    if (found?.version !== version || found?.integrity !== integrity) return false
  }
  return true
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Nothing we use needs an install script, so none may run; a build needs the development packages whatever NODE_ENV says. */
function install() {
  const options = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath
  const run =
    npm?.endsWith('.js') === true
      ? runQuietly(process.execPath, [npm, ...options])
      : runQuietly('npm', options)
  if (run.ok && isInstalled()) return
  say(run.output)
  fail('npm ci did not finish: check that the npm registry can be reached, then start again')
}

/** The stamp bears the time when the last good build began. */
function isBuilt() {
  const stamp = changedAtMs(path.join(root, 'dist', '.built'))
  return stamp !== undefined && newestMs(sources()) <= stamp
}

function sources() {
  const names = ['src', 'test', 'bench', 'tsconfig.json', 'package.json', 'package-lock.json']
  return names.map(name => path.join(root, name))
}

function build() {
  const startedAt = new Date()
  const dist = path.join(root, 'dist')
  removeOrphans(dist, root)
  const run = runQuietly(process.execPath, [
    path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '--project',
    path.join(root, 'tsconfig.json'),
  ])
  if (!run.ok) {
    say(run.output)
    fail('the build failed: mend what tsc names above')
  }
  const stamp = path.join(dist, '.built')
  fs.writeFileSync(stamp, '')
  fs.utimesSync(stamp, startedAt, startedAt)
}

/** A built file whose source is gone would still be imported, and still be run as a test. */
function removeOrphans(folder, sourceFolder) {
  if (!fs.existsSync(folder)) return
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const built = path.join(folder, entry.name)
    const source = path.join(sourceFolder, entry.name)
    if (entry.isDirectory()) {
      if (fs.existsSync(source)) removeOrphans(built, source)
      else fs.rmSync(built, { recursive: true })
    } else if (/\.js(\.map)?$/.test(entry.name)) {
      if (!fs.existsSync(source.replace(/\.js(\.map)?$/, '.ts'))) fs.rmSync(built)
    }
  }
}

/** A folder's own time counts too: it changes when a file in it is removed. */
function newestMs(files) {
  let newest = 0
  for (const file of files) {
    const stat = fs.statSync(file, { throwIfNoEntry: false })
    if (stat === undefined) continue
    newest = Math.max(newest, stat.mtimeMs)
    if (stat.isDirectory()) {
      newest = Math.max(newest, newestMs(fs.readdirSync(file).map(name => path.join(file, name))))
    }
  }
  return newest
}

function changedAtMs(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs
}

function runQuietly(command, options) {
  const run = spawnSync(command, options, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
  const output = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`
  return { ok: run.status === 0, output: output.trimEnd() }
}

/** One starter works, the others wait for it. The lock names its holder; a dead holder's lock is nobody's. */
async function underLock(work) {
  const deadline = performance.now() + lockWaitSecondsMax * 1000
  let told = false
  while (!takeLock()) {
    const holder = readHolder()
    if (holder !== undefined && !isAlive(holder)) {
      clearLockOf(holder)
      continue
    }
    if (performance.now() > deadline) {
      fail(`process ${holder} has been setting up for too long: end it, or delete ${lockFile}`)
    }
    if (!told) say(`waiting for process ${holder}, which is setting up …`)
    told = true
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  process.once('exit', releaseLock)
  try {
    work()
  } finally {
    process.off('exit', releaseLock)
    releaseLock()
  }
}

/** A link appears whole, with its text, or not at all; a file that is created and then written does not. */
function takeLock() {
  const own = `${lockFile}.${process.pid}`
  fs.writeFileSync(own, String(process.pid))
  try {
    fs.linkSync(own, lockFile)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    fs.rmSync(own, { force: true })
  }
}

/** Moves the lock aside before it looks again: another starter may have cleared it already, and taken it. */
function clearLockOf(dead) {
  const aside = `${lockFile}.${process.pid}.dead`
  try {
    fs.renameSync(lockFile, aside)
  } catch {
    return
  }
  if (Number(fs.readFileSync(aside, 'utf8')) !== dead) fs.linkSync(aside, lockFile)
  fs.rmSync(aside)
}

function releaseLock() {
  fs.rmSync(lockFile, { force: true })
}

function readHolder() {
  try {
    return Number(fs.readFileSync(lockFile, 'utf8'))
  } catch {
    return undefined
  }
}

/** Our own pid in a lock that we do not hold is a leftover: in a container every run has the same one. */
function isAlive(pid) {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function say(text) {
  if (text !== '') process.stderr.write(`setup: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
