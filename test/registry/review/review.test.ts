import t from 'tap'
import type { Database } from '../../../src/storage/postgres/database.ts'
import {
  aConsent,
  aFiling,
  aFirm,
  anInstitution,
  anOffice,
  refusalOf,
} from '../../support/filing.ts'
import { eachEngine } from '../../support/store.ts'

eachEngine(t, 'a change keeps the old values with their dates', async (t, database) => {
  const { office, firm, reviewer } = await anEnrolledFirm(database)
  await office.clock.advance(86_400_000)
  const basic = { producerName: '深圳示例精密制造股份有限公司', socialInsuranceNumber: 80 }

  const change = await office.applications.create(
    { basic, consent: aConsent, declaration: true, submit: true },
    { caller: firm },
  )
  const seen = await office.applications.read(change.id, reviewer)
  const approved = await office.review.decide(
    change.id,
    { decision: 'approve' },
    { caller: reviewer },
  )

  t.match(change, { kind: 'change', state: 'submitted', basic })
  t.strictSame(seen?.changes, [
    { field: 'producerName', from: aFirm.producerName, to: basic.producerName },
    { field: 'socialInsuranceNumber', from: null, to: 80 },
  ])
  t.match(approved, { state: 'approved', code: office.code })
  t.match((await office.ask(office.code)).values[1], {
    type: 'NAME',
    data: { value: basic.producerName },
  })
  const versions = await database.query<{ basic: { producerName: string }; valid_to: Date | null }>(
    'select basic, valid_to from subject_basics order by serial',
  )
  t.strictSame(
    versions.map(version => [version.basic.producerName, version.valid_to?.toISOString() ?? null]),
    [
      [aFirm.producerName, '2026-11-24T06:00:00.000Z'],
      [basic.producerName, null],
    ],
  )
  const { whole } = await office.enterprises.read(office.code, firm)
  t.strictSame(whole?.basic, { ...aFirm, ...basic })
})

eachEngine(t, 'a new legal representative needs two reviewers', async (t, database) => {
  const { office, firm, reviewer } = await anEnrolledFirm(database)
  const second = await office.client('reviewer')
  const { id } = await office.applications.create(
    { ...aFiling, basic: { legalRepresentative: '王五' }, submit: true },
    { caller: firm },
  )
  const approve = (caller: typeof reviewer) =>
    office.review.decide(id, { decision: 'approve' }, { caller })

  const endorsed = await approve(reviewer)
  const forOthers = await noticesOf(office, second)
  const forTheFirst = await noticesOf(office, reviewer)
  t.equal(await refusalOf(approve(reviewer)), 'NOT_PERMITTED,  review.second')
  const approved = await approve(second)

  t.match(endorsed, { state: 'reviewing', endorsedBy: reviewer.id, reviewer: null })
  t.strictSame(forOthers, ['application.second'])
  t.strictSame(forTheFirst, [])
  t.match(approved, { state: 'approved' })
  const { whole } = await office.enterprises.read(office.code, firm)
  t.equal(whole?.basic['legalRepresentative'], '王五')
})

eachEngine(t, 'what was mended is approved by two again', async (t, database) => {
  const { office, firm, reviewer } = await anEnrolledFirm(database)
  const second = await office.client('reviewer')
  const { id } = await office.applications.create(
    { ...aFiling, basic: { legalRepresentative: '王五' }, submit: true },
    { caller: firm },
  )
  const decide = (decision: 'approve' | 'return', caller: typeof reviewer) =>
    office.review.decide(id, { decision, note: '请核对' }, { caller })
  await decide('approve', reviewer)
  await decide('return', second)
  await office.applications.edit(id, { basic: { legalRepresentative: '赵六' } }, { caller: firm })
  await office.applications.submit(id, { caller: firm })

  const endorsed = await decide('approve', second)

  t.match(endorsed, { state: 'reviewing', endorsedBy: second.id })
})

eachEngine(t, 'nobody decides on what they or their subject filed', async (t, database) => {
  const { office, firm, reviewer } = await anEnrolledFirm(database)
  const { id } = await office.applications.create(
    { ...aFiling, basic: { 社保人数: 9 }, submit: true },
    { caller: firm },
  )
  const approve = (caller: typeof reviewer) =>
    refusalOf(office.review.decide(id, { decision: 'approve' }, { caller }))

  t.equal(await approve({ ...reviewer, id: firm.id }), 'NOT_PERMITTED,  review.self')
  t.equal(await approve({ ...reviewer, subject: firm.subject }), 'NOT_PERMITTED,  review.self')
  t.equal(await approve(firm), 'NOT_PERMITTED,  role')
  t.equal(await approve(await office.client('operator')), 'NOT_PERMITTED,  role')
  t.equal(await approve(reviewer), 'done')
})

