import t from 'tap'
import { aDoor, aSmallWorld } from '../a-door.ts'

t.test('the audit is read by operators, filtered as they ask', async t => {
  const asked: unknown[] = []
  const { app } = aDoor(t, {
    ...aSmallWorld,
    parts: {
      audit: {
        list: async (query, page) => {
          asked.push({ ...query, ...page })
          return { items: [], next: null }
        },
      },
    },
  })
  const url = '/v1/audit?subject=88.118.8/a&actor=0wner000&since=2026-11-23T06:00:00Z&limit=2'

  t.equal((await app.inject({ url, headers: { authorization: 'Bearer owner' } })).statusCode, 403)
  t.equal(
    (await app.inject({ url, headers: { authorization: 'Bearer operator' } })).statusCode,
    200,
  )
  t.strictSame(asked, [
    {
      subject: '88.118.8/a',
      actor: '0wner000',
      since: '2026-11-23T06:00:00Z',
      cursor: undefined,
      limit: 2,
    },
  ])
})
