import t from 'tap'
import type { Caller } from '../../src/model/caller.ts'
import type { Database } from '../../src/storage/postgres/database.ts'
import { aFiling, aFirm, anInstitution, anOffice, refusalOf } from '../support/filing.ts'
import { eachEngine } from '../support/store.ts'

const until = '2027-11-23T06:00:00Z'
const party = 'NOT_PERMITTED,  mandate.party'

eachEngine(
  t,
  'an agent files under a confirmed mandate, and the enterprise’s client is bound by approval',
  async (t, database) => {
    const { office, agent, firm, reviewer } = await anAgency(database)
    const mandate = await propose(office, agent)
    const file = () =>
      office.applications.create(
        { ...aFiling, mandate: mandate.id, submit: true },
        { caller: agent },
      )

    t.equal(await refusalOf(file()), 'NOT_PERMITTED, /mandate mandate.state')
    const confirmed = await office.mandates.confirm(mandate.id, aFirm.uscc, { caller: firm })
    const { id } = await file()
    const approved = await office.review.decide(id, { decision: 'approve' }, { caller: reviewer })

    t.match(confirmed, { state: 'confirmed', claimant: firm.id, confirmedBy: firm.id })
    t.match(approved, { state: 'approved', filer: agent.id, mandate: mandate.id })
    const subject = office.directory.subjectByCode(approved?.code ?? '')?.id
    t.equal((await office.again(firm)).subject, subject)
    t.equal((await office.again(agent)).subject, null, 'the agent stays an agent')
  },
)

eachEngine(t, 'an agent without a mandate that fits files nothing', async (t, database) => {
  const { office, agent, firm } = await anAgency(database)
  const other = await office.client('agent')
  const mandate = await propose(office, agent, ['change'])
  await office.mandates.confirm(mandate.id, aFirm.uscc, { caller: firm })
  const right = await propose(office, agent)
  await office.mandates.confirm(right.id, aFirm.uscc, { caller: firm })
  const file = (caller: Caller, id?: string, basic: object = aFirm) =>
    refusalOf(
      office.applications.create(
        { ...aFiling, basic: { ...basic }, ...(id === undefined ? {} : { mandate: id }) },
        { caller },
      ),
    )

  t.equal(await file(agent), 'NOT_PERMITTED, /mandate mandate.missing')
  t.equal(await file(agent, 'nowhere'), 'NOT_PERMITTED, /mandate mandate.missing')
  t.equal(await file(agent, mandate.id), 'NOT_PERMITTED, /mandate mandate.scope')
  t.equal(await file(other, right.id), 'NOT_PERMITTED, /mandate mandate.agent')
  t.equal(await file(agent, right.id, anInstitution), 'NOT_PERMITTED, /mandate mandate.uscc')
  t.equal(await file(agent, right.id), 'done')
  await office.clock.advance(366 * 86_400_000)
  t.equal(await file(agent, right.id), 'NOT_PERMITTED, /mandate mandate.expired')
})

eachEngine(
  t,
  'a mandate that a reviewer confirmed is claimed later, and then ended, by the enterprise',
  async (t, database) => {
    const { office, agent, firm, reviewer } = await anAgency(database)
    const { id } = await propose(office, agent)
    await office.mandates.confirm(id, undefined, { caller: reviewer })
    const filed = await office.applications.create(
      { ...aFiling, mandate: id, submit: true },
      { caller: agent },
    )
    const approved = await office.review.decide(
      filed.id,
      { decision: 'approve' },
      { caller: reviewer },
    )
    const stranger = await office.client('enterprise')
    const guess = office.mandates.confirm(id, anInstitution.uscc, { caller: stranger })
    t.equal(await refusalOf(guess), 'INPUT_INVALID, /uscc mandate.uscc')

    const thief = await office.mandates.confirm(id, aFirm.uscc, { caller: stranger })
    t.equal(await refusalOf(office.mandates.end(id, { caller: stranger })), party)
    const claimed = await office.mandates.confirm(id, aFirm.uscc, { caller: firm })
    t.equal((await office.again(firm)).subject, null, 'showing the credit code proves nothing')
    t.equal((await office.again(stranger)).subject, null)
    const vouched = await office.mandates.confirm(id, undefined, { caller: reviewer })
    const owner = await office.again(firm)
    const second = office.mandates.confirm(id, aFirm.uscc, { caller: stranger })
    t.equal(await refusalOf(second), 'STATE_CONFLICT')
    const ended = await office.mandates.end(id, { caller: owner })

    t.match(thief, { claimant: stranger.id, claimConfirmedBy: null })
    t.match(claimed, { claimant: firm.id, confirmedBy: reviewer.id, claimConfirmedBy: null })
    t.match(vouched, { claimant: firm.id, claimConfirmedBy: reviewer.id })
    t.equal(owner.subject, office.directory.subjectByCode(approved?.code ?? '')?.id)
    t.match(ended, { state: 'ended', endedBy: firm.id })
    t.equal(
      await refusalOf(
        office.applications.create(
          { ...aFiling, basic: { 社保人数: 3 }, mandate: id },
          { caller: agent },
        ),
      ),
      'NOT_PERMITTED, /mandate mandate.state',
    )
  },
)

