import { createHash } from 'node:crypto'
import t from 'tap'
import type { Caller } from '../../../src/model/caller.ts'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { aFiling, aFirm, anOffice, refusalOf } from '../../support/filing.ts'
import { aStore, eachEngine } from '../../support/store.ts'
import { aPdf, aPng } from './some-files.ts'

async function aSmallOffice(database: Database) {
  const office = await anOffice(database)
  const [firm, other, agent, reviewer] = await Promise.all([
    office.client('enterprise'),
    office.client('enterprise'),
    office.client('agent'),
    office.client('reviewer'),
  ])
  const mayRead = async (id: string, caller: Caller) =>
    refusalOf(office.files.read(id, await office.again(caller)))
  return { office, firm, other, agent, reviewer, mayRead }
}

/** Documents that are not each other. */
const page = (text: string) => aPdf({ 4: `(${text})` })

eachEngine(t, 'a file comes back as it was brought, and lies sealed', async (t, database) => {
  const { office, firm, other } = await aSmallOffice(database)
  const bytes = page('a licence of Zhang San')

  const kept = await office.files.put(bytes, firm)
  const again = await office.files.put(bytes, firm)
  const others = await office.files.put(bytes, other)
  const read = await office.files.read(kept.id, firm)

  t.match(kept, {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sm3: createHash('sm3').update(bytes).digest('hex'),
    mediaType: 'application/pdf',
    byteCount: bytes.length,
  })
  t.equal(again.id, kept.id)
  t.not(others.id, kept.id)
  t.ok(read?.bytes.equals(bytes))
  const [row] = await database.query<{ content: Buffer }>('select content from files limit 1')
  t.notOk(row?.content.includes('Zhang San'))
  t.equal((await database.query("select id from audit where action = 'file.create'")).length, 2)
})

eachEngine(t, 'two who bring the same bytes at once get one file', async (t, database) => {
  const { office, firm } = await aSmallOffice(database)

  const kept = await Promise.all([office.files.put(aPng(), firm), office.files.put(aPng(), firm)])

  t.equal(kept[0]?.id, kept[1]?.id)
})

eachEngine(t, 'a file is seen by the parties of what names it', async (t, database) => {
  const { office, firm, other, agent, reviewer, mayRead } = await aSmallOffice(database)
  const { id } = await office.files.put(aPdf(), firm)

  t.equal(await mayRead(id, firm), 'done')
  t.equal(await mayRead(id, other), 'NOT_PERMITTED,  file.party')
  t.equal(await mayRead(id, reviewer), 'NOT_PERMITTED,  file.unnamed')
  const application = await office.applications.create(
    { ...aFiling, evidence: [id], submit: true },
    { caller: firm },
  )
  t.equal(await mayRead(id, reviewer), 'done')
  t.equal(await mayRead(id, agent), 'NOT_PERMITTED,  file.party')
  t.equal(await mayRead(id, { ...reviewer, role: 'operator' }), 'NOT_PERMITTED,  role')
  await office.review.decide(application.id, { decision: 'approve' }, { caller: reviewer })
  t.equal(await mayRead(id, firm), 'done')
  const looks = await database.query<{ actor: string; target: string }>(
    "select actor, target from audit where action = 'file.read'",
  )
  t.strictSame(looks, [{ actor: reviewer.id, target: `file:${id}` }])
  t.equal(await office.files.read('0123', firm), undefined)
})

eachEngine(t, 'a mandate names its paper for both sides', async (t, database) => {
  const { office, firm, other, agent, reviewer, mayRead } = await aSmallOffice(database)
  const { id: document } = await office.files.put(aPdf(), agent)
  const input = {
    uscc: aFirm.uscc,
    name: 'X',
    scope: ['code'] as const,
    until: '2027-01-01T00:00:00Z',
  }
  const foreign = office.mandates.create({ ...input, document: 'nothing' }, { caller: agent })
  t.equal(await refusalOf(foreign), 'INPUT_INVALID, /document evidence.unknown')

  const mandate = await office.mandates.create({ ...input, document }, { caller: agent })

  t.equal(await mayRead(document, reviewer), 'done')
  t.equal(await mayRead(document, firm), 'NOT_PERMITTED,  file.party')
  await office.mandates.confirm(mandate.id, aFirm.uscc, { caller: firm })
  t.equal(await mayRead(document, firm), 'done')
  t.equal(await mayRead(document, other), 'NOT_PERMITTED,  file.party')
})

