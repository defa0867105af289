import t from 'tap'
import { failureStatuses, wireFailures } from '../../../src/protocols/http/problem.ts'
import { aDoor, aSmallWorld } from './a-door.ts'

t.test('the type of every problem leads to its row', async t => {
  const { app } = aDoor(t, aSmallWorld)

  const page = await app.inject({ url: '/docs/errors' })

  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], 'text/html')
  for (const code of [...Object.keys(failureStatuses), ...Object.keys(wireFailures)]) {
    t.ok(page.body.includes(`<tr id="${code}">`), code)
  }
})
