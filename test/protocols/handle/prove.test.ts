import t from 'tap'
import { makeGate, verifications } from '../../../src/access/gate.ts'
import type { PublicJwk } from '../../../src/model/value.ts'
import { makeProver } from '../../../src/protocols/handle/identity/prove.ts'
import type { HandleParts } from '../../../src/protocols/handle/parts.ts'
import { refusalOf } from '../../../src/protocols/handle/refusal.ts'
import { responseCodes } from '../../../src/protocols/handle/response-codes.ts'

const sm2Key: PublicJwk = { kty: 'EC', crv: 'SM2', x: 'AA', y: 'AA' }
const rsaKey: PublicJwk = { kty: 'RSA', n: 'AQ', e: 'AQAB' }

function aProver() {
  const parts = { settings: {}, sm2Gate: makeGate(verifications) } as unknown as HandleParts
  return makeProver(parts, { read: async () => undefined } as never)
}

t.test('between two SM2 verifications others have their turn', async t => {
  const { verifyInTurn } = aProver()
  const happened: string[] = []
  const verify = (name: string) => () => {
    happened.push(name)
    setImmediate(() => happened.push(`after ${name}`))
    return true
  }

  await Promise.all(['a', 'b', 'c'].map(name => verifyInTurn(sm2Key, verify(name))))

  t.ok(happened.indexOf('after a') < happened.indexOf('c'), happened.join())
})

t.test('when too many wait, the next is told that the node is busy', async t => {
  const { verifyInTurn } = aProver()
  const { atOnce, waitingMax } = verifications
  const asked = Array.from({ length: atOnce + waitingMax + 1 }, () =>
    verifyInTurn(sm2Key, () => true),
  )

  const outcomes = await Promise.allSettled(asked)

  const refused = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? outcome.reason : []))
  t.equal(refused.length, 1)
  t.equal(refusalOf(refused[0])?.responseCode, responseCodes.SERVER_TOO_BUSY)
  t.equal(await verifyInTurn(sm2Key, () => false), false, 'and later there is room again')
})

t.test('what is verified fast waits for nobody', async t => {
  t.equal(
    aProver().verifyInTurn(rsaKey, () => true),
    true,
  )
})
