import t from 'tap'
import type { PublicJwk, Value } from '../../../src/model/value.ts'
import type { PrefixRecords } from '../../../src/registry/prefix-proofs/parts.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { aValue } from '../../support/builders.ts'
import { aFiling, aFirm, anOffice, refusalOf } from '../../support/filing.ts'
import { eachEngine } from '../../support/store.ts'

const prefix = '88.118.40'
const said = (type: string, value: string) => aValue({ type, data: { format: 'string', value } })
const admin = (handle: string, index: number, permissions = '111111111111') =>
  aValue({ type: 'HS_ADMIN', data: { format: 'admin', value: { handle, index, permissions } } })
/** A key that makes no signature but its own name. */
const key = (index: number, kty: string) =>
  aValue({ index, type: 'HS_PUBKEY', data: { format: 'key', value: { kty } } })

/** An identifier system of these records; a signature is the name of the key and what it signs. */
async function anOfficeBeside(database: Database, records: Record<string, Value[]>) {
  const asked: string[] = []
  const prefixRecords: Partial<PrefixRecords> = {
    async lookUp(name) {
      asked.push(name)
      return records[name]
    },
    isSignature: ({ kty }: PublicJwk, signature, { text }) =>
      signature.toString() === `${kty} ${text}`,
    sitesOf: () => [{ address: '192.0.2.40', protocols: [{ protocol: 'TCP', port: 2641 }] }],
  }
  const office = await anOffice(database, prefixRecords)
  const [firm, other, reviewer] = await Promise.all([
    office.client('enterprise'),
    office.client('enterprise'),
    office.client('reviewer'),
  ])
  const challenge = async () => {
    const view = await office.prefixProofs.challenge(prefix, { caller: firm })
    const { sign = '', token } = view.challenge ?? {}
    return { id: view.id, sign, token: token?.value ?? '' }
  }
  const signedBy = (kty: string, text: string) => ({
    signature: Buffer.from(`${kty} ${text}`).toString('base64'),
  })
  return { office, firm, other, reviewer, asked, challenge, signedBy }
}

eachEngine(t, 'a key of the prefix’s administrators proves it', async (t, database) => {
  const group = aValue({
    index: 200,
    type: 'HS_VLIST',
    data: { format: 'vlist', value: [{ handle: 'group/member', index: 0 }] },
  })
  const { office, firm, challenge, signedBy } = await anOfficeBeside(database, {
    [`0.NA/${prefix}`]: [
      admin(`0.NA/${prefix}`, 300),
      admin('people/group', 200),
      admin('people/clerk', 300, '000000000001'),
      key(300, 'own'),
      key(301, 'beside'),
    ],
    'people/group': [group],
    'group/member': [key(5, 'member')],
    'people/clerk': [key(300, 'clerk')],
  })
  const answer = async (kty: string, only?: string) => {
    const { id, sign } = await challenge()
    const named = only === undefined ? {} : { key: only }
    const view = office.prefixProofs.answer(id, { ...signedBy(kty, sign), ...named }, firm)
    return view.then(
      shown => `${shown?.state} by ${shown?.key}`,
      () => refusalOf(view),
    )
  }

  t.equal(await answer('own'), `proven by 300:0.NA/${prefix}`)
  t.equal(await answer('member'), 'proven by 5:group/member')
  t.equal(await answer('own', `300:0.na/${prefix}`), `proven by 300:0.NA/${prefix}`)
  const refused = 'INPUT_INVALID, /signature proof.signature'
  t.equal(await answer('own', '5:group/member'), refused)
  t.equal(await answer('beside'), refused, 'a key that administers nothing')
  t.equal(await answer('clerk'), refused, 'whoever may only add')
  t.equal(await answer('stranger'), refused)
})

eachEngine(
  t,
  'a signature is for one challenge, one caller and one prefix',
  async (t, database) => {
    const { office, firm, other, challenge, signedBy } = await anOfficeBeside(database, {
      [`0.NA/${prefix}`]: [admin(`0.NA/${prefix}`, 300), key(300, 'own')],
    })
    const [first, second] = [await challenge(), await challenge()]
    const answer = (id: string, sign: string, caller = firm) =>
      refusalOf(office.prefixProofs.answer(id, signedBy('own', sign), caller))

    t.match(first.sign, new RegExp(`^qxm-prefix-proof-v1\\|88\\.118\\|${prefix}\\|${firm.id}\\|`))
    t.equal(await answer(second.id, first.sign), 'INPUT_INVALID, /signature proof.signature')
    t.equal(await answer(first.id, first.sign, other), 'NOT_PERMITTED,  proof.client')
    t.equal(await answer(first.id, first.sign), 'done')
    t.match(await office.prefixProofs.read(first.id, firm), { state: 'proven', method: 'key' })
    await office.clock.advance(3_600_000)
    t.equal(await answer(second.id, second.sign), 'STATE_CONFLICT')
  },
)