eachEngine(
  t,
  'what was filed under a mandate is not approved once that has ended',
  async (t, database) => {
    const { office, agent, firm, reviewer } = await anAgency(database)
    const { id } = await propose(office, agent)
    await office.mandates.confirm(id, aFirm.uscc, { caller: firm })
    const filed = await office.applications.create(
      { ...aFiling, mandate: id, submit: true },
      { caller: agent },
    )
    await office.mandates.end(id, { caller: firm })
    const decide = (decision: 'approve' | 'reject') =>
      refusalOf(office.review.decide(filed.id, { decision }, { caller: reviewer }))

    t.equal(await decide('approve'), 'STATE_CONFLICT')
    t.equal((await database.query('select id from subjects')).length, 0)
    t.equal(await decide('reject'), 'done')
  },
)

eachEngine(
  t,
  'an agent confirms no mandate of its own, and strangers see and end none',
  async (t, database) => {
    const { office, agent, firm, reviewer } = await anAgency(database)
    const { id } = await propose(office, agent)
    const confirm = (caller: Caller) =>
      refusalOf(office.mandates.confirm(id, undefined, { caller }))
    const end = (caller: Caller) => refusalOf(office.mandates.end(id, { caller }))

    t.equal(await confirm(agent), 'NOT_PERMITTED,  role')
    t.equal(await confirm({ ...reviewer, id: agent.id }), 'NOT_PERMITTED,  mandate.self')
    t.equal(await confirm(firm), 'INPUT_INVALID, /uscc mandate.uscc')
    t.equal(await end(firm), 'NOT_PERMITTED,  mandate.party')
    t.equal(await refusalOf(office.mandates.read(id, firm)), 'NOT_PERMITTED,  mandate.party')
    t.equal(await end(agent), 'done')
    t.equal(await end(agent), 'STATE_CONFLICT')
    t.equal(await confirm(reviewer), 'STATE_CONFLICT')
  },
)

eachEngine(
  t,
  'for an enterprise that has a code, only a client of its own confirms',
  async (t, database) => {
    const { office, agent, firm, reviewer } = await anAgency(database)
    await office.enroll(firm, reviewer)
    const { id } = await propose(office, agent, ['change'])
    const stranger = await office.client('enterprise')
    const confirm = (caller: Caller) =>
      refusalOf(office.mandates.confirm(id, aFirm.uscc, { caller }))

    t.equal(await confirm(stranger), party)
    t.equal((await office.again(stranger)).subject, null)
    t.equal(await confirm(await office.again(firm)), 'done')
    const change = { ...aFiling, basic: { 社保人数: 3 }, mandate: id, submit: true }
    t.match(await office.applications.create(change, { caller: agent }), { kind: 'change' })
  },
)

eachEngine(t, 'a mandate ends on a day to come, within five years', async (t, database) => {
  const { office, agent } = await anAgency(database)
  const withEnd = (until: string) =>
    refusalOf(
      office.mandates.create(
        { uscc: aFirm.uscc, name: aFirm.producerName, scope: ['code'], until },
        { caller: agent },
      ),
    )

  t.equal(await withEnd('2026-11-23T06:00:00Z'), 'INPUT_INVALID, /until mandate.until')
  t.equal(await withEnd('2031-11-24T06:00:00Z'), 'INPUT_INVALID, /until mandate.until')
  t.equal(await withEnd('2031-11-23T06:00:00Z'), 'done')
})

async function propose(
  office: Awaited<ReturnType<typeof anOffice>>,
  agent: Caller,
  scope: readonly ('code' | 'change')[] = ['code'],
) {
  return office.mandates.create(
    { uscc: aFirm.uscc, name: aFirm.producerName, scope, until },
    { caller: agent },
  )
}

async function anAgency(database: Database) {
  const office = await anOffice(database)
  return {
    office,
    agent: await office.client('agent'),
    firm: await office.client('enterprise'),
    reviewer: await office.client('reviewer'),
  }
}
