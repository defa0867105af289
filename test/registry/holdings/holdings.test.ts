import t from 'tap'
import type { HoldingInput } from '../../../src/registry/holdings/claim.ts'
import { anOperator } from '../../support/builders.ts'
import { refusalOf } from '../../support/filing.ts'
import { postgres } from '../../support/postgres-server.ts'
import { testWith } from '../../support/throw-away.ts'
import { aLandOffice, aReviewer } from './a-land-office.ts'

const office = await aLandOffice(t)
const { holdings, prefixes, identifiers, ask, clock, ownerOf } = office
const alpha = await office.enterprise('alpha')
const beta = await office.enterprise('beta')
const by = { caller: anOperator }
const byReviewer = { caller: aReviewer }

function claim(enterprise: typeof alpha, input: HoldingInput) {
  return holdings.create(enterprise.of.code, input, { caller: enterprise })
}

function put(enterprise: typeof alpha, input: HoldingInput) {
  return holdings.create(enterprise.of.code, input, by)
}

t.test('an enterprise’s claim waits, an operator’s word is in force', async t => {
  const asked = await claim(alpha, { system: 'gs1', prefix: '6901001', for: ['product'] })
  const put_ = await put(alpha, { system: 'gs1', prefix: '6901002', site: '一厂' })

  t.match(asked, { state: 'awaiting', confidence: 'stated', for: ['product'], serial: 1 })
  t.equal(ownerOf('gs1', '6901001'), undefined)
  t.match(put_, { state: 'active', code: alpha.of.code, site: '一厂', decidedBy: anOperator.id })
  t.equal(ownerOf('gs1', '6901002'), 'alpha')
  t.same(await office.notices(asked.id), ['holding.decide operator', 'holding.decide reviewer'])
  t.match(await ask(alpha.of.code), { prefixes: [{ system: 'gs1', prefix: '6901002' }] })
})

t.test('a claim that is approved is in force under the id it was asked with', async t => {
  const { id } = await claim(alpha, { system: 'oid', prefix: '2.999.77' })

  const approved = await holdings.decide(id, { decision: 'approve' }, byReviewer)

  t.match(approved, { id, state: 'active', decidedBy: 'reviewer', askedBy: alpha.id })
  t.equal(ownerOf('oid', '2.999.77'), 'alpha')
  t.equal(
    await refusalOf(holdings.decide(id, { decision: 'refuse' }, byReviewer)),
    'STATE_CONFLICT',
  )
  t.match(await holdings.read(alpha.of.code, id, alpha), {
    holding: { state: 'active' },
    conflicts: [],
    history: [{ id, state: 'active' }],
  })
})

t.test('a claim that is refused or taken back changes nothing', async t => {
  const first = await claim(alpha, { system: 'oid', prefix: '2.999.78' })
  const second = await claim(alpha, { system: 'oid', prefix: '2.999.79' })

  const refused = await holdings.decide(
    first.id,
    { decision: 'refuse', comment: '材料不符' },
    byReviewer,
  )
  const withdrawn = await holdings.end(alpha.of.code, second.id, { caller: alpha })

  t.match(refused, { state: 'refused', comment: '材料不符' })
  t.match(withdrawn, { state: 'withdrawn' })
  t.equal(ownerOf('oid', '2.999.78'), undefined)
  t.ok((await office.notices(first.id)).includes('holding.refused alpha'))
})

t.test('who may not, may not', async t => {
  const { id } = await claim(alpha, { system: 'oid', prefix: '2.999.80' })
  const [ofBeta, itself] = [{ caller: beta }, { caller: alpha }]

  t.equal(
    await refusalOf(holdings.create(alpha.of.code, { prefix: '88.118.50' }, ofBeta)),
    'NOT_PERMITTED, /code subject',
  )
  t.match(await refusalOf(holdings.decide(id, { decision: 'approve' }, itself)), 'NOT_PERMITTED')
  t.equal(await refusalOf(holdings.end(alpha.of.code, id, ofBeta)), 'NOT_PERMITTED, /code subject')
  t.equal(await refusalOf(holdings.end(beta.of.code, id, ofBeta)), 'NOT_PERMITTED, /code subject')
  t.equal(await refusalOf(holdings.read(alpha.of.code, id, beta)), 'NOT_PERMITTED, /code subject')
  t.equal(
    await refusalOf(
      claim(alpha, {
        system: 'gs1',
        prefix: '6901003',
        evidence: [{ kind: 'registry', name: 'GS1 China' }],
      }),
    ),
    'INPUT_INVALID, /evidence/0/kind evidence.registry',
  )
  t.equal(
    await refusalOf(
      claim(alpha, { prefix: '88.118.51', evidence: [{ kind: 'proof', id: 'nobody’s' }] }),
    ),
    'INPUT_INVALID, /evidence/0/id evidence.proof',
  )
  t.equal(
    await refusalOf(
      claim(alpha, { prefix: '88.118.51', evidence: [{ kind: 'document', id: 'nobody’s' }] }),
    ),
    'INPUT_INVALID, /evidence/0/id evidence.unknown',
  )
})