eachEngine(t, 'a token proves it in the record or in the name kept for it', async (t, database) => {
  const records: Record<string, Value[]> = { [`0.NA/${prefix}`]: [] }
  const { office, firm, challenge } = await anOfficeBeside(database, records)
  const answer = (id: string) => refusalOf(office.prefixProofs.answer(id, {}, firm))
  const [first, second] = [await challenge(), await challenge()]

  t.equal(await answer(first.id), 'INPUT_INVALID,  proof.token')
  records[`0.NA/${prefix}`] = [said('QXM_PROOF', second.token)]
  t.equal(await answer(first.id), 'INPUT_INVALID,  proof.token')
  t.equal(await answer(second.id), 'done')
  records[`${prefix}/anything`] = [said('QXM_PROOF', first.token)]
  t.equal(await answer(first.id), 'INPUT_INVALID,  proof.token', 'any name will not do')
  records[`${prefix}/QXM_PROOF`] = [said('QXM_PROOF', first.token)]
  t.equal(await answer(first.id), 'done')
})

eachEngine(t, 'a challenge is answered so often and no more', async (t, database) => {
  const { office, firm, challenge, asked } = await anOfficeBeside(database, {})
  const { id } = await challenge()
  const answer = () => refusalOf(office.prefixProofs.answer(id, {}, firm))

  for (let attempt = 0; attempt < 20; attempt++) {
    t.equal(await answer(), 'INPUT_INVALID,  proof.token')
  }
  const askedCount = asked.length
  t.equal(await answer(), 'STATE_CONFLICT')
  t.equal(asked.length, askedCount, 'nobody is asked any more')
  for (let open = 1; open < 10; open++) await challenge()
  await t.rejects(challenge(), { code: 'TOO_MANY' })
})

eachEngine(t, 'the node’s own prefixes are nobody’s to prove', async (t, database) => {
  const { office, firm } = await anOfficeBeside(database, {})
  const ask = (text: string) => refusalOf(office.prefixProofs.challenge(text, { caller: firm }))

  for (const own of ['88.118', '88.118.1']) {
    t.equal(await ask(own), 'INPUT_INVALID, /prefix proof.own', own)
  }
  t.equal(await ask('88.118.40/x'), 'INPUT_INVALID, /prefix prefix.handle')
  t.equal(await ask('88.118.40'), 'done')
})

eachEngine(t, 'what the record says is filed, marked, and kept sealed', async (t, database) => {
  const { producerAddress: _, ...most } = aFirm
  const { office, firm, other, reviewer, challenge, signedBy } = await anOfficeBeside(database, {
    [`0.NA/${prefix}`]: [
      admin(`0.NA/${prefix}`, 300),
      key(300, 'own'),
      said('QXM_BASIC', JSON.stringify(most)),
    ],
  })
  const { id: proof, sign } = await challenge()
  const early = office.applications.create({ ...aFiling, basic: {}, proof }, { caller: firm })
  t.equal(await refusalOf(early), 'INPUT_INVALID, /proof proof.open')

  const proven = await office.prefixProofs.answer(proof, signedBy('own', sign), firm)

  t.strictSame(proven?.missing, ['producerAddress'])
  t.match(proven?.basic, { legalRepresentative: '张三', uscc: aFirm.uscc })
  t.notMatch(await office.dump('prefix_proofs'), /张三|91440300MA0DEMAA0A/)
  const stolen = office.applications.create({ ...aFiling, proof }, { caller: other })
  t.equal(await refusalOf(stolen), 'INPUT_INVALID, /proof proof.unknown')
  const incomplete = { ...aFiling, basic: {}, proof, submit: true }
  const missing = office.applications.create(incomplete, { caller: firm })
  t.equal(await refusalOf(missing), 'INPUT_INVALID, /basic/producerAddress required')
  const basic = { producerAddress: '示例路 1 号', businessScope: '另有所指' }
  const filed = await office.applications.create({ ...aFiling, basic, proof }, { caller: firm })
  t.match(filed.basic, { ...aFirm, ...basic })
  t.match(filed.proof, { id: proof, prefix, method: 'key', key: `300:0.NA/${prefix}` })
  const fromRecord = filed.proof?.fields ?? []
  t.ok(fromRecord.includes('producerName'))
  t.notOk(fromRecord.includes('producerAddress') || fromRecord.includes('businessScope'))
  const edited = await office.applications.edit(
    filed.id,
    { basic: { producerName: '示例' } },
    { caller: firm },
  )
  t.notOk(edited?.proof?.fields.includes('producerName'), 'what was changed is the filer’s own')
  const again = office.applications.create({ ...aFiling, proof }, { caller: firm })
  t.equal(await refusalOf(again), 'INPUT_INVALID, /proof proof.used')
  await office.applications.submit(filed.id, { caller: firm })
  const seen = await office.applications.read(filed.id, reviewer)
  t.match(seen, { proof: { prefix, method: 'key' }, prefixHolder: null })
})

