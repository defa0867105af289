import t from 'tap'
import { makeRouteMethods } from '../../../src/protocols/http/route-methods.ts'

t.test('a path takes the methods of all routes that fit it', async t => {
  const methods = makeRouteMethods()
  methods.add('/v1/resolve/*', ['GET', 'HEAD'])
  methods.add('/v1/resolve::batch', 'POST')
  methods.add('/v1/clients/:id', 'DELETE')
  methods.add('/openapi.json', 'GET')
  methods.add('/v1/applications/:id([^:]+)::submit', 'POST')

  t.strictSame(methods.of('/v1/resolve/88.118.8/a'), ['GET', 'HEAD'])
  t.strictSame(methods.of('/v1/resolve:batch'), ['POST'])
  t.strictSame(methods.of('/v1/clients/x'), ['DELETE'])
  t.strictSame(methods.of('/v1/clients/x/y'), [])
  t.strictSame(methods.of('/v1/applications/x:submit'), ['POST'])
  t.strictSame(methods.of('/v1/applications/x:y:submit'), [])
  t.strictSame(methods.of('/openapi.json'), ['GET'])
  t.strictSame(methods.of('/openapi_json'), [])
})