t.test('whoever decides adds what they have looked up', async t => {
  const { id } = await claim(beta, { system: 'gs1', prefix: '6902001' })
  const evidence = [{ kind: 'registry', name: 'GS1 China' }] as const

  const approved = await holdings.decide(id, { decision: 'approve', evidence }, byReviewer)

  t.match(approved, { confidence: 'matched', evidence })
})

t.test('what another holds is not taken before somebody has seen both sides', async t => {
  await put(alpha, { system: 'gs1', prefix: '6903001' })
  const { id } = await claim(beta, { system: 'gs1', prefix: '6903001' })
  const approve = { decision: 'approve' } as const

  const { conflicts } = await holdings.read(beta.of.code, id, beta)
  const refusal = await refusalOf(holdings.decide(id, approve, byReviewer))
  const approved = await holdings.decide(id, { ...approve, despite: ['gs1:6903001'] }, byReviewer)

  t.match(conflicts, [{ kind: 'taken', key: 'gs1:6903001', code: alpha.of.code, state: 'active' }])
  t.equal(refusal, 'STATE_CONFLICT, /despite prefix.overlap')
  t.match(approved, { state: 'active', code: beta.of.code })
  t.match(await holdings.history('gs1', '6903001'), [
    { code: beta.of.code, state: 'active', beganAt: new Date(clock.now()).toISOString() },
    { code: alpha.of.code, state: 'ended', endedBy: 'reviewer' },
  ])
  t.match(
    new Set(await office.notices(id)),
    new Set(['holding.approved beta', 'holding.handedOver alpha']),
  )
})

t.test('overlaps are found part by part, on both sides, and rivals are shown', async t => {
  await put(alpha, { system: 'gs1', prefix: '6904001' })
  const kindsOf = async (system: 'gs1' | 'oid' | 'handle', prefix: string) => {
    const { id } = await claim(beta, { system, prefix })
    const { conflicts } = await holdings.read(beta.of.code, id, beta)
    return conflicts.map(({ kind, prefix }) => `${kind} ${prefix}`).sort()
  }

  t.same(await kindsOf('gs1', '69040011'), ['below 6904001'])
  t.same(await kindsOf('gs1', '6904'), ['above 6904001'])
  t.same(await kindsOf('gs1', '6904002'), [])
  await put(alpha, { system: 'oid', prefix: '2.999.8' })
  t.same(await kindsOf('oid', '2.999.80.1'), ['rival 2.999.80'], 'not 2.999.8')
  t.same(await kindsOf('oid', '2.999.8.1'), ['below 2.999.8'])
  await put(alpha, { prefix: '88.118.8' })
  t.same(await kindsOf('handle', '88.118.88'), [])
  await claim(alpha, { prefix: '88.118.0042' })
  t.same(await kindsOf('handle', '88.118.42'), [], 'a leading zero is another prefix')
})

t.test('the queue has every claim that waits, with its other side', async t => {
  const { items } = await holdings.claims({ limit: 1000 }, aReviewer)

  t.ok(items.every(({ holding }) => holding.state === 'awaiting'))
  t.ok(items.some(({ conflicts }) => conflicts.length > 0))
  t.same(
    items.map(({ holding }) => holding.id),
    items.map(({ holding }) => holding.id).sort(),
  )
  t.match(await refusalOf(holdings.claims({ limit: 1 }, alpha)), 'NOT_PERMITTED')
})

t.test('an operator, too, names whose prefixes overlap before they do', async t => {
  await put(alpha, { system: 'gs1', prefix: '6905001' })

  t.equal(
    await refusalOf(put(beta, { system: 'gs1', prefix: '69050011' })),
    'STATE_CONFLICT, /despite prefix.overlap',
  )
  t.equal(
    await refusalOf(
      prefixes.create({ system: 'gs1', prefix: '69050011', owner: beta.of.code }, anOperator),
    ),
    'STATE_CONFLICT, /despite prefix.overlap',
  )
  t.match(await put(beta, { system: 'gs1', prefix: '69050011', despite: ['gs1:6905001'] }), {
    state: 'active',
  })
})

