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

eachEngine(
  t,
  'a draft is filled in, handed in, returned, mended and approved',
  async (t, database) => {
    const { office, firm, reviewer } = await aSmallOffice(database)
    const { applications, review } = office
    const { legalRepresentative: _, ...incomplete } = aFirm

    const draft = await applications.create({ ...aFiling, basic: incomplete }, { caller: firm })
    const early = refusalOf(applications.submit(draft.id, { caller: firm }))
    t.equal(await early, 'INPUT_INVALID, /basic/legalRepresentative required')
    const basic = { 法人代表: '张三', 社保人数: 30 }
    const filled = await applications.edit(draft.id, { basic }, { caller: firm })
    const submitted = await applications.submit(draft.id, { caller: firm })
    const comments = { 企业注册地址: '请写到门牌号' }
    const returned = await review.decide(
      draft.id,
      { decision: 'return', comments },
      { caller: reviewer },
    )
    const mended = await applications.edit(
      draft.id,
      { basic: { producerAddress: '广东省深圳市南山区示例路 1 号 2 楼', 社保人数: null } },
      { caller: firm },
    )
    const again = await applications.submit(draft.id, { caller: firm })
    const approved = await review.decide(draft.id, { decision: 'approve' }, { caller: reviewer })

    t.match(draft, { state: 'draft', serial: 1, code: null, dueAt: null })
    t.match(filled, { state: 'draft', serial: 2, basic: { legalRepresentative: '张三' } })
    t.match(submitted, { state: 'submitted', dueAt: '2026-11-30T06:00:00.000Z' })
    t.match(returned, {
      state: 'returned',
      comments: { producerAddress: '请写到门牌号' },
      reviewer: reviewer.id,
    })
    t.equal(mended?.basic['businessScope'], aFirm.businessScope, 'what was there stays')
    t.notOk('socialInsuranceNumber' in (mended?.basic ?? {}), 'null takes a field away')
    t.equal(again?.reviewer, reviewer.id, 'it goes back to who returned it')
    t.match(approved, { state: 'approved', code: '88.118.1/1XJRACLXEEWEA9', serial: 7 })
    const detail = await applications.read(draft.id, firm)
    t.strictSame(
      detail?.history.map(({ step, actor, state }) => `${step} ${actor} ${state}`),
      [
        `create ${firm.id} draft`,
        `edit ${firm.id} draft`,
        `submit ${firm.id} submitted`,
        `return ${reviewer.id} returned`,
        `edit ${firm.id} returned`,
        `submit ${firm.id} submitted`,
        `approve ${reviewer.id} approved`,
      ],
    )
  },
)

eachEngine(
  t,
  'approval makes the code resolve, and its filer the subject’s client',
  async (t, database) => {
    const { office, firm, reviewer } = await aSmallOffice(database)

    const code = await office.enroll(firm, reviewer)

    t.match(await office.ask(code), { kind: 'subject', status: 'active', code })
    const { id } = office.directory.subjectByCode(code) ?? {}
    t.equal((await office.again(firm)).subject, id)
    t.match(office.directory.subjectByCode(code), {
      name: aFirm.producerName,
      region: '440300',
      industry: 'C3911',
      grade: null,
    })
  },
)

eachEngine(t, 'a reviewer corrects what was derived', async (t, database) => {
  const { office, firm, reviewer } = await aSmallOffice(database)
  const { id, derived } = await office.applications.create(
    { ...aFiling, submit: true },
    { caller: firm },
  )

  const corrections = { region: '440305', grade: 'A' }
  const approved = await office.review.decide(
    id,
    { decision: 'approve', subject: corrections },
    { caller: reviewer },
  )

  t.strictSame(derived, { region: '440300', industry: 'C3911', grade: null })
  t.match(office.directory.subjectByCode(approved?.code ?? ''), {
    region: '440305',
    industry: 'C3911',
    grade: 'A',
  })
})

eachEngine(
  t,
  'a subject gets one code, and a second application is told why not',
  async (t, database) => {
    const { office, firm, reviewer } = await aSmallOffice(database)
    await office.enroll(firm, reviewer)
    const other = await office.client('enterprise')

    await t.rejects(office.applications.create(aFiling, { caller: other }), {
      code: 'ALREADY_EXISTS',
      facts: { existing: { state: 'active' } },
    })
    const caller = await office.again(firm)
    const ownSecond = office.applications.create({ ...aFiling, kind: 'code' }, { caller })
    await t.rejects(ownSecond, { code: 'ALREADY_EXISTS' })
  },
)

