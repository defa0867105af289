import t from 'tap'
import type { Queries } from '../../src/storage/postgres/database.ts'
import { readDirectory } from '../../src/storage/postgres/directory.ts'
import { anOperator } from '../support/builders.ts'
import { postgres } from '../support/postgres-server.ts'
import { testWith } from '../support/throw-away.ts'
import { aCore } from './a-core.ts'

const core = await aCore(t)
const { identifiers, prefixes, directory, ask, database } = core
const alpha = await core.enterprise('alpha')
const beta = await core.enterprise('beta')
await core.prefix('88.118.1')
const by = { caller: anOperator }

t.test('a prefix is allotted by an operator, once, in its normal form', async t => {
  const row = await core.prefix(' 88.118.20 ', { owner: alpha.of.code, for: ['product'] })

  t.match(row, {
    system: 'handle',
    prefix: '88.118.20',
    owner: 'alpha',
    serial: 1,
    uses: ['product'],
  })
  t.match(directory.find('handle', '88.118.20'), { state: 'enabled', served: 'hosted', epoch: 1 })
  await t.rejects(core.prefix('88.118.20'), { code: 'ALREADY_EXISTS' })
  await t.rejects(prefixes.create({ prefix: '88.118.21' }, alpha), { code: 'NOT_PERMITTED' })
  await t.rejects(core.prefix('88.118.'), { code: 'INPUT_INVALID' })
})

t.test('codes have no prefixes of their own', async t => {
  const row = await core.prefix('88.118.22', { system: 'code' })

  t.equal(row.system, 'handle')
  await t.rejects(core.prefix('88.118.22'), { code: 'ALREADY_EXISTS' })
})

t.test('a delegated prefix needs a site, and has at most 16', async t => {
  const site = { address: '192.0.2.1', protocols: [{ protocol: 'TCP', port: 2641 }] } as const
  const refusal = { code: 'INPUT_INVALID', errors: [{ pointer: '/sites' }] }

  await t.rejects(core.prefix('88.118.23', { served: 'delegated' }), refusal)
  await t.rejects(core.prefix('88.118.23', { sites: new Array(17).fill(site) }), refusal)
  await core.prefix('88.118.23', { served: 'delegated', sites: [site] })

  t.match(await ask('88.118.23/x'), { referral: { prefix: '88.118.23', sites: [site] } })
})

t.test('a patch changes what it names, under the serial that was read', async t => {
  await core.prefix('88.118.24', { owner: alpha.of.code })

  const row = await prefixes.patch('handle', '88.118.24', { state: 'disabled' }, by)

  t.match(row, { owner: 'alpha', state: 'disabled', serial: 2 })
  t.match(directory.find('handle', '88.118.24'), { state: 'disabled', serial: 2, epoch: 2 })
  await t.rejects(prefixes.patch('handle', '88.118.24', {}, { ...by, ifSerial: 1 }), {
    code: 'VERSION_STALE',
  })
  await t.rejects(prefixes.patch('handle', '88.118.25', {}, by), { code: 'PREFIX_UNKNOWN' })
})

t.test('handing a prefix over is seen in the very next answers of both owners', async t => {
  await core.prefix('88.118.30', { owner: alpha.of.code })
  await core.prefix('88.118.31', { owner: alpha.of.code })
  for (const identifier of ['88.118.30/x', '88.118.30/y', '88.118.31/x']) {
    await identifiers.create(identifier, {}, { caller: alpha })
    await ask(identifier)
  }
  await ask(alpha.of.code)
  await ask(beta.of.code)
  const prefixesIn = async (identifier: string) =>
    (await ask(identifier)).prefixes.map(({ prefix }) => prefix).filter(p => /3[01]$/.test(p))

  await prefixes.patch('handle', '88.118.30', { owner: beta.of.code }, by)

  t.match(await ask('88.118.30/x'), { code: beta.of.code, serial: 1 })
  t.match(await ask('88.118.30/y'), { code: beta.of.code, serial: 1 })
  t.match(await ask('88.118.31/x'), { code: alpha.of.code, serial: 1 })
  t.strictSame(await prefixesIn('88.118.30/x'), ['88.118.30'])
  t.strictSame(await prefixesIn('88.118.31/x'), ['88.118.31'])
  t.strictSame(await prefixesIn(alpha.of.code), ['88.118.31'])
  t.strictSame(await prefixesIn(beta.of.code), ['88.118.30'])
})

t.test('a hand-over names rows of the directory and no records', async t => {
  await core.prefix('88.118.32', { owner: alpha.of.code })
  await prefixes.patch('handle', '88.118.32', { owner: beta.of.code }, by)
  await core.number()

  const changes = await database.query(
    'select op, serial, kind, keys, directory from changes where identifier = $1 order by seq',
    ['0.NA/88.118.32'],
  )

  t.strictSame(changes.at(-1), {
    op: 'replaced',
    serial: 2,
    kind: 'prefix',
    keys: [],
    directory: { prefixes: [['handle', '88.118.32']], subjects: ['beta', 'alpha'] },
  })
  t.equal(changes.length, 2)
})

t.test('who was asked for before the allotment is answered after it', async t => {
  await t.rejects(ask('88.118.33'), { code: 'PREFIX_UNKNOWN' })

  await core.prefix('88.118.33', { owner: alpha.of.code })

  t.match(await ask('88.118.33'), { kind: 'prefix', code: alpha.of.code })
})

t.test('a code answers from the moment it is issued, with its owner’s prefixes', async t => {
  const gamma = await core.enterprise('gamma')
  await core.prefix('88.118.34', { owner: gamma.of.code })

  t.match(await ask(gamma.of.code), {
    identifier: gamma.of.code,
    kind: 'subject',
    code: gamma.of.code,
    status: 'active',
    prefixes: [{ system: 'handle', prefix: '88.118.34' }],
  })
})

t.test(
  'a directory read during a hand-over is never newer in its owners than in its prefixes',
  async t => {
    await core.prefix('88.118.35', { owner: alpha.of.code })
    const epochBefore = directory.subjectEpoch('alpha')
    let questions = 0
    const interrupted: Queries = {
      ...database,
      async query(sql, parameters) {
        const rows = await database.query(sql, parameters)
        questions += 1
        if (questions === 1) await prefixes.patch('handle', '88.118.35', { owner: null }, by)
        return rows as never
      },
    }

    const content = await readDirectory(interrupted)

    // Else the answers made of it would look current for ever: the owner's epoch vouches for its list of prefixes.
    t.equal(content.subjects.find(({ id }) => id === 'alpha')?.epoch, epochBefore)
    t.equal(content.prefixes.find(({ prefix }) => prefix === '88.118.35')?.owner, null)
    t.ok(directory.subjectEpoch('alpha') > epochBefore)
  },
)

testWith(t, [postgres], 'of two who allot one prefix at once one succeeds (postgres)', async t => {
  const { prefixes, enterprise, directory } = await aCore(t, 'postgres')
  const owners = [await enterprise('alpha'), await enterprise('beta')]

  const results = await Promise.allSettled(
    owners.map(({ of }) => prefixes.create({ prefix: '88.118.8', owner: of.code }, anOperator)),
  )

  const won = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  t.equal(won.length, 1)
  t.equal(directory.find('handle', '88.118.8')?.owner, won[0]?.owner)
})
