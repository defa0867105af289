import t from 'tap'
import type { Database } from '../../../src/storage/postgres/database.ts'
import { anOperator } from '../../support/builders.ts'
import { aFirm, anInstitution, refusalOf } from '../../support/filing.ts'
import { aStore, eachEngine } from '../../support/store.ts'
import {
  aBatch,
  anImportRoom,
  anotherReviewer,
  aReviewer,
  aTopnode,
  type Room,
} from './an-import-room.ts'

/** A room where one firm is enrolled and holds 88.118.8. */
async function aRoomWithAFirm(database: Database, options = {}) {
  const room = await anImportRoom(database, options)
  await room.grant()
  const filer = await room.client('enterprise')
  const reviewer = await room.client('reviewer')
  const code = await room.enroll(filer, reviewer)
  await room.prefix('88.118.8', { owner: code })
  await room.prefix('88.118.80')
  const { subject } = await room.again(filer)
  return { room, code, subject: subject ?? '', filer: await room.again(filer), reviewer }
}

const basicsOf = async (room: Room, code: string) =>
  (await room.enterprises.read(code, aReviewer)).whole?.basic

eachEngine(
  t,
  'a row joins its subject by its credit code, and what was known stays known',
  async (t, database) => {
    const { room, code, subject } = await aRoomWithAFirm(database)
    const row = {
      uscc: aFirm.uscc,
      producerName: '深圳示例智造有限公司',
      socialInsuranceNumber: 120,
    }

    const id = await room.bring(aBatch({ basic: [row] }))
    const counts = { changed: 1, conflicting: 1, questions: 0 }
    t.match(
      await room.look(id),
      { state: 'planned', counts },
      'the enterprise had said another name',
    )
    await room.release(id)

    t.match(await basicsOf(room, code), { ...aFirm, ...row })
    t.match(await room.ask(code), { code, values: [] })
    const { name } = await room.enterprises.read(code, aReviewer)
    t.equal(name, row.producerName)
    const rows = await database.query(
      'select serial, application, valid_to is null as holds from subject_basics where subject = $1 order by serial',
      [subject],
    )
    t.match(rows, [{ holds: false }, { serial: 2, application: `import:${id}`, holds: true }])
    const [trace] = await database.query(
      `select detail from audit where action = 'enterprise.imported' and target = $1`,
      [code],
    )
    t.match(trace, { detail: { import: id, grant: 'grant-1', row: 1 } })
  },
)

t.test(
  'a row without a credit code joins by its prefix, and one that says nothing new changes nothing',
  async t => {
    const { room, code } = await aRoomWithAFirm(await aStore(t), { isAuto: true })
    const top = aTopnode()
    const row = { 企业名称: aFirm.producerName, prefix: '88.118.8', socialInsuranceNumber: 120 }

    const changed = await room.bring(top.next({ basic: [row] }))
    const unchanged = await room.bring(top.next({ basic: [row] }))

    const added = 'what was not known before is no conflict'
    t.match(await room.look(changed), { state: 'applied', counts: { changed: 1 } }, added)
    t.match(await room.look(unchanged), { state: 'applied', counts: { unchanged: 1 } })
    t.match(await basicsOf(room, code), { socialInsuranceNumber: 120 })
  },
)

t.test('what a batch wrote, the next one may change without a conflict', async t => {
  const { room } = await aRoomWithAFirm(await aStore(t), { isAuto: true })
  const top = aTopnode()
  const rows = [100, 200].map(n => ({ uscc: aFirm.uscc, socialInsuranceNumber: n }))

  for (const row of rows) await room.bring(top.next({ basic: [row] }))

  const { items } = await room.desk.list({}, { limit: 5 }, aReviewer)
  t.strictSame(
    items.map(({ state, counts }) => [state, counts.conflicting]),
    [
      ['applied', 0],
      ['applied', 0],
    ],
  )
})