eachEngine(
  t,
  'of two who apply for one credit code, a reviewer sees both and one gets it',
  async (t, database) => {
    const { office, firm, reviewer } = await aSmallOffice(database)
    const other = await office.client('enterprise')
    const first = await office.applications.create({ ...aFiling, submit: true }, { caller: firm })
    const again = office.applications.create({ ...aFiling, submit: true }, { caller: firm })
    await t.rejects(again, {
      code: 'ALREADY_EXISTS',
      facts: { existing: { application: first.id, state: 'submitted' } },
    })
    const rival = await office.applications.create({ ...aFiling, submit: true }, { caller: other })
    const seen = await office.applications.read(first.id, reviewer)

    const approve = (id: string) =>
      refusalOf(office.review.decide(id, { decision: 'approve' }, { caller: reviewer }))
    const outcomes = await Promise.all([approve(first.id), approve(rival.id)])

    t.strictSame(seen?.conflicts, [{ id: rival.id, state: 'submitted' }])
    t.strictSame(outcomes.sort(), ['ALREADY_EXISTS', 'done'])
    t.equal((await database.query('select id from subjects')).length, 1)
  },
)

eachEngine(t, 'what is personal is sealed in every table', async (t, database) => {
  const { office, firm, reviewer } = await aSmallOffice(database)
  const idempotency = { scope: 'x', key: 'k', digest: Buffer.alloc(32) }
  const { id } = await office.applications.create(
    { ...aFiling, submit: true },
    { caller: firm, idempotency },
  )
  await office.review.decide(id, { decision: 'approve' }, { caller: reviewer })
  await office.number()

  const tables = await database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  )

  t.ok(tables.length > 15)
  for (const { name } of tables) {
    const held = await office.dump(name)
    t.notMatch(held, aFirm.legalRepresentative, `${name} has no name of a person`)
    t.notMatch(held, aFirm.uscc, `${name} has no credit code`)
  }
  t.match(await office.dump('applications'), aFirm.businessScope, 'what is public is as it is')
})

eachEngine(t, 'consent and declaration stand with every filing', async (t, database) => {
  const { office, firm, reviewer } = await aSmallOffice(database)
  const { consent: _, ...unconsented } = aFiling
  t.equal(
    await refusalOf(office.applications.create(unconsented, { caller: firm })),
    'CONSENT_MISSING, /consent required',
  )
  t.equal(
    await refusalOf(
      office.applications.create({ ...aFiling, declaration: false }, { caller: firm }),
    ),
    'INPUT_INVALID, /declaration declaration',
  )
  const { id } = await office.applications.create({ ...aFiling, submit: true }, { caller: firm })
  await office.review.decide(id, { decision: 'return', note: '请核对' }, { caller: reviewer })
  const consent = { ...aConsent, until: '2032-01-01T00:00:00Z' }
  await office.applications.edit(id, { consent }, { caller: firm })
  await office.applications.submit(id, { caller: firm })

  const filings = await database.query<{ consent: typeof aConsent; declared: boolean }>(
    'select consent, declared from application_filings order by serial',
  )

  t.strictSame(
    filings.map(filing => [filing.consent.until, filing.declared]),
    [
      ['2031-01-01T00:00:00Z', true],
      ['2032-01-01T00:00:00Z', true],
    ],
  )
})

eachEngine(t, 'every broken field is named, and nothing is stored', async (t, database) => {
  const { office, firm } = await aSmallOffice(database)
  const file = (basic: object, submit = true) =>
    refusalOf(
      office.applications.create({ ...aFiling, basic: { ...basic }, submit }, { caller: firm }),
    )

  const broken = {
    '/basic/uscc uscc.residentId': { uscc: '110101199003070038' },
    '/basic/registerDate date': { registerDate: 20150230 },
    '/basic/issueDate date.order': { issueDate: 20150331 },
    '/basic/socialInsuranceNumber type.number': { socialInsuranceNumber: '30' },
    '/basic/producerName type.char': { producerName: 5 },
    '/basic/businessScope length': { businessScope: '营'.repeat(10_000_000) },
    '/basic/managementForms text.emoji': { managementForms: '存续🎉' },
    '/basic/legalRepresentative text.bidi': { legalRepresentative: '张\u202e三' },
    '/basic/宠物 unknownField': { 宠物: '猫' },
  }
  for (const [expected, basic] of Object.entries(broken)) {
    t.equal(await file({ ...aFirm, ...basic }), `INPUT_INVALID, ${expected}`)
  }
  t.match(await file({ uscc: aFirm.uscc }), /producerName required, .*issueDate required/)
  t.equal((await database.query('select id from applications')).length, 0)
  t.equal(
    (await database.query("select seq from audit where action like 'application%'")).length,
    0,
  )
})