eachEngine(t, 'approval makes a proven prefix the subject’s', async (t, database) => {
  const { office, firm, reviewer, challenge, signedBy } = await anOfficeBeside(database, {
    [`0.NA/${prefix}`]: [
      admin(`0.NA/${prefix}`, 300),
      key(300, 'own'),
      said('QXM_BASIC', JSON.stringify(aFirm)),
    ],
  })
  const { id: proof, sign } = await challenge()
  await office.prefixProofs.answer(proof, signedBy('own', sign), firm)
  const { id } = await office.applications.create(
    { ...aFiling, basic: {}, proof, submit: true },
    { caller: firm },
  )

  const approved = await office.review.decide(id, { decision: 'approve' }, { caller: reviewer })

  const subject = office.directory.subjectByCode(approved?.code ?? '')
  t.match(office.directory.find('handle', prefix), {
    owner: subject?.id,
    served: 'delegated',
    sites: [{ address: '192.0.2.40' }],
  })
  t.match(await database.query('select subject, state, evidence from holdings'), [
    { subject: subject?.id, state: 'active', evidence: [{ kind: 'proof', id: proof }] },
  ])
  t.match((await office.applications.read(id, reviewer))?.prefixHolder, null)
})

eachEngine(t, 'a prefix that another holds here is put before a person', async (t, database) => {
  const { office, firm, other, reviewer, challenge, signedBy } = await anOfficeBeside(database, {
    [`0.NA/${prefix}`]: [admin(`0.NA/${prefix}`, 300), key(300, 'own')],
  })
  const holder = await office.enroll(other, reviewer)
  await office.prefix(prefix, { owner: holder })
  const { id: proof, sign } = await challenge()
  await office.prefixProofs.answer(proof, signedBy('own', sign), firm)
  const basic = { ...aFirm, uscc: '12110000MB0DEMBB94', producerName: '他' }
  const filing = { ...aFiling, basic, proof, submit: true }
  const { id } = await office.applications.create(filing, { caller: firm })

  const seen = await office.applications.read(id, reviewer)
  const approval = office.review.decide(id, { decision: 'approve' }, { caller: reviewer })

  t.equal(seen?.prefixHolder, holder)
  t.equal(await refusalOf(approval), 'STATE_CONFLICT')
  t.equal((await office.applications.read(id, reviewer))?.state, 'submitted', 'nothing was done')
  t.equal((await database.query('select id from subjects')).length, 1)
})

eachEngine(t, 'a proven prefix is not cut out of what another holds', async (t, database) => {
  const whole = '88.119'
  const { office, firm, other, reviewer, signedBy } = await anOfficeBeside(database, {
    [`0.NA/${whole}`]: [admin(`0.NA/${whole}`, 300), key(300, 'own')],
  })
  const holder = await office.enroll(other, reviewer)
  await office.prefix(`${whole}.7`, { owner: holder })
  const { id: proof, challenge } = await office.prefixProofs.challenge(whole, { caller: firm })
  await office.prefixProofs.answer(proof, signedBy('own', challenge?.sign ?? ''), firm)
  const basic = { ...aFirm, uscc: '12110000MB0DEMBB94', producerName: '他' }
  const filing = { ...aFiling, basic, proof, submit: true }
  const { id } = await office.applications.create(filing, { caller: firm })

  const approval = office.review.decide(id, { decision: 'approve' }, { caller: reviewer })

  const facts = { prefix: whole, overlaps: `${whole}.7` }
  await t.rejects(approval, { code: 'STATE_CONFLICT', facts })
  t.equal(office.directory.find('handle', whole), undefined)
  t.equal((await database.query('select id from subjects')).length, 1)
})

eachEngine(t, 'a prefix beside it with a longer number is no part of it', async (t, database) => {
  const { office, firm, other, reviewer, challenge, signedBy } = await anOfficeBeside(database, {
    [`0.NA/${prefix}`]: [admin(`0.NA/${prefix}`, 300), key(300, 'own')],
  })
  const holder = await office.enroll(other, reviewer)
  await office.prefix(`${prefix}7`, { owner: holder })
  const { id: proof, sign } = await challenge()
  await office.prefixProofs.answer(proof, signedBy('own', sign), firm)
  const basic = { ...aFirm, uscc: '12110000MB0DEMBB94', producerName: '他' }
  const filing = { ...aFiling, basic, proof, submit: true }
  const { id } = await office.applications.create(filing, { caller: firm })

  const approved = await office.review.decide(id, { decision: 'approve' }, { caller: reviewer })

  const subject = office.directory.subjectByCode(approved?.code ?? '')
  t.equal(office.directory.find('handle', prefix)?.owner, subject?.id)
})
