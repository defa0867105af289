import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import t from 'tap'
import { isPublishedKey, type KeyAlgorithm, kcvOf } from '../../src/crypto/key-algorithms.ts'
import { isUnbound, type KeyRow, type KeyRows, makeKeyStore } from '../../src/crypto/key-store.ts'
import { makeMasterKey } from '../../src/crypto/master-key.ts'

const random = randomBytes
const masterKey = makeMasterKey(Buffer.alloc(32, 7), random)

/** Rows in memory; `find` and `insert` take a turn of the loop each, as a store would. */
function someRows(): KeyRows & { all: KeyRow[] } {
  const rows: KeyRow[] = []
  const createdAt = new Date('2026-11-23T06:00:00Z')
  const same = (a: KeyRow, b: { purpose: string; scope: string; version: number }) =>
    a.purpose === b.purpose && a.scope === b.scope && a.version === b.version
  return {
    all: rows,
    async find(purpose, scope) {
      await new Promise(setImmediate)
      return rows.filter(row => row.purpose === purpose && row.scope === scope).reverse()
    },
    async insert(row) {
      await new Promise(setImmediate)
      if (rows.some(other => same(other, row))) return undefined
      rows.push({ ...row, leaked: false, createdAt })
      return createdAt
    },
    async insertFirst(row) {
      rows.push({ ...row, leaked: false, createdAt })
    },
    async setState(place, state, leaked = false) {
      const at = rows.findIndex(row => same(row, place))
      const row = rows[at]!
      const wrapped = state === 'destroyed' ? null : row.wrapped
      rows[at] = { ...row, state, wrapped, leaked: row.leaked || leaked }
    },
  }
}

async function aKeyStore(rows = someRows()) {
  const keys = makeKeyStore({ rows, masterKey, random })
  await keys.open()
  return { keys, rows }
}

t.test('the first opening binds the master key, and another is refused at once', async t => {
  const rows = someRows()
  const unboundBefore = await isUnbound(rows)
  await aKeyStore(rows)
  const other = makeKeyStore({
    rows,
    masterKey: makeMasterKey(Buffer.alloc(32, 8), random),
    random,
  })

  await t.rejects(other.open(), {
    name: 'KeyError',
    message: /wrong master key.*QXM_MASTER_KEY_FILE/,
  })

  t.equal(unboundBefore, true)
  t.equal(await isUnbound(rows), false)
  t.resolves(aKeyStore(rows))
})

