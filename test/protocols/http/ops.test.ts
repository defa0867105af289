import t from 'tap'
import { buildOps } from '../../../src/protocols/http/ops.ts'
import { aDoor, aSmallWorld } from './a-door.ts'

t.test('the ops door has health and metrics and nothing else', async t => {
  const { app, parts } = aDoor(t, aSmallWorld)
  const ops = buildOps(parts)
  t.teardown(() => ops.close())
  await app.inject('/v1/resolve/88.118.8/ABC-1')

  const metrics = await ops.inject('/metrics')

  t.match(metrics.headers['content-type'], 'text/plain')
  t.match(metrics.body, 'qxm_http_requests_total{route="/v1/resolve/*",status="200"} 1')
  t.strictSame((await ops.inject('/livez')).json(), { live: true })
  t.strictSame((await ops.inject('/readyz')).json(), { ready: true, degraded: [] })
  t.equal((await ops.inject('/v1/resolve/88.118.8/ABC-1')).json().code, 'ROUTE_UNKNOWN')
})
