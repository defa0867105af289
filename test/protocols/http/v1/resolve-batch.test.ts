import { join } from 'node:path'
import protobufjs from 'protobufjs'
import t from 'tap'
import { aRecord } from '../../../support/builders.ts'
import { repositoryFolder } from '../../../support/store.ts'
import { aDoor, aSmallWorld } from '../a-door.ts'

type Door = ReturnType<typeof aDoor>

async function batch({ app }: Door, identifiers: unknown, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: '/v1/resolve:batch',
    payload: { identifiers } as object,
    headers,
  })
}

t.test('a batch answers in order, each question with its answer or its problem', async t => {
  const door = aDoor(t, aSmallWorld)
  const asked = ['88.118.8/none', '88.118.8/abc-1', '', '88.118.9/x', '88.118.8/ABC-1']

  const { statusCode, ...response } = await batch(door, asked, { 'accept-language': 'en' })

  const { answers } = response.json()
  t.equal(statusCode, 200)
  t.strictSame(
    answers.map((answer: { asked: string }) => answer.asked),
    asked,
  )
  t.match(answers[0], {
    status: 404,
    code: 'IDENTIFIER_UNKNOWN',
    title: 'the prefix is ours, and there is no such identifier',
  })
  t.match(answers[1], { identifier: '88.118.8/ABC-1' })
  t.match(answers[2], { status: 400, code: 'IDENTIFIER_MALFORMED' })
  t.match(answers[3], { referral: { prefix: '88.118.9' } })
  t.match(answers[4], { identifier: '88.118.8/ABC-1' })
})

t.test('an answer in a batch is the single answer, byte for byte, behind asked', async t => {
  const door = aDoor(t, aSmallWorld)
  const single = (await door.app.inject('/v1/resolve/88.118.8/ABC-1')).body

  for (const asked of ['88.118.8/ABC-1', '８８.118.8/ABC-1', 'hdl:88.118.8/ABC-1']) {
    const { body } = await batch(door, [asked])
    t.equal(body, `{"answers":[{"asked":${JSON.stringify(asked)},${single.slice(1)}]}`)
  }
})

t.test('cold and warm batches are the same', async t => {
  const records = Array.from({ length: 50 }, (_, i) => aRecord({ identifier: `88.118.8/${i}` }))
  const door = aDoor(t, { ...aSmallWorld, records })
  const asked = records.map(({ identifier }) => identifier)

  const cold = await batch(door, asked)
  const warm = await batch(door, asked)

  t.equal(cold.json().answers.length, 50)
  t.equal(warm.body, cold.body)
})

t.test('a Protobuf batch is read with the published file', async t => {
  const door = aDoor(t, aSmallWorld)
  const root = new protobufjs.Root().loadSync(join(repositoryFolder, 'proto/qxm/v1/resolve.proto'))
  const type = root.lookupType('qxm.v1.Batch')

  const response = await batch(door, ['88.118.8/ABC-1', '88.118.8/none'], {
    accept: 'application/x-protobuf',
  })

  const decoded = type.toObject(type.decode(response.rawPayload), { oneofs: true })
  t.equal(response.headers['content-type'], 'application/x-protobuf')
  t.match(decoded['answers'], [
    { asked: '88.118.8/ABC-1', result: 'answer', answer: { identifier: '88.118.8/ABC-1' } },
    {
      asked: '88.118.8/none',
      result: 'problem',
      problem: { status: 404, code: 'IDENTIFIER_UNKNOWN' },
    },
  ])
})

t.test('who sees more alone sees more in a batch', async t => {
  const door = aDoor(t, aSmallWorld)
  await batch(door, ['88.118.8/ABC-1'])

  const owners = await batch(door, ['88.118.8/ABC-1'], { authorization: 'Bearer owner' })

  t.equal(owners.json().answers[0].identifier, '88.118.8/ABC-1')
  t.equal(owners.headers['cache-control'], 'private, no-store')
})

t.test('a batch has 1 to 1000 texts', async t => {
  const door = aDoor(t, aSmallWorld)
  const rules = async (identifiers: unknown) =>
    (await batch(door, identifiers))
      .json()
      .errors?.map(({ pointer, rule }: { pointer: string; rule: string }) => [pointer, rule])

  t.strictSame(await rules([]), [['/identifiers', 'minItems']])
  t.strictSame(await rules(Array(1001).fill('x')), [['/identifiers', 'maxItems']])
  t.strictSame(await rules([7]), [['/identifiers/0', 'type']])
  t.strictSame(await rules('x'), [['/identifiers', 'type']])
  t.equal((await batch(door, Array(1000).fill('88.118.8/ABC-1'))).json().answers.length, 1000)
})