t.test('a new prefix gets the next number, which a decision may change', async t => {
  await put(alpha, { prefix: '88.118.900' })
  const first = await claim(beta, {})
  const second = await claim(alpha, { system: 'handle', for: ['equipment'] })

  t.match(
    [first, second],
    [
      { prefix: '88.118.901', proposed: true, state: 'awaiting' },
      { prefix: '88.118.902', proposed: true },
    ],
  )
  await put(alpha, { prefix: '88.118.901' })
  t.match(await holdings.decide(first.id, { decision: 'approve' }, by), { prefix: '88.118.903' })
  t.match(await holdings.decide(second.id, { decision: 'approve', prefix: '88.118.7' }, by), {
    prefix: '88.118.7',
  })
  t.equal(ownerOf('handle', '88.118.903'), 'beta')
  t.equal(ownerOf('handle', '88.118.902'), undefined)
  const named = await claim(beta, { prefix: '88.118.910' })
  t.equal(
    await refusalOf(holdings.decide(named.id, { decision: 'approve', prefix: '88.118.911' }, by)),
    'INPUT_INVALID, /prefix prefix.claimed',
  )
})

t.test('the node’s own prefixes are nobody’s to claim', async t => {
  for (const prefix of ['88.118', '88.118.1']) {
    t.equal(await refusalOf(claim(alpha, { prefix })), 'INPUT_INVALID, /prefix prefix.node')
  }
  t.equal(
    await refusalOf(claim(alpha, { prefix: '88.118.5.6' })),
    'INPUT_INVALID, /prefix prefix.depth',
  )
  t.equal(
    await refusalOf(claim(alpha, { system: 'oid', prefix: '1.40.1' })),
    'INPUT_INVALID, /prefix prefix.oid.secondArc',
  )
  t.equal(await refusalOf(claim(alpha, { system: 'gs1' })), 'INPUT_INVALID, /prefix required')
})

t.test('a handle prefix of another node is served there', async t => {
  const sites = [{ address: '192.0.2.7', protocols: [{ protocol: 'TCP', port: 2641 }] }] as const

  t.equal(
    await refusalOf(put(alpha, { prefix: '88.101.0042' })),
    'INPUT_INVALID, /sites prefix.foreign',
  )
  await put(alpha, { prefix: '88.101.0042', sites })

  t.match(await ask('88.101.0042/x'), { code: alpha.of.code, referral: { sites } })
})

t.test('a delegated prefix that changes hands is served where the decision says', async t => {
  const sites = [{ address: '192.0.2.8', protocols: [{ protocol: 'TCP', port: 2641 }] }] as const
  await put(alpha, { prefix: '88.118.30', sites })
  const { id } = await claim(beta, { prefix: '88.118.30' })
  const approve = { decision: 'approve', despite: ['88.118.30'] } as const

  t.equal(await refusalOf(holdings.decide(id, approve, by)), 'INPUT_INVALID, /sites prefix.sites')
  await holdings.decide(id, { ...approve, sites: [] }, by)

  t.match(office.directory.find('handle', '88.118.30'), { owner: 'beta', served: 'hosted' })
})

t.test('a renewal is served where it was', async t => {
  const sites = [{ address: '192.0.2.9', protocols: [{ protocol: 'TCP', port: 2641 }] }] as const
  const validFrom = new Date(clock.now() + 3_600_000).toISOString()
  await put(alpha, { prefix: '88.118.32', sites })
  await put(alpha, { prefix: '88.118.32', validFrom, site: '三厂' })

  await clock.advance(3_600_000)
  await office.turn()

  t.match(office.directory.find('handle', '88.118.32'), { owner: 'alpha', sites })
  t.match(await holdings.history('handle', '88.118.32'), [{ site: '三厂' }, { site: null }])
})

t.test('a holding begins and ends in its time, and a planned hand-over leaves no gap', async t => {
  const at = (hours: number) => new Date(clock.now() + hours * 3_600_000).toISOString()
  const first = await put(alpha, { prefix: '88.118.40', validTo: at(2) })
  await identifiers.create('88.118.40/x', {}, { caller: alpha })
  const next = await put(beta, {
    prefix: '88.118.40',
    validFrom: at(2),
    validTo: at(4),
    despite: ['88.118.40'],
  })
  const codes: (string | null)[] = []
  const look = async () => codes.push((await ask('88.118.40/x')).code)

  t.match([first, next], [{ state: 'active' }, { state: 'planned' }])
  await look()
  await clock.advance(3_600_000)
  await office.turn()
  await look()
  await clock.advance(3_600_000)
  await office.turn()
  await look()
  await clock.advance(2 * 3_600_000)
  await office.turn()
  await look()

  t.same(codes, [alpha.of.code, alpha.of.code, beta.of.code, null])
  t.match(await holdings.history('handle', '88.118.40'), [
    { code: beta.of.code, state: 'ended' },
    { code: alpha.of.code, state: 'ended' },
  ])
  const [of_beta, of_alpha] = await holdings.history('handle', '88.118.40')
  t.equal(of_alpha?.endedAt, of_beta?.beganAt, 'one instant, one step')
})