eachEngine(
  t,
  'sole traders, institutions and early codes may apply; early ones are warned of',
  async (t, database) => {
    const { office, firm } = await aSmallOffice(database)
    const sole = { ...aFirm, uscc: '92440300MA0DEMAA0A' }

    const early = await office.applications.create(
      { ...aFiling, basic: sole, submit: true },
      { caller: firm },
    )
    const institution = await office.applications.create(
      { ...aFiling, basic: anInstitution, submit: true },
      { caller: firm },
    )

    t.match(early, {
      state: 'submitted',
      warnings: [{ pointer: '/basic/uscc', rule: 'uscc.checkSymbol' }],
    })
    t.match(institution, {
      state: 'submitted',
      warnings: [],
      derived: { region: '110000', industry: 'M7452' },
    })
  },
)

eachEngine(
  t,
  'a repeated request gets the same application, and another serial is stale',
  async (t, database) => {
    const { office, firm } = await aSmallOffice(database)
    const idempotency = { scope: `${firm.id} POST /`, key: 'one', digest: Buffer.alloc(32, 1) }
    const create = () => office.applications.create(aFiling, { caller: firm, idempotency })

    const first = await create()
    await office.applications.edit(
      first.id,
      { basic: { 经营状态: '停业' } },
      { caller: firm, ifSerial: 1 },
    )

    t.strictSame(await create(), first)
    t.equal(
      await refusalOf(office.applications.submit(first.id, { caller: firm, ifSerial: 1 })),
      'VERSION_STALE',
    )
    t.equal((await database.query('select id from applications')).length, 1)
  },
)

eachEngine(t, 'steps out of order are refused and change nothing', async (t, database) => {
  const { office, firm, reviewer } = await aSmallOffice(database)
  const { applications, review } = office
  const { id } = await applications.create(aFiling, { caller: firm })
  const decide = (decision: 'approve' | 'reject') =>
    refusalOf(review.decide(id, { decision }, { caller: reviewer }))

  t.equal(await decide('approve'), 'STATE_CONFLICT')
  await applications.submit(id, { caller: firm })
  t.equal(await refusalOf(applications.edit(id, {}, { caller: firm })), 'STATE_CONFLICT')
  t.equal(await refusalOf(applications.submit(id, { caller: firm })), 'STATE_CONFLICT')
  await applications.withdraw(id, { caller: firm })
  t.equal(await decide('approve'), 'STATE_CONFLICT')
  t.equal(await decide('reject'), 'STATE_CONFLICT')

  t.match(await applications.read(id, firm), { state: 'withdrawn', serial: 3, code: null })
  t.equal((await database.query('select id from subjects')).length, 0)
})

eachEngine(
  t,
  'an application is seen by who filed it and by reviewers, whose looks are recorded',
  async (t, database) => {
    const { office, firm, reviewer } = await aSmallOffice(database)
    const { id } = await office.applications.create(aFiling, { caller: firm })
    const look = async (role: 'enterprise' | 'agent' | 'operator' | 'bank') =>
      refusalOf(office.applications.read(id, await office.client(role)))

    t.equal(await look('enterprise'), 'NOT_PERMITTED,  application.filer')
    t.equal(await look('agent'), 'NOT_PERMITTED,  application.filer')
    t.equal(await look('operator'), 'NOT_PERMITTED,  role')
    t.equal(await look('bank'), 'NOT_PERMITTED,  role')
    t.match(await office.applications.read(id, reviewer), { basic: { uscc: aFirm.uscc } })
    const looks = await database.query("select actor from audit where action = 'application.read'")
    t.strictSame(looks, [{ actor: reviewer.id }])
    t.equal(await office.applications.read('nowhere', reviewer), undefined)
  },
)

async function aSmallOffice(database: Database) {
  const office = await anOffice(database)
  return {
    office,
    firm: await office.client('enterprise'),
    reviewer: await office.client('reviewer'),
  }
}
