import t from 'tap'
import { type Caller, roles } from '../../../src/model/caller.ts'
import { aDoor, aSmallWorld } from './a-door.ts'

const everyRole = ['anyone', ...roles] as const

t.test(
  'every route refuses the roles that have no rule for its action, before it reads anything',
  async t => {
    const { app, parts, routes } = await aDoorForEveryRole()
    const allowed = new Set(
      parts.permissions.matrix().map(({ role, action }) => `${role} ${action}`),
    )
    let refused = 0

    for (const { method, url, action } of routes) {
      for (const role of everyRole.filter(each => !allowed.has(`${each} ${action}`))) {
        const answer = await app.inject({
          method,
          url: anAddressOf(url),
          ...(role === 'anyone' ? {} : { headers: { authorization: `Bearer ${role}` } }),
        })
        const expected = role === 'anyone' ? [401, 'NOT_AUTHENTICATED'] : [403, 'NOT_PERMITTED']
        t.strictSame([answer.statusCode, answer.json().code], expected, `${role} ${method} ${url}`)
        refused++
      }
    }

    t.ok(refused > 200, `${refused} refusals were tried`)

    async function aDoorForEveryRole() {
      const callers = Object.fromEntries(
        roles.map(role => [role, { id: role, role, subject: null, prefixes: [] } satisfies Caller]),
      )
      const door = aDoor(t, { ...aSmallWorld, callers })
      const found: { method: 'GET' | 'POST'; url: string; action: string }[] = []
      door.app.addHook('onRoute', ({ method, url, config }) => {
        const action = config?.action
        if (action === undefined || action === 'public') return
        const methods = [method].flat().filter(each => each !== 'HEAD')
        for (const each of methods) found.push({ method: each as 'GET', url, action })
      })
      await door.app.ready()
      return { ...door, routes: found }
    }
  },
)

/** A path that the route answers: its parameters filled, its doubled colons single. */
function anAddressOf(url: string): string {
  const fill = (_: string, rule = '') => (rule.includes('a-z') ? 'a' : '1')
  const filled = url.split('::').map(part => part.replace(/:[a-z]+(\([^)]*\))?/gi, fill))
  return filled.join(':').replace('*', 'x')
}
