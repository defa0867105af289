import t from 'tap'
import { formOf } from '../../../src/protocols/http/negotiate.ts'

const cases: readonly (readonly [string | undefined, 'json' | 'protobuf'])[] = [
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['text/html', 'json'],
  ['application/linkset+json', 'json'],
  ['application/x-protobuf', 'protobuf'],
  ['APPLICATION/X-PROTOBUF', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/x-protobuf, */*;q=0.1', 'protobuf'],
  ['application/x-protobuf, application/json', 'protobuf'],
  ['application/json, application/x-protobuf', 'json'],
  ['application/json;q=0.5, application/x-protobuf', 'protobuf'],
  ['application/json, application/x-protobuf;q=0.9', 'json'],
  ['application/x-protobuf;q=0', 'json'],
  ['application/x-protobufx', 'json'],
]

for (const [accept, form] of cases) {
  t.test(`Accept ${JSON.stringify(accept)} is answered as ${form}`, async t => {
    t.equal(formOf(accept), form)
  })
}