t.test('of two master keys that meet a fresh store at once, one is refused', async t => {
  const rows = someRows()
  const stores = [1, 2].map(byte =>
    makeKeyStore({ rows, masterKey: makeMasterKey(Buffer.alloc(32, byte), random), random }),
  )

  const outcomes = await Promise.allSettled(stores.map(store => store.open()))

  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

t.test('a store that was not opened gives no key', async t => {
  const keys = makeKeyStore({ rows: someRows(), masterKey, random })

  await t.rejects(keys.getOrMake('pepper', '', 'hmac-sm3'), { code: 'ERR_ASSERTION' })
})

t.test('a key is made once and is the same after a restart', async t => {
  const { keys, rows } = await aKeyStore()

  const made = await keys.getOrMake('pepper', '', 'hmac-sm3')
  const again = await (await aKeyStore(rows)).keys.getOrMake('pepper', '', 'hmac-sm3')

  t.same(again, made)
  t.equal(made.key.length, 32)
  t.match(made, { purpose: 'pepper', scope: '', version: 1, state: 'active' })
  t.equal(
    rows.all.some(row => row.wrapped?.includes(made.key)),
    false,
  )
})

t.test('of many processes that need a first key one makes it and all get it', async t => {
  const rows = someRows()
  const stores = await Promise.all(Array.from({ length: 5 }, () => aKeyStore(rows)))

  const made = await Promise.all(
    stores.map(({ keys }) => keys.getOrMake('code', '88.118.1', 'sm4')),
  )

  t.equal(new Set(made.map(({ key }) => key.toString('hex'))).size, 1)
  t.equal(rows.all.filter(({ purpose }) => purpose === 'code').length, 1)
})

t.test('scopes and purposes have keys of their own', async t => {
  const { keys } = await aKeyStore()

  const made = await Promise.all([
    keys.getOrMake('code', '88.118.1', 'aes-256'),
    keys.getOrMake('code', '88.118.2', 'aes-256'),
    keys.getOrMake('dek', '88.118.1', 'sealing'),
    keys.getOrMake('blindIndex', '', 'hmac-sm3'),
  ])

  t.equal(new Set(made.map(({ key }) => key.toString('hex'))).size, 4)
})

t.test('rotation adds a version that makes, while the ones before still read', async t => {
  const { keys } = await aKeyStore()
  const first = await keys.getOrMake('code', '88.118.1', 'sm4')

  const second = await keys.add('code', '88.118.1', 'aes-256')
  await keys.retire(first)

  t.equal(second.version, 2)
  t.equal(second.algorithm, 'aes-256')
  t.same(await keys.getOrMake('code', '88.118.1', 'sm4'), second)
  t.same(await keys.list('code', '88.118.1'), [{ ...first, state: 'retired' }, second])
})

t.test('a key that leaked stays so, whatever becomes of it', async t => {
  const { keys, rows } = await aKeyStore()
  const first = await keys.getOrMake('status', '', 'ed25519')

  await keys.retire(first)
  await keys.retire(first, true)
  await keys.retire(first)

  t.match(await keys.list('status', ''), [{ version: 1, state: 'retired', leaked: true }])
  await keys.destroy(first)
  t.match(rows.all.at(-1), { state: 'destroyed', leaked: true, wrapped: null })
})

t.test('keys of a transaction are read and written through its own rows', async t => {
  const { keys, rows } = await aKeyStore()
  const inside = someRows()

  const added = await keys.over(inside).add('token', '', 'ed25519')

  t.same(await keys.over(inside).list('token', ''), [added])
  t.same(await keys.list('token', ''), [])
  t.equal(rows.all.length, 1, 'the master key’s')
})

t.test('a signing key is Ed25519, kept wrapped, and known by its public half', async t => {
  const { keys } = await aKeyStore()

  const { key, kcv } = await keys.getOrMake('status', '', 'ed25519')

  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  t.equal(privateKey.asymmetricKeyType, 'ed25519')
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  t.equal(kcv, createHash('sm3').update(spki).digest('hex').slice(0, 6))
  await t.rejects(keys.add('token', '', 'ed25519', Buffer.alloc(32)), { code: 'ERR_ASSERTION' })
})

t.test('a destroyed key is gone, and its version is never given again', async t => {
  const { keys, rows } = await aKeyStore()
  const first = await keys.getOrMake('dek', 'subject-1', 'sealing')

  await keys.destroy(first)
  const next = await keys.getOrMake('dek', 'subject-1', 'sealing')

  t.equal(rows.all.find(({ purpose }) => purpose === 'dek')?.wrapped, null)
  t.equal(next.version, 2)
  t.notSame(next.key, first.key)
  t.same(await keys.list('dek', 'subject-1'), [next])
  await t.rejects(keys.retire(first), { name: 'KeyError', message: /is destroyed/ })
  await t.rejects(keys.retire({ ...next, version: 9 }), { message: /does not exist/ })
})

t.test('a code prefix has 30 key versions and no more', async t => {
  const { keys } = await aKeyStore()
  for (let version = 1; version <= 30; version++) await keys.add('code', '88.118.1', 'sm4')

  await t.rejects(keys.add('code', '88.118.1', 'sm4'), { name: 'KeyError', message: /QXM_PREFIX/ })
})

t.test('a private key is made once, kept wrapped, and known by its public half', async t => {
  const { keys, rows } = await aKeyStore()

  const made = await keys.getOrMake('handleServer', '', 'rsa-2048')
  const again = await (await aKeyStore(rows)).keys.getOrMake('handleServer', '', 'rsa-2048')

  t.same(again, made)
  const privateKey = createPrivateKey({ key: made.key, format: 'der', type: 'pkcs8' })
  t.equal(privateKey.asymmetricKeyDetails?.modulusLength, 2048)
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  t.equal(made.kcv, createHash('sm3').update(spki).digest('hex').slice(0, 6))
  t.equal(
    rows.all.find(({ purpose }) => purpose === 'handleServer')?.wrapped?.includes(spki),
    false,
  )
})

t.test('what is no key of its algorithm is refused', async t => {
  const { keys, rows } = await aKeyStore()
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const pkcs8 = short.privateKey.export({ type: 'pkcs8', format: 'der' })

  await t.rejects(keys.add('handleServer', '', 'rsa-2048', pkcs8), { code: 'ERR_ASSERTION' })
  await t.rejects(keys.add('code', '88.118.1', 'sm4', Buffer.alloc(15)), { code: 'ERR_ASSERTION' })
  await keys.getOrMake('pepper', '', 'hmac-sm3')
  const at = rows.all.findIndex(({ purpose }) => purpose === 'pepper')
  rows.all[at] = { ...rows.all[at]!, algorithm: 'rsa-2048' }
  await t.rejects(keys.list('pepper', ''), { name: 'KeyError', message: /restore that row/ })
})

t.test('a row that was changed or moved is refused by name', async t => {
  const { keys, rows } = await aKeyStore()
  await keys.getOrMake('code', '88.118.1', 'sm4')
  const at = rows.all.findIndex(({ purpose }) => purpose === 'code')
  const row = rows.all[at]!
  const broken: KeyRow[] = [
    { ...row, version: 2 },
    { ...row, wrapped: null },
    { ...row, wrapped: Buffer.alloc(44) },
    { ...row, kcv: '000000' },
  ]

  for (const other of broken) {
    rows.all[at] = other
    await t.rejects(keys.list('code', '88.118.1'), {
      name: 'KeyError',
      message: /"code" of "88.118.1".*backup/,
    })
  }
})

t.test('the published keys of the demo are recognised by their check values', async t => {
  const published: [KeyAlgorithm, string, string][] = [
    ['sm4', '0123456789abcdeffedcba9876543210', '2677f4'],
    ['sm4', '2b7e151628aed2a6abf7158809cf4f3c', '09cbe1'],
    ['aes-256', '11'.repeat(32), '20ec0f'],
  ]
  const { keys } = await aKeyStore()

  for (const [algorithm, hex, kcv] of published) {
    const key = await keys.add('code', '88.118.1', algorithm, Buffer.from(hex, 'hex'))

    t.equal(key.kcv, kcv)
    t.equal(isPublishedKey(algorithm, key.kcv), true)
  }
  t.equal(isPublishedKey('aes-256', '2677f4'), false)
  t.equal(isPublishedKey('sm4', kcvOf('sm4', Buffer.alloc(16, 5))), false)
})

t.test('the check value of a sealing key is not the hash key of its GCM', async t => {
  const key = Buffer.alloc(32, 0x11)

  t.not(kcvOf('sealing', key), kcvOf('aes-256', key))
})
