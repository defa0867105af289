import { Registry } from 'prom-client'
import t from 'tap'
import { forgetOutlived } from '../../../src/registry/imports/forget.ts'
import { measureImports } from '../../../src/registry/imports/metrics.ts'
import { aFirm, refusalOf } from '../../support/filing.ts'
import { aStore } from '../../support/store.ts'
import { aLine, anImportRoom, aReviewer, aTopnode, theTopnode } from './an-import-room.ts'

const dayMs = 86_400_000

t.test(
  'a week after a batch is over, its files and rows are forgotten, and its story is kept',
  async t => {
    const database = await aStore(t)
    const room = await anImportRoom(database)
    const top = aTopnode()
    await room.grant()
    await room.prefix('88.118.8')
    const basic = [{ ...aFirm, prefix: '88.118.8' }]
    const id = await room.bring(top.next({ identifiers: [aLine('88.118.8/A')], basic }))
    await room.release(id)
    const waiting = await room.bring(top.next({ identifiers: [aLine('88.118.8/B')] }))
    await room.shared.pieces.put('never-received', 'identifiers.ndjson', 0, Buffer.alloc(1))
    const left = () =>
      database.query<{ import: string }>(
        'select distinct import from import_pieces order by import',
      )

    await forgetOutlived(room.shared)
    t.equal((await left()).length, 3)
    await room.clock.advance(8 * dayMs)
    await forgetOutlived(room.shared)

    t.strictSame(await left(), [{ import: waiting }])
    t.equal(await room.shared.staged.lastRow(id), 0)
    t.match(await room.desk.questions(id, { after: 0, limit: 5 }, aReviewer), {
      items: [{ row: 1, basic: { producerName: aFirm.producerName } }],
    })
    t.match(await room.look(id), { state: 'applied' })
    t.equal(await refusalOf(room.desk.rollback(id, { caller: aReviewer })), 'STATE_CONFLICT')
  },
)

t.test(
  'the figures say how far each source is, for how long nothing came, and what waits',
  async t => {
    const room = await anImportRoom(await aStore(t), { isAuto: true })
    const top = aTopnode()
    await room.grant()
    await room.prefix('88.118.8')
    const registry = new Registry()
    measureImports(registry, room.shared.lists, () => room.clock.now())
    await room.bring(top.next({ identifiers: [aLine('88.118.8/A')] }))
    top.next({ identifiers: [] })
    await room.inbox.receive(top.next({ identifiers: [] }), theTopnode)
    await room.clock.advance(700_000)

    const figures = await registry.metrics()

    t.match(figures, 'qxm_import_serial{source="86",reached="received"} 1')
    t.match(figures, 'qxm_import_serial{source="86",reached="done"} 1')
    t.match(figures, 'qxm_import_last_success_seconds{source="86"} 700')
    t.match(figures, 'qxm_import_gap_seconds{source="86"} 700')
    t.match(figures, 'qxm_import_parked 1')
  },
)

t.test('figures that cannot be had do not take the others away', async t => {
  const registry = new Registry()
  const away = async () => {
    throw new Error('away')
  }
  measureImports(registry, { sources: away, parkedCount: away }, () => 0)

  t.match(await registry.metrics(), /qxm_import_parked 0/)
})