eachEngine(
  t,
  'the credit code never changes, and one change follows the other',
  async (t, database) => {
    const { office, firm } = await anEnrolledFirm(database)
    const change = (basic: object) =>
      refusalOf(
        office.applications.create(
          { ...aFiling, basic: { ...basic }, submit: true },
          { caller: firm },
        ),
      )

    t.equal(await change({ uscc: anInstitution.uscc }), 'INPUT_INVALID, /basic/uscc change.uscc')
    t.equal(await change({}), 'INPUT_INVALID, /basic change.nothing')
    t.equal(await change(aFirm), 'INPUT_INVALID, /basic change.nothing')
    t.equal(await change({ issueDate: 20100101 }), 'INPUT_INVALID, /basic/issueDate date.order')
    t.equal(await change({ 社保人数: 9 }), 'done')
    t.equal(await change({ 社保人数: 10 }), 'ALREADY_EXISTS')
  },
)

eachEngine(t, 'the queue is ordered by deadline, and shows who has what', async (t, database) => {
  const office = await anOffice(database)
  const firm = await office.client('enterprise')
  const [reviewer, other] = [await office.client('reviewer'), await office.client('reviewer')]
  const file = (basic: object) =>
    office.applications.create({ ...aFiling, basic: { ...basic }, submit: true }, { caller: firm })
  const later = await file(aFirm)
  await office.clock.advance(3_600_000)
  const last = await file(anInstitution)
  await office.applications.create(aFiling, { caller: await office.client('enterprise') })

  const taken = await office.review.assign(last.id, undefined, { caller: reviewer })
  const given = await office.review.assign(last.id, other.id, { caller: reviewer })
  const toNobody = office.review.assign(last.id, firm.id, { caller: reviewer })
  t.equal(await refusalOf(toNobody), 'INPUT_INVALID, /reviewer reviewer')

  t.match(taken, { state: 'reviewing', reviewer: reviewer.id })
  t.match(given, { state: 'reviewing', reviewer: other.id })
  const states = ['submitted', 'reviewing'] as const
  const first = await office.filingLists.applications({ states }, { limit: 1 })
  const rest = await office.filingLists.applications(
    { states },
    { limit: 1, cursor: first.next ?? '' },
  )
  t.strictSame(
    [...first.items, ...rest.items].map(({ id }) => id),
    [later.id, last.id],
  )
  t.equal(rest.next, null)
  const mine = { states, reviewer: other.id }
  t.match((await office.filingLists.applications(mine, { limit: 9 })).items, [{ id: last.id }])
  t.strictSame(await noticesOf(office, other), ['application.decide', 'application.decide'])
  t.strictSame(await noticesOf(office, reviewer), ['application.decide'])
})

eachEngine(
  t,
  'a notice waits for whoever is to act, and is gone when that is done',
  async (t, database) => {
    const office = await anOffice(database)
    const [firm, reviewer] = [await office.client('enterprise'), await office.client('reviewer')]
    const other = await office.client('reviewer')
    const { id } = await office.applications.create({ ...aFiling, submit: true }, { caller: firm })
    t.strictSame(await noticesOf(office, reviewer), ['application.decide'])
    t.strictSame(await noticesOf(office, firm), [])

    await office.review.decide(id, { decision: 'return', note: '请核对' }, { caller: reviewer })
    t.strictSame(await noticesOf(office, reviewer), [])
    t.strictSame(await noticesOf(office, firm), ['application.mend'])

    await office.applications.submit(id, { caller: firm })
    t.strictSame(await noticesOf(office, firm), [])
    t.strictSame(await noticesOf(office, reviewer), ['application.decide'])
    t.strictSame(await noticesOf(office, other), [], 'it waits for who returned it')

    await office.review.decide(id, { decision: 'reject' }, { caller: other })
    t.strictSame(await noticesOf(office, firm), ['application.rejected'])
    await office.clock.advance(31 * 86_400_000)
    t.strictSame(await noticesOf(office, firm), [])
  },
)

eachEngine(t, 'a return says what is to be mended', async (t, database) => {
  const office = await anOffice(database)
  const [firm, reviewer] = [await office.client('enterprise'), await office.client('reviewer')]
  const { id } = await office.applications.create({ ...aFiling, submit: true }, { caller: firm })
  const back = (comments: Record<string, string>) =>
    refusalOf(office.review.decide(id, { decision: 'return', comments }, { caller: reviewer }))

  t.equal(await back({}), 'INPUT_INVALID, /comments required')
  t.equal(await back({ 宠物: '?' }), 'INPUT_INVALID, /comments unknownField')
  t.equal(await back({ 'producer name': '?' }), 'done')
})

async function noticesOf(
  office: Awaited<ReturnType<typeof anOffice>>,
  caller: Parameters<typeof office.filingLists.notices>[0],
): Promise<string[]> {
  const now = new Date(office.clock.now())
  const { items } = await office.filingLists.notices(caller, now, { limit: 100 })
  return items.map(({ topic }) => topic)
}

async function anEnrolledFirm(database: Database) {
  const office = await anOffice(database)
  const [filer, reviewer] = [await office.client('enterprise'), await office.client('reviewer')]
  const code = await office.enroll(filer, reviewer)
  return { office: { ...office, code }, firm: await office.again(filer), reviewer }
}
