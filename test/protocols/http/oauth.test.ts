import t, { type Test } from 'tap'
import type { ClientProof } from '../../../src/access/token-desk.ts'
import { Failure } from '../../../src/model/failures.ts'
import { type DoorWorld, aDoor as door } from './a-door.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const assertionType = 'urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer'
const payload = `grant_type=client_credentials&client_assertion_type=${assertionType}&client_assertion=a.b.c`

/** @param issue what becomes of a proof */
function aDoor(
  t: Test,
  issue: (proof: ClientProof, address: string) => Promise<string>,
  world: DoorWorld = {},
) {
  const tokens = {
    async issue(proof: ClientProof, address: string) {
      return { clientId: 'ab12cd34', token: await issue(proof, address), seconds: 300 }
    },
  }
  const { app, logged, clock } = door(t, { ...world, parts: { tokens, ...world.parts } })
  const ask = (more: { payload?: string; remoteAddress?: string } = {}) =>
    app.inject({ method: 'POST', url: '/oauth/token', headers: form, payload, ...more })
  return { ask, logged, clock }
}

const refused = async () => {
  throw new Failure('NOT_AUTHENTICATED')
}

t.test(
  'what a form proves is handed on, and parameters we do not know are passed over',
  async t => {
    const proofs: ClientProof[] = []
    const { ask } = aDoor(t, async proof => {
      proofs.push(proof)
      return 'a token'
    })

    const answer = await ask({ payload: `${payload}&client_id=ab12cd34&resource=x&scope=` })

    t.strictSame(answer.json(), { access_token: 'a token', token_type: 'Bearer', expires_in: 300 })
    t.equal(answer.headers['cache-control'], 'no-store')
    t.equal(answer.headers['pragma'], 'no-cache')
    t.strictSame(proofs, [{ clientId: 'ab12cd34', assertion: 'a.b.c', certificate: undefined }])
  },
)

t.test('whatever goes wrong is told in OAuth’s words', async t => {
  const cases: [unknown, number, string][] = [
    [new Failure('NOT_AUTHENTICATED'), 401, 'invalid_client'],
    [new Failure('STORE_AWAY'), 503, 'temporarily_unavailable'],
    [new Failure('TOO_MANY'), 429, 'temporarily_unavailable'],
    [new Error('the password of the database is 1234'), 500, 'server_error'],
  ]

  for (const [error, status, code] of cases) {
    const { ask, logged } = aDoor(t, async () => {
      throw error
    })

    const answer = await ask()

    t.equal(answer.statusCode, status, code)
    t.match(answer.json(), { error: code })
    t.strictSame(Object.keys(answer.json()), ['error', 'error_description'])
    t.match(answer.json().error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 §5.2')
    t.notMatch(answer.body, /1234/)
    t.equal(answer.headers['retry-after'] !== undefined, status === 503 || status === 429)
    t.equal(logged.length, status === 500 ? 1 : 0)
  }
})

t.test('who proves nothing, again and again, has to wait, and others have not', async t => {
  const { ask, clock } = aDoor(t, refused)
  const statuses: number[] = []
  for (let count = 0; count < 8; count++) {
    // One household has a /64 at least.
    const { statusCode } = await ask({ remoteAddress: `2001:db8::${count + 1}` })
    statuses.push(statusCode)
  }

  t.strictSame(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
  t.equal((await ask({ remoteAddress: '2001:db8:1::1' })).statusCode, 401)
  await clock.advance(1_000)
  t.equal((await ask({ remoteAddress: '2001:db8::1' })).statusCode, 401)
})

t.test('a client gets as many tokens a second as it may write', async t => {
  const { ask } = aDoor(t, async () => 'a token', { rates: { write: 2 } })

  const statuses = [await ask(), await ask(), await ask()].map(({ statusCode }) => statusCode)

  t.strictSame(statuses, [200, 200, 429])
})