t.test('where none fits, or two, or another credit code, a person says whom it means', async t => {
  const database = await aStore(t)
  const { room, code } = await aRoomWithAFirm(database)
  const other = await room.enroll(
    await room.client('enterprise'),
    await room.client('reviewer'),
    anInstitution,
  )
  const id = await room.bring(
    aBatch({
      basic: [
        { producerName: '无名氏', socialInsuranceNumber: 1 },
        { uscc: anInstitution.uscc, prefix: '88.118.8', socialInsuranceNumber: 2 },
      ],
    }),
  )
  t.match(await room.look(id), { counts: { questions: 2 } })

  const page = await room.desk.questions(id, { after: 0, limit: 10 }, aReviewer)

  t.match(page, {
    items: [
      { row: 1, basic: { producerName: '无名氏' }, candidates: [] },
      { row: 2, candidates: [other, code] },
    ],
    next: null,
  })
  const [look] = await database.query(`select target from audit where action = 'import.questions'`)
  t.strictSame(look, { target: `import:${id}` })
  t.equal(
    await refusalOf(room.desk.questions(id, { after: 0, limit: 1 }, anOperator)),
    'NOT_PERMITTED,  role',
  )
})

t.test('an answer before the release is written with the batch; one after it, at once', async t => {
  const { room, code } = await aRoomWithAFirm(await aStore(t))
  const lines = [1, 2, 3].map(socialInsuranceNumber => ({ socialInsuranceNumber }))
  const top = aTopnode()
  const id = await room.bring(top.next({ basic: lines.slice(0, 1) }))
  const answer = (batch: string, row: number, input: Parameters<typeof room.desk.answer>[2]) =>
    room.desk.answer(batch, row, input, { caller: aReviewer })
  await room.desk.release(id, { caller: anotherReviewer })

  t.match(await answer(id, 1, { subject: code }), {
    state: 'planned',
    counts: { questions: 0, changed: 1 },
    releasedBy: [],
  })
  await room.release(id)
  t.match(await basicsOf(room, code), { socialInsuranceNumber: 1 })

  const later = await room.bring(top.next({ basic: lines.slice(1) }))
  await room.release(later)
  t.match(await room.look(later), { state: 'applied', counts: { questions: 2 } })
  t.match(await answer(later, 1, { subject: code }), { counts: { questions: 1 } })
  t.match(await basicsOf(room, code), { socialInsuranceNumber: 2 })
  t.match(await answer(later, 2, { skip: true }), { counts: { questions: 0, unchanged: 1 } })
  t.equal(await refusalOf(answer(later, 2, { skip: true })), 'STATE_CONFLICT, /row answer.done')
})

t.test('under a grant that was revoked since, an answer writes nothing', async t => {
  const { room, code } = await aRoomWithAFirm(await aStore(t))
  const id = await room.bring(aBatch({ basic: [{ socialInsuranceNumber: 1 }] }))
  await room.release(id)
  await room.grants.revoke('grant-1', 'a test', { caller: anOperator })

  const work = room.desk.answer(id, 1, { subject: code }, { caller: aReviewer })

  t.equal(await refusalOf(work), 'NOT_PERMITTED, /authorization grant.revoked')
  t.notOk((await basicsOf(room, code))?.['socialInsuranceNumber'])
})

t.test('an answer that the row itself refutes is refused', async t => {
  const { room, code } = await aRoomWithAFirm(await aStore(t))
  const id = await room.bring(aBatch({ basic: [{ ...anInstitution }, { producerName: '无名氏' }] }))
  const answer = (row: number, input: Parameters<typeof room.desk.answer>[2]) =>
    refusalOf(room.desk.answer(id, row, input, { caller: aReviewer }))

  t.equal(await answer(1, { subject: code }), 'INPUT_INVALID, /subject answer.uscc')
  t.match(await answer(2, { new: true }), /^INPUT_INVALID, .*\/uscc required/)
})

