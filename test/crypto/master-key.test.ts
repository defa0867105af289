import { randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { KeyError, makeMasterKey, readMasterKey } from '../../src/crypto/master-key.ts'

const key = Buffer.from('0f'.repeat(32), 'hex')
const place = { purpose: 'code', scope: '88.118.1', version: 2 }
const random = randomBytes

t.test(
  'a master key file is made once, for its owner alone, and read again as the same key',
  async t => {
    const folder = t.testdir()
    const path = join(folder, 'master.key')

    const first = await readMasterKey({ path, make: true, random })
    const second = await readMasterKey({ path, make: true, random })

    t.equal(first.made, true)
    t.equal(second.made, false)
    t.equal(first.masterKey.checkValue, second.masterKey.checkValue)
    t.equal((await stat(path)).mode & 0o777, 0o600)
    t.match(await readFile(path, 'utf8'), /^[0-9a-f]{64}\n$/)
    t.same(first.warnings, [])
    t.same(await readdir(folder), ['master.key'])
  },
)

t.test('of many that make the file at once all end with the same key', async t => {
  const path = join(t.testdir(), 'master.key')

  const all = await Promise.all(
    Array.from({ length: 8 }, () => readMasterKey({ path, make: true, random })),
  )

  t.equal(new Set(all.map(({ masterKey }) => masterKey.checkValue)).size, 1)
  t.equal(all.filter(({ made }) => made).length, 1)
})

t.test('hex and both alphabets of base64 are the same key', async t => {
  const { checkValue } = makeMasterKey(Buffer.alloc(32, 0xfb), random)
  const spellings = [
    'fb'.repeat(32),
    `  ${'FB'.repeat(32)}\r\n`,
    Buffer.alloc(32, 0xfb).toString('base64'),
    Buffer.alloc(32, 0xfb).toString('base64url'),
  ]

  for (const text of spellings) {
    const path = join(t.testdir({ key: text }), 'key')

    const { masterKey, made } = await readMasterKey({ path, make: false, random })

    t.equal(masterKey.checkValue, checkValue, text)
    t.equal(made, false)
  }
})

t.test('a missing file is not made unless asked, and the message says what to do', async t => {
  const path = join(t.testdir(), 'master.key')

  await t.rejects(readMasterKey({ path, make: false, random }), {
    name: 'KeyError',
    message: /ENOENT.*restore it from its backup.*openssl rand -hex 32/,
  })
  await t.rejects(stat(path))
})

t.test('a file with anything but 32 bytes is refused, and never quoted', async t => {
  for (const text of ['', 'ab'.repeat(16), 'fb'.repeat(33), 'password-password-password']) {
    const path = join(t.testdir({ key: text }), 'key')

    const error = await readMasterKey({ path, make: true, random }).catch(error => error)

    t.ok(error instanceof KeyError)
    t.match(error.message, 'does not hold 32 bytes')
    t.notMatch(error.message, /password|abab|fbfb/)
  }
})

t.test('a folder that does not exist is named with the way out', async t => {
  const path = join(t.testdir(), 'none', 'master.key')

  await t.rejects(readMasterKey({ path, make: true, random }), {
    name: 'KeyError',
    message: /ENOENT.*QXM_MASTER_KEY_FILE/,
  })
})

t.test('a file open to other users is read with a warning', async t => {
  const path = join(t.testdir(), 'key')
  await writeFile(path, 'fb'.repeat(32))
  await chmod(path, 0o644)

  const { warnings } = await readMasterKey({ path, make: false, random })

  t.match(warnings, [/mode 644.*chmod 600/])
})

t.test(
  'a wrapped key opens at its place only, unchanged only, and under its master key only',
  async t => {
    const masterKey = makeMasterKey(key, random)
    const secret = randomBytes(16)

    const wrapped = masterKey.wrap(secret, place)

    t.same(masterKey.unwrap(wrapped, place), secret)
    t.not(wrapped.includes(secret), true)
    t.notSame(masterKey.wrap(secret, place), wrapped)
    for (const other of [
      { ...place, purpose: 'dek' },
      { ...place, scope: '88.118.2' },
      { ...place, version: 1 },
    ]) {
      t.throws(() => masterKey.unwrap(wrapped, other), { name: 'KeyError', message: /backup/ })
    }
    t.throws(() => makeMasterKey(randomBytes(32), random).unwrap(wrapped, place), KeyError)
    for (let at = 0; at < wrapped.length; at++) {
      const changed = Buffer.from(wrapped)
      changed[at] = changed[at]! ^ 1
      t.throws(() => masterKey.unwrap(changed, place), KeyError, `byte ${at}`)
      t.throws(
        () => masterKey.unwrap(wrapped.subarray(0, at), place),
        KeyError,
        `first ${at} bytes`,
      )
    }
  },
)

t.test('the check value is the same for the same key, and another for another', async t => {
  const { checkValue } = makeMasterKey(key, random)

  t.match(checkValue, /^[0-9a-f]{16}$/)
  t.equal(makeMasterKey(key, random).checkValue, checkValue)
  t.not(makeMasterKey(Buffer.alloc(32, 1), random).checkValue, checkValue)
})
