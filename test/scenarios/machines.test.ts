import { createHash, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { jws } from '../support/jws.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { certificates } from './certificates.ts'

const publicUrl = 'https://id.example.cn'
const endpoint = `${publicUrl}/oauth/token`
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly json: Readonly<Record<string, unknown>>
}

type Certificate = (typeof certificates)['first' | 'second']

/** A node behind TLS that asks for certificates, for all tests. */
const { node, call, token, client } = await aTlsNode(t)

async function aTlsNode(t: Test) {
  const { cert, key } = certificates.second
  const folder = t.testdir({ 'cert.pem': cert, 'key.pem': key })
  const node = await aNode(t, {
    env: {
      QXM_TLS_CERT: join(folder, 'cert.pem'),
      QXM_TLS_KEY: join(folder, 'key.pem'),
      QXM_HTTPS_PORT: '0',
      QXM_PUBLIC_URL: publicUrl,
    },
  })

  function call(
    method: string,
    path: string,
    more: {
      readonly bearer?: string
      readonly form?: Readonly<Record<string, string>> | string
      readonly json?: object
      readonly certificate?: Certificate
    } = {},
  ): Promise<Answer> {
    const { bearer, form, json, certificate } = more
    const body =
      form === undefined
        ? json && JSON.stringify(json)
        : typeof form === 'string'
          ? form
          : new URLSearchParams(form).toString()
    const type =
      form === undefined ? 'application/json' : 'application/x-www-form-urlencoded; charset=utf-8'
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(
        new URL(path, node.node.ready.https),
        {
          method,
          agent: false,
          rejectUnauthorized: false,
          ...(certificate && { cert: certificate.cert, key: certificate.key }),
          headers: {
            ...(bearer && { authorization: `Bearer ${bearer}` }),
            ...(body && { 'content-type': type }),
          },
        },
        response => {
          let text = ''
          response.on('data', chunk => {
            text += String(chunk)
          })
          response.on('end', () => {
            const isJson = /json/.test(response.headers['content-type'] ?? '')
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              json: isJson ? JSON.parse(text) : { text },
            })
          })
        },
      )
      sent.once('error', reject)
      sent.end(body)
    })
  }

  const token = (form: Readonly<Record<string, string>> | string, certificate?: Certificate) =>
    call('POST', '/oauth/token', { form, ...(certificate && { certificate }) })

  async function client(more: object): Promise<string> {
    const { status, json } = await call('POST', '/v1/clients', {
      bearer: node.key,
      json: { name: 'line 3', role: 'enterprise', ...more },
    })
    t.match([status, json], [201, { key: null }])
    return String(json['id'])
  }
  return { node, call, token, client }
}

function claimsFor(id: string, more: object = {}) {
  const now = Math.floor(Date.now() / 1000)
  return { iss: id, sub: id, aud: endpoint, exp: now + 50, iat: now, jti: randomUUID(), ...more }
}

function asserted(assertion: string) {
  return {
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertion,
  }
}

const thumbprint = ({ cert }: Certificate) =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

/** The role an access token gives, seen in the list that operators see. */
async function whoMay(node: Pick<RunningNode, 'http'>, bearer: string): Promise<number> {
  const headers = { authorization: `Bearer ${bearer}` }
  return (await fetch(`${node.http}/v1/notices`, { headers })).status
}

t.test('a machine proves itself with its own key, and is out at once when revoked', async t => {
  const keys = [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'P-256' })]
  const id = await client({
    jwks: {
      keys: keys.map(({ publicKey }, at) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid: `key ${at}`,
      })),
    },
  })
  const [ed, ec] = keys.map(({ privateKey }) => privateKey)

  const first = await token(asserted(jws({ alg: 'EdDSA', kid: 'key 0' }, claimsFor(id), ed)))
  const second = await token(asserted(jws({ alg: 'ES256' }, claimsFor(id), ec)))

  t.match(first, {
    status: 200,
    headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
    json: { token_type: 'Bearer', expires_in: 300 },
  })
  const bearer = String(first.json['access_token'])
  t.ok(bearer.length < 1_000, `a token has ${bearer.length} characters`)
  t.equal(await whoMay(node, bearer), 200)
  t.equal(await whoMay(node, String(second.json['access_token'])), 200)
  const [header, claims] = bearer
    .split('.')
    .slice(0, 2)
    .map(part => JSON.parse(Buffer.from(part, 'base64url').toString()))
  t.match(header, { typ: 'at+jwt', alg: 'EdDSA' })
  t.match(claims, { iss: publicUrl, aud: publicUrl, sub: id, client_id: id })
  t.equal(claims.exp - claims.iat, 300)
  t.notOk('cnf' in claims)

  const shown = await call('GET', '/v1/clients', { bearer: node.key })
  t.match(
    (shown.json['items'] as { id: string }[]).find(each => each.id === id),
    { apiKey: false, jwks: { keys: [{ kid: 'key 0', alg: 'EdDSA' }, { alg: 'ES256' }] } },
  )
  t.equal((await call('DELETE', `/v1/clients/${id}`, { bearer: node.key })).status, 204)
  t.equal(await whoMay(node, bearer), 401)
  const again = await token(asserted(jws({ alg: 'EdDSA' }, claimsFor(id), ed)))
  t.match(again, { status: 401, json: { error: 'invalid_client' } })
})

