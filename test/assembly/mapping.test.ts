import t from 'tap'
import { makeHasAuthority } from '../../src/access/authority.ts'
import { makePermissions } from '../../src/access/permissions.ts'
import { openMapping } from '../../src/assembly/mapping.ts'
import { isUnder } from '../../src/mapping/prefix-walk.ts'
import { makeClosers } from '../../src/runtime/closers.ts'
import { readConfig } from '../../src/runtime/config.ts'
import { makeLog } from '../../src/runtime/log.ts'
import { coreOver } from '../registry/a-core.ts'
import { anOperator, names } from '../support/builders.ts'
import { aStore } from '../support/store.ts'

t.test(
  'a holding ends by itself when its time has come, and nothing ticks on after the end',
  async t => {
    const core = await coreOver(await aStore(t))
    const { clock, database, directory, transactions, identifierRules } = core
    const log = makeLog({ level: 'fatal' })
    const closers = makeClosers(log)
    const { config } = readConfig({ argv: [], env: {} })
    const { holdings } = openMapping(
      { config, log, clock, closers },
      database,
      {
        permissions: makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) }),
        names,
        directory,
      },
      { transactions, identifierRules },
    )
    const { of } = await core.enterprise('alpha')
    const validTo = new Date(clock.now() + 10_000).toISOString()
    await holdings.create(
      of.code,
      { system: 'gs1', prefix: '6901234', validTo },
      { caller: anOperator },
    )
    const owner = () => directory.find('gs1', '6901234')?.owner

    await clock.advance(9_000)
    const before = owner()
    // Looking takes the store some time, in which the next look is left out.
    for (let looks = 0; looks < 50 && owner() !== null; looks++) {
      await clock.advance(1_000)
      await database.query('select 1')
    }

    t.strictSame([before, owner()], ['alpha', null])
    await closers.close()
    t.equal(clock.waiting, 0)
  },
)
