import t from 'tap'
import { answerFormOf, formOf } from '../../../src/protocols/http/negotiate.ts'

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

const linksetCases: readonly (readonly [string | undefined, string])[] = [
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/linkset+json', 'linkset'],
  ['application/linkset+json, */*;q=0.1', 'linkset'],
  ['application/linkset+json;q=0', 'json'],
  ['application/linkset+json, application/json', 'linkset'],
  ['application/json, application/linkset+json', 'json'],
  ['application/json, application/linkset+json;q=0.9', 'json'],
  ['application/x-protobuf;q=0.5, application/linkset+json', 'linkset'],
  ['application/x-protobuf', 'protobuf'],
  ['application/linkset', 'json'],
]

for (const [accept, form] of linksetCases) {
  t.test(`of one answer, Accept ${JSON.stringify(accept)} is answered as ${form}`, async t => {
    t.equal(answerFormOf(accept), form)
  })
}
