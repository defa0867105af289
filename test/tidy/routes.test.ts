import t from 'tap'
import { aDoor, aSmallWorld } from '../protocols/http/a-door.ts'
import { read } from './tree.ts'

t.test('docs/api.md has every route and its summary, and no other', async t => {
  const { app } = aDoor(t, aSmallWorld)
  const { paths } = (await app.inject({ url: '/openapi.json' })).json() as {
    paths: Record<string, Record<string, { summary: string }>>
  }

  const documented = [...read('docs/api.md').matchAll(/^\| `([A-Z]+ \/[^`]*)` \| (.*) \|$/gm)]

  t.same(
    documented.map(([, route, what]) => `${route} ${what}`).sort(),
    Object.entries(paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(
          ([method, { summary }]) =>
            `${method.toUpperCase()} ${path} ${summary.replace(/\|/g, '/')}`,
        ),
      )
      .sort(),
  )
})