eachEngine(
  t,
  'an enterprise that comes in gets its code: said to be new, and approved by a reviewer',
  async (t, database) => {
    const { room, reviewer } = await aRoomWithAFirm(database)
    const id = await room.bring(
      aBatch(
        { basic: [{ ...anInstitution, prefix: '88.118.80' }] },
        {
          prefixes: ['88.118.80'],
        },
      ),
    )
    t.match(await room.look(id), { counts: { questions: 1 } })

    await room.desk.answer(id, 1, { new: true }, { caller: aReviewer })
    await room.release(id)

    const [row] = await room.filingLists
      .applications({ states: ['submitted'] }, { limit: 10 })
      .then(({ items }) => items)
    t.match(row, { kind: 'code', name: anInstitution.producerName, filer: 'topnode:86' })
    const filed = await room.applications.read(row?.id ?? '', reviewer)
    t.match(filed, {
      basic: anInstitution,
      consent: { basis: 'grant', grant: 'grant-1', import: id },
      proof: { prefix: '88.118.80', method: 'grant' },
    })
    const approved = await room.review.decide(
      row?.id ?? '',
      { decision: 'approve' },
      { caller: reviewer },
    )
    t.match(approved, { state: 'approved', code: /^88\.118\.1\// })
    const { whole, prefixes } = await room.enterprises.read(approved?.code ?? '', reviewer)
    t.match(whole?.basic, anInstitution)
    t.match(prefixes, [{ prefix: '88.118.80' }])
  },
)

t.test('where the policy says so, its code is issued with the batch', async t => {
  const { room } = await aRoomWithAFirm(await aStore(t), { isAuto: true, issueCodes: true })

  const id = await room.bring(aBatch({ basic: [anInstitution] }))

  t.match(await room.look(id), { state: 'applied', counts: { added: 1, questions: 0 } })
  const [row] = (
    await room.filingLists.applications({ states: ['approved'] }, { limit: 10 })
  ).items.filter(({ filer }) => filer === 'topnode:86')
  t.match(await basicsOf(room, row?.code ?? ''), anInstitution)
})

t.test(
  'taken back, basic information is what it was, and what nobody decided on is withdrawn',
  async t => {
    const database = await aStore(t)
    const { room, code, subject } = await aRoomWithAFirm(database)
    const rows = [{ uscc: aFirm.uscc, producerName: '另一名称' }, anInstitution]
    const id = await room.bring(aBatch({ basic: rows }))
    await room.desk.answer(id, 2, { new: true }, { caller: aReviewer })
    await room.release(id)

    await room.desk.rollback(id, { caller: aReviewer })

    t.match(await basicsOf(room, code), aFirm)
    const [current] = await database.query(
      'select max(serial) as serial from subject_basics where subject = $1',
      [subject],
    )
    t.strictSame(current, { serial: 3 }, 'as a new version')
    const { items } = await room.filingLists.applications({ states: ['withdrawn'] }, { limit: 10 })
    t.match(items, [{ filer: 'topnode:86' }])
  },
)

t.test('personal items lie sealed in the store', async t => {
  const database = await aStore(t)
  const { room } = await aRoomWithAFirm(database)
  await room.bring(aBatch({ basic: [anInstitution] }))

  for (const table of ['import_pieces', 'import_basics', 'imports']) {
    const text = await room.dump(table)
    t.notMatch(text, anInstitution.uscc, table)
    t.notMatch(text, anInstitution.legalRepresentative, table)
  }
})

t.test(
  'a row beyond the granted fields, or one that breaks a rule of the table, parks the batch',
  async t => {
    const room = await anImportRoom(await aStore(t))
    const top = aTopnode()
    await room.grant({ fields: { basic: ['producerName'] } })
    const ruleOf = async (row: object) => {
      const id = await room.bring(top.next({ basic: [row] }))
      return (await room.look(id))?.fault
    }

    t.match(await ruleOf({ uscc: aFirm.uscc, legalRepresentative: '张三' }), {
      rule: 'grant.fields',
      field: '/legalRepresentative',
      row: 1,
    })
    t.match(await ruleOf({ producerName: 7 }), { field: '/producerName' })
    t.match(await ruleOf({ prefix: '88.118.9' }), { rule: 'grant.prefixes' })
    t.match(await ruleOf({ unknown: 1 }), { rule: 'unknownField' })
  },
)