eachEngine(t, 'a filing stands on files of the filer’s own', async (t, database) => {
  const { office, firm, other } = await aSmallOffice(database)
  const { id: own } = await office.files.put(page('1'), firm)
  const { id: foreign } = await office.files.put(page('2'), other)
  const file = (evidence: object[] | string[]) =>
    refusalOf(
      office.applications.create({ ...aFiling, evidence: evidence as string[] }, { caller: firm }),
    )

  t.equal(await file([own, foreign]), 'INPUT_INVALID, /evidence/1 evidence.unknown')
  t.equal(await file(['0123456789abcdef']), 'INPUT_INVALID, /evidence/0 evidence.unknown')
  t.equal(await file([own, own]), 'INPUT_INVALID, /evidence/1/file evidence.twice')
  const reversed = { file: own, validFrom: '2026-01-01', validTo: '2025-01-01' }
  t.equal(await file([reversed]), 'INPUT_INVALID, /evidence/0/validTo evidence.dates')
  t.equal(await file([own]), 'done')
})

eachEngine(
  t,
  'what was handed in stays, what was only drafted is loose again',
  async (t, database) => {
    const { office, firm } = await aSmallOffice(database)
    const [first = '', second = ''] = await Promise.all(
      ['1', '2'].map(async text => (await office.files.put(page(text), firm)).id),
    )
    const loose = async () =>
      (
        await database.query<{ id: string }>(
          'select id from files where loose_since is not null order by created_at, id',
        )
      ).map(({ id }) => id)
    t.same(new Set(await loose()), new Set([first, second]))

    const draft = await office.applications.create(
      { ...aFiling, evidence: [first] },
      { caller: firm },
    )
    t.same(await loose(), [second])
    await office.applications.edit(draft.id, { evidence: [second] }, { caller: firm })
    t.same(await loose(), [first])
    await office.applications.submit(draft.id, { caller: firm })
    await office.applications.withdraw(draft.id, { caller: firm })

    t.same(await loose(), [first], 'what was handed in stays with it')
  },
)

eachEngine(
  t,
  'documents that a reviewer has seen are the subject’s licences',
  async (t, database) => {
    const { office, firm, other, reviewer } = await aSmallOffice(database)
    const { id: file } = await office.files.put(aPdf(), firm)
    const licence = {
      file,
      kind: 'businessLicence',
      validFrom: '2020-08-21',
      validTo: '2040-08-20',
    } as const
    const { id, evidence } = await office.applications.create(
      { ...aFiling, evidence: [licence], submit: true },
      { caller: firm },
    )
    const approved = await office.review.decide(id, { decision: 'approve' }, { caller: reviewer })
    const subject = office.directory.subjectByCode(approved?.code ?? '')?.id ?? ''

    const licences = await office.files.licences(subject, await office.again(firm))

    t.strictSame(evidence, [licence])
    t.match(licences, [{ ...licence, application: id, verifiedBy: reviewer.id }])
    await t.rejects(office.files.licences(subject, other), { code: 'NOT_PERMITTED' })
  },
)

t.test('nobody fills the store', async t => {
  const database = await aStore(t)
  const { office, firm, other, reviewer } = await aSmallOffice(database)
  const put = (bytes: Buffer, caller: Caller) => refusalOf(office.files.put(bytes, caller))

  t.equal(await put(Buffer.alloc(5 * 1024 * 1024 + 1), firm), 'TOO_LARGE')
  t.equal(await put(Buffer.from('GIF89a'), firm), 'INPUT_INVALID,  file.kind')
  t.equal(await put(aPdf({ 4: '<< /JS (x) >>' }), firm), 'INPUT_INVALID,  pdf.script')
  t.equal(await put(aPng(), reviewer), 'NOT_PERMITTED,  role')
  await database.query(
    `insert into files (id, kind, byte_count, sha256, sm3, uploader, sealed_for, content, created_at, loose_since)
     select 'f' || n, 'pdf', 1, int4send(n), '\\x00', $1, 'u', '\\x00', now(), now() from generate_series(1, 50) n`,
    [firm.id],
  )
  t.equal(await put(aPng(), firm), 'TOO_MANY')
  t.equal(await put(aPng(), other), 'done')
})