t.test('what was to begin and is held by somebody else by now is asked again', async t => {
  const at = (hours: number) => new Date(clock.now() + hours * 3_600_000).toISOString()
  const planned = await put(alpha, { prefix: '88.118.41', validFrom: at(1) })
  await put(beta, { prefix: '88.118.41', despite: ['88.118.41'] })

  await clock.advance(3_600_000)
  await office.turn()

  t.match(await holdings.read(alpha.of.code, planned.id, alpha), {
    holding: { state: 'awaiting' },
    conflicts: [{ kind: 'taken' }],
  })
  t.equal(ownerOf('handle', '88.118.41'), 'beta')
})

t.test('instants that make no sense are refused', async t => {
  const now = new Date(clock.now()).toISOString()

  t.equal(
    await refusalOf(put(alpha, { prefix: '88.118.43', validTo: now })),
    'INPUT_INVALID, /validTo validity.past',
  )
  t.equal(
    await refusalOf(put(alpha, { prefix: '88.118.43', validFrom: now, validTo: now })),
    'INPUT_INVALID, /validTo validity.order',
  )
})

t.test('a claim of what one holds renews it', async t => {
  const validTo = new Date(clock.now() + 3_600_000).toISOString()
  await put(alpha, { prefix: '88.118.44', validTo })
  const { id } = await claim(alpha, { prefix: '88.118.44' })

  await holdings.decide(id, { decision: 'approve' }, by)
  await clock.advance(3_600_000)
  await office.turn()

  t.equal(ownerOf('handle', '88.118.44'), 'alpha')
  t.equal((await holdings.history('handle', '88.118.44')).length, 2)
})

t.test('what is given up is answered on, and no alias leads by it', async t => {
  const { id } = await put(alpha, { system: 'gs1', prefix: '6906001' })
  await put(alpha, { prefix: '88.118.45' })
  await identifiers.create(
    '88.118.45/x',
    { values: [{ index: 1, type: 'GS1', data: '01/06906001000015' }] },
    { caller: alpha },
  )
  t.match(await ask('6906001000015'), { identifier: '88.118.45/x' })

  const ended = await holdings.end(alpha.of.code, id, { caller: alpha })

  t.match(ended, { state: 'ended', endedBy: alpha.id })
  t.equal(ownerOf('gs1', '6906001'), null)
  await t.rejects(ask('6906001000015'), { code: 'IDENTIFIER_UNKNOWN' })
  t.match(await ask('88.118.45/x'), { code: alpha.of.code, sameAs: [] })
})

t.test('what was carved out of somebody’s prefix goes back to them', async t => {
  await put(alpha, { system: 'gs1', prefix: '6908001' })
  await put(alpha, { prefix: '88.118.48' })
  await identifiers.create(
    '88.118.48/x',
    { values: [{ index: 1, type: 'GS1', data: '01/06908001100016' }] },
    { caller: alpha },
  )
  const carved = { system: 'gs1', prefix: '69080011', despite: ['gs1:6908001'] } as const
  const { id } = await put(beta, carved)
  await t.rejects(ask('6908001100016'), { code: 'IDENTIFIER_UNKNOWN' })

  await holdings.end(beta.of.code, id, { caller: beta })

  t.equal(ownerOf('gs1', '69080011'), 'alpha')
  t.match(await ask('6908001100016'), { identifier: '88.118.48/x' })
  const [present] = await holdings.history('gs1', '69080011')
  t.match(
    await refusalOf(holdings.end(alpha.of.code, present?.id ?? '', { caller: alpha })),
    'STATE_CONFLICT',
  )
})

t.test('one claim of one prefix waits at a time', async t => {
  await claim(alpha, { prefix: '88.118.46' })

  t.equal(await refusalOf(claim(alpha, { prefix: '88.118.46' })), 'ALREADY_EXISTS')
})

t.test('handing over by the prefix itself has its story too', async t => {
  await office.prefix('88.118.47', { owner: alpha.of.code })
  await prefixes.patch('handle', '88.118.47', { owner: beta.of.code }, by)
  await prefixes.patch('handle', '88.118.47', { for: ['equipment'] }, by)

  t.match(await holdings.history('handle', '88.118.47'), [
    { code: beta.of.code, for: ['equipment'], state: 'active' },
    { code: alpha.of.code, state: 'ended' },
  ])
})

testWith(t, [postgres], 'of two who take overlapping prefixes at once one is told', async t => {
  const office = await aLandOffice(t, 'postgres')
  const owners = [await office.enterprise('alpha'), await office.enterprise('beta')]
  const wanted = ['6907', '6907001']

  const results = await Promise.all(
    owners.map(({ of }, at) =>
      refusalOf(office.holdings.create(of.code, { system: 'gs1', prefix: wanted[at]! }, by)),
    ),
  )

  t.same(results.sort(), ['STATE_CONFLICT, /despite prefix.overlap', 'done'])
})
