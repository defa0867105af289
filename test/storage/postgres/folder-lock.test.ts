import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { lockFolder } from '../../../src/storage/postgres/folder-lock.ts'

t.test('a held folder is refused at once, with the pid of its holder', async t => {
  const folder = t.testdir()
  const lock = await lockFolder(folder)
  const startedAt = performance.now()

  await t.rejects(lockFolder(folder), {
    name: 'FolderTaken',
    pid: process.pid,
    message: new RegExp(`in use by process ${process.pid}.*stop that process`),
  })

  t.ok(performance.now() - startedAt < 1_000)
  await lock.release()
})

t.test('a released folder can be locked again, and nothing is left of the lock', async t => {
  const folder = t.testdir()

  for (let round = 0; round < 3; round++) {
    const lock = await lockFolder(folder)
    await lock.release()
  }

  t.strictSame(await readdir(folder), [])
})

t.test('a folder that does not exist is made, for nobody else', async t => {
  const folder = join(t.testdir(), 'a', 'b')

  const lock = await lockFolder(folder)

  t.strictSame(await readdir(folder), ['lock'])
  await lock.release()
})

t.test('a path longer than a socket address is locked like any other', async t => {
  const folder = join(t.testdir(), 'long-'.repeat(30), 'folder-'.repeat(20))
  const lock = await lockFolder(folder)

  await t.rejects(lockFolder(folder), { name: 'FolderTaken', pid: process.pid })

  await lock.release()
  await (await lockFolder(folder)).release()
})

t.test('a holder that was killed holds nothing, and the next one gets the folder', async t => {
  const folder = t.testdir()
  const [holder, said] = await starter(t, folder)
  t.equal(said, `locked ${holder.pid}`)
  await t.rejects(lockFolder(folder), { name: 'FolderTaken', pid: Number(holder.pid) })

  await kill(holder)

  await (await lockFolder(folder)).release()
})

t.test('a holder that is stopped in its tracks still holds', async t => {
  const folder = t.testdir()
  const [holder] = await starter(t, folder)
  holder.kill('SIGSTOP')

  await t.rejects(lockFolder(folder), { name: 'FolderTaken', pid: Number(holder.pid) })

  holder.kill('SIGCONT')
})

t.test('of two processes that start at once after a kill, one wins: twenty times', async t => {
  const folder = t.testdir()
  for (let round = 0; round < 20; round++) {
    const pair = await Promise.all([starter(t, folder), starter(t, folder)])
    const winners = pair.filter(([, said]) => said.startsWith('locked'))
    const [[winner] = []] = winners
    const losers = pair.filter(([, said]) => said === `refused ${winner?.pid}`)

    t.equal(winners.length, 1, `round ${round}: ${pair.map(([, said]) => said).join(', ')}`)
    t.equal(losers.length, 1)

    await Promise.all(pair.map(([child]) => kill(child)))
  }
})

t.test('of many starters in one process over a dead lock, one wins', async t => {
  const folder = t.testdir()
  const [dead] = await starter(t, folder)
  await kill(dead)

  const results = await Promise.allSettled(Array.from({ length: 12 }, () => lockFolder(folder)))

  const locks = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const reasons = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  t.equal(locks.length, 1)
  t.ok(reasons.every(reason => reason.name === 'FolderTaken'))
  await locks[0]?.release()
})

t.test('a plain file in the place of a socket is a dead holder', async t => {
  const folder = t.testdir()
  await mkdir(join(folder, 'lock'))
  await writeFile(join(folder, 'lock', '1-abc.sock'), '')

  await (await lockFolder(folder)).release()
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** A process that locks the folder, says what came of it, and stays. */
async function starter(t: Test, folder: string): Promise<[ChildProcess, string]> {
  const program = fileURLToPath(import.meta.resolve('../../support/lock-holder.js'))
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  return [child, String(line)]
}
