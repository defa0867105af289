import t from 'tap'
import { makeUseOnce } from '../../../src/storage/postgres/client-assertions.ts'
import { sweep } from '../../../src/storage/postgres/retention.ts'
import { eachEngine } from '../../support/store.ts'

eachEngine(t, 'an assertion is used once, by whichever process', async (t, database) => {
  const processes = [makeUseOnce(database), makeUseOnce(database)]
  const endsAt = new Date(Date.now() + 60_000)
  const long = `${'x'.repeat(300)}\u0000'`

  const uses = await Promise.all([0, 1, 0, 1].map(at => processes[at]?.('ab12cd34', long, endsAt)))

  t.equal(uses.filter(Boolean).length, 1)
  t.equal(await processes[0]?.('ffffffff', long, endsAt), true, 'another client’s is another')
})

eachEngine(t, 'an assertion is forgotten once it has ended', async (t, database) => {
  const useOnce = makeUseOnce(database)
  await useOnce('ab12cd34', 'past', new Date(Date.now() - 1_000))
  await useOnce('ab12cd34', 'valid', new Date(Date.now() + 60_000))

  await sweep(database)

  const left = await database.query('select client from used_assertions')
  t.equal(left.length, 1)
})