t.test('an assertion that is used twice, or breaks a rule, is refused like any other', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'own' }
  const id = await client({ jwks: { keys: [jwk] } })
  const good = jws({ alg: 'EdDSA', kid: 'own' }, claimsFor(id), privateKey)
  const wrong: Readonly<Record<string, string>> = {
    unsigned: jws({ alg: 'none' }, claimsFor(id), undefined),
    'another audience': jws({ alg: 'EdDSA' }, claimsFor(id, { aud: publicUrl }), privateKey),
    'too far ahead': jws(
      { alg: 'EdDSA' },
      claimsFor(id, { exp: Date.now() / 1000 + 200 }),
      privateKey,
    ),
  }

  t.equal((await token(asserted(good))).status, 200)
  const replayed = await token(asserted(good))

  t.equal(replayed.status, 401)
  for (const [what, assertion] of Object.entries(wrong)) {
    const refused = await token(asserted(assertion))
    t.strictSame([refused.status, refused.json], [401, replayed.json], what)
  }
})

t.test('a machine with a certificate gets tokens that are bound to it', async t => {
  const id = await client({ role: 'topnode', certificates: [thumbprint(certificates.first)] })
  const form = { grant_type: 'client_credentials', client_id: id }

  const issued = await token(form, certificates.first)

  t.match(issued, { status: 200, json: { expires_in: 300 } })
  const bearer = String(issued.json['access_token'])
  const use = (certificate?: Certificate) =>
    call('GET', '/v1/resolve/0.NA%2F88.118', { bearer, ...(certificate && { certificate }) })
  t.equal((await use(certificates.first)).status, 200)
  t.equal((await use(certificates.second)).status, 401, 'another certificate')
  t.equal((await use()).status, 401, 'none')
  const plain = await fetch(`${node.http}/v1/resolve/0.NA%2F88.118`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  t.equal(plain.status, 401, 'not over TLS')
  t.match(await token(form, certificates.second), { status: 401 })
  t.match(await token(form), { status: 401, json: { error: 'invalid_client' } })
})

t.test('the token endpoint answers as OAuth wants', async t => {
  t.match(await token({ grant_type: 'password' }), {
    status: 400,
    json: { error: 'unsupported_grant_type' },
  })
  t.match(await token(''), { status: 400, json: { error: 'invalid_request' } })
  t.match(await token('grant_type=client_credentials&grant_type=client_credentials'), {
    status: 400,
    json: { error: 'invalid_request' },
  })
  t.match(await token({ ...asserted('x'), scope: 'all' }), {
    status: 400,
    json: { error: 'invalid_scope' },
  })
  t.match(await token({ grant_type: 'client_credentials', client_assertion: 'x' }), {
    status: 400,
    json: { error: 'invalid_request' },
  })
  t.match(await token({ grant_type: 'client_credentials', client_secret: 'x' }), {
    status: 401,
    json: { error: 'invalid_client' },
  })
  t.match(await token(asserted('x'.repeat(20_000))), { status: 413 })
  t.match(await call('POST', '/oauth/token', { json: asserted('x') }), {
    status: 415,
    json: { error: 'invalid_request' },
  })
  t.match(await call('POST', '/oauth/token', { form: asserted('x'), bearer: node.key }), {
    status: 401,
    headers: { 'www-authenticate': /^Bearer/ },
  })
  t.match(await call('GET', '/.well-known/oauth-authorization-server'), {
    status: 200,
    json: { issuer: publicUrl, token_endpoint: endpoint },
  })
})
