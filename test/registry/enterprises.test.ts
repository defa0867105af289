import t from 'tap'
import { anyone } from '../../src/model/caller.ts'
import type { Database } from '../../src/storage/postgres/database.ts'
import { aFirm, anInstitution, anOffice, refusalOf } from '../support/filing.ts'
import { eachEngine } from '../support/store.ts'

eachEngine(
  t,
  'suspended and revoked codes resolve to that fact and to who takes over',
  async (t, database) => {
    const { office, code, successor, reviewer } = await twoFirms(database)
    const { enterprises } = office
    const before = await office.ask(code)

    await enterprises.suspend(code, { reason: '核查中' }, { caller: reviewer })
    const suspended = await office.ask(code)
    const card = await enterprises.read(code, anyone)
    await enterprises.resume(code, { reason: '核查完毕' }, { caller: reviewer })
    const resumed = await office.ask(code)
    await enterprises.revoke(code, { reason: '已合并', successor }, { caller: reviewer })
    const revoked = await office.ask(code)

    t.match(suspended, { status: 'suspended', successor: null, serial: before.serial + 1 })
    t.match(card, { status: 'suspended', reason: '核查中', name: aFirm.producerName })
    t.match(resumed, { status: 'active', serial: before.serial + 2 })
    t.match(revoked, { status: 'revoked', successor, serial: before.serial + 3 })
    const audits = await database.query<{ action: string }>(
      "select action from audit where target = $1 and action like 'enterprise.%' order by queued_at, id",
      [code],
    )
    t.strictSame(
      audits.map(({ action }) => action),
      ['enterprise.suspend', 'enterprise.resume', 'enterprise.revoke'],
    )
  },
)

eachEngine(t, 'a step that the state does not allow is refused', async (t, database) => {
  const { office, code, successor, reviewer } = await twoFirms(database)
  const turn = (step: 'suspend' | 'resume' | 'revoke', more: object = {}) =>
    refusalOf(office.enterprises[step](code, { reason: '因故', ...more }, { caller: reviewer }))

  t.equal(await turn('resume'), 'STATE_CONFLICT')
  t.equal(await turn('suspend'), 'done')
  t.equal(await turn('suspend'), 'STATE_CONFLICT')
  t.equal(await turn('revoke', { successor: code }), 'INPUT_INVALID, /successor successor')
  t.equal(await turn('revoke', { successor }), 'done')
  t.equal(await turn('resume'), 'STATE_CONFLICT')
  t.equal(await turn('revoke'), 'STATE_CONFLICT')
})

eachEngine(t, 'after its end a subject gets no other code', async (t, database) => {
  const { office, code, reviewer } = await twoFirms(database)
  await office.enterprises.revoke(code, { reason: '注销' }, { caller: reviewer })

  const again = office.enroll(await office.client('enterprise'), reviewer)

  await t.rejects(again, { code: 'ALREADY_EXISTS', facts: { existing: { state: 'revoked' } } })
})

eachEngine(
  t,
  'only a reviewer decides about a code, and never about its own subject',
  async (t, database) => {
    const { office, code, firm, reviewer } = await twoFirms(database)
    const suspend = (caller: typeof firm) =>
      refusalOf(office.enterprises.suspend(code, { reason: '因故' }, { caller }))

    t.equal(await suspend(anyone), 'NOT_AUTHENTICATED')
    t.equal(await suspend(firm), 'NOT_PERMITTED,  role')
    t.equal(await suspend(await office.client('operator')), 'NOT_PERMITTED,  role')
    t.equal(
      await suspend({ ...reviewer, subject: firm.subject }),
      'NOT_PERMITTED, /code review.self',
    )
    t.equal(await suspend(reviewer), 'done')
  },
)

eachEngine(
  t,
  'the card is public, the basic information is for its subject and reviewers',
  async (t, database) => {
    const { office, code, firm, other, reviewer } = await twoFirms(database)
    const { read } = office.enterprises
    await office.prefix('88.118.8', { owner: code })

    const card = await read(code.slice(-14).toLowerCase(), anyone)

    t.strictSame(card, {
      code,
      name: aFirm.producerName,
      status: 'active',
      successor: null,
      reason: null,
      region: '440300',
      industry: 'C3911',
      prefixes: [{ system: 'handle', prefix: '88.118.8', uses: ['product', 'equipment'] }],
    })
    t.strictSame(await read(code, other), card)
    t.match((await read(code, firm)).whole, {
      basic: { uscc: aFirm.uscc },
      basicSince: '2026-11-23T06:00:00.000Z',
    })
    t.match((await read(code, reviewer)).whole, { basic: { legalRepresentative: '张三' } })
    const looks = await database.query("select actor from audit where action = 'enterprise.read'")
    t.strictSame(looks, [{ actor: reviewer.id }])
  },
)

eachEngine(
  t,
  'region, industry and grade are corrected under the serial that was read',
  async (t, database) => {
    const { office, code, reviewer } = await twoFirms(database)
    const place = (ifSerial: number) =>
      refusalOf(office.enterprises.place(code, { grade: 'B' }, { caller: reviewer, ifSerial }))

    t.equal(await place(7), 'VERSION_STALE')
    t.equal(await place(1), 'done')
    t.match(office.directory.subjectByCode(code), { grade: 'B', region: '440300' })
  },
)

async function twoFirms(database: Database) {
  const office = await anOffice(database)
  const [one, two] = [await office.client('enterprise'), await office.client('enterprise')]
  const reviewer = await office.client('reviewer')
  const code = await office.enroll(one, reviewer)
  const successor = await office.enroll(two, reviewer, anInstitution)
  return {
    office,
    code,
    successor,
    reviewer,
    firm: await office.again(one),
    other: await office.again(two),
  }
}
