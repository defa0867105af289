import { execFileSync } from 'node:child_process'
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tunnelMediaType } from '../../src/protocols/http/handle-tunnel/tunnel.ts'
import {
  aFrame,
  aHandleBody,
  aQuestion,
  readAnswer,
  valuesIn,
} from '../protocols/handle/a-client.ts'
import { keys } from '../protocols/handle/wire-vectors.ts'
import { aNode, type RunningNode } from '../support/node.ts'

const admin = '88.118.8/ADMIN'
const rsa = createPrivateKey({
  key: Buffer.from(keys['rsaPrivatePkcs8Hex'] ?? '', 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const secret = 'open sesame'
const basic = `Basic ${Buffer.from(`302%3A${encodeURIComponent(admin)}:${secret}`).toString('base64')}`

async function put(
  node: RunningNode,
  identifier: string,
  values: readonly object[],
): Promise<void> {
  const answer = await fetch(`${node.http}/v1/identifiers/${encodeURIComponent(identifier)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ values }),
  })
  if (answer.status === 503) return put(node, identifier, values)
  if (!answer.ok) throw new Error(`${identifier}: ${await answer.text()}`)
}

async function prepare(node: RunningNode): Promise<void> {
  const { n, e } = rsa.export({ format: 'jwk' })
  const group = { handle: '88.118.8/GROUP', index: 200, permissions: '111111111111' }
  const members = [300, 302].map(index => ({ handle: admin, index }))
  await put(node, '0.NA/88.118.8', [
    { index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: group } },
  ])
  await put(node, '88.118.8/GROUP', [
    { index: 200, type: 'HS_VLIST', data: { format: 'vlist', value: members } },
  ])
  await put(node, admin, [
    { index: 300, type: 'HS_PUBKEY', data: { format: 'key', value: { kty: 'RSA', n, e } } },
    { index: 302, type: 'HS_SECKEY', data: secret, permissions: '1100' },
  ])
  await put(node, '88.118.8/private', [
    { index: 1, type: 'URL', data: 'https://example.cn/' },
    { index: 2, type: 'TXT', data: 'for administrators', permissions: '1100' },
    { index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: group } },
  ])
}

interface Called {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: an answer is compared, not used
  readonly json: any
}

async function call(url: string, init: RequestInit = {}): Promise<Called> {
  const answer = await fetch(url, { redirect: 'manual', ...init })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
}

function putting(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

t.test('the Handle REST API', async t => {
  const node = await aNode(t, { demo: true, env: { QXM_HANDLE_PLAIN_CREDENTIALS: '1' } })
  await prepare(node)
  const at = (path: string) => `${node.http}/api/${path}`
  const url = { index: 1, type: 'URL', data: 'https://example.cn/x' }

  t.test('a handle is read with its values, by type and by index', async t => {
    const whole = await call(at('handles/88.118.8/ABC-1'))
    t.equal(whole.status, 200)
    t.equal(whole.headers.get('content-type'), 'application/json;charset=UTF-8')
    t.equal(whole.json.responseCode, 1)
    t.equal(whole.json.handle, '88.118.8/ABC-1')
    const { values } = (await call(`${node.http}/v1/resolve/88.118.8/ABC-1`)).json
    t.same(whole.json.values, values)

    t.equal((await call(at('handles/88.118.8/ABC-1?index=1&type=name'))).json.values.length, 2)
    t.equal((await call(at('handles/88.118.8/ABC-1?type=URL.'))).json.values.length, 1)
    t.equal((await call(at('handles/88.118.8%2fabc-1'))).json.handle, '88.118.8/abc-1')
    const none = await call(at('handles/88.118.8/ABC-1?index=999'))
    t.same(
      [none.status, none.json],
      [200, { responseCode: 200, handle: '88.118.8/ABC-1', values: [] }],
    )
    const missing = await call(at('handles/88.118.8/none'))
    t.same([missing.status, missing.json.responseCode], [404, 100])
    const broken = await call(at('handles/88.118.8/ABC-1?index=x'))
    t.same([broken.status, broken.json.responseCode], [400, 4])
    t.equal((await call(at('handles/99.1/x'))).json.responseCode, 301)
    t.equal((await call(at('handles'))).json.responseCode, 102)
    t.equal((await call(at('handles/88.118.8/ABC-1'), { method: 'HEAD' })).text, '')
  })

  t.test('a POST is a question whose parameters lie in its body', async t => {
    const { status, json } = await call(at('handles/88.118.8/new-by-post'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"index":1}',
    })
    t.same([status, json.responseCode], [404, 100])
    const asked = await call(at('handles/88.118.8/ABC-1'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'index=1&index=2',
    })
    t.equal(asked.json.values.length, 2)
  })

  t.test('a delegated prefix is a referral', async t => {
    const { status, json } = await call(at('handles/88.118.9/x'))

    t.same([status, json.responseCode, json.referralHandle], [300, 302, ''])
    t.equal(json.values[0].data.format, 'site')
    t.equal((await call(at('handles/88.118.9/x?doNotRefer'))).json.responseCode, 301)
  })

  t.test('a record is put, changed by index, and deleted', async t => {
    const auth = { authorization: basic }
    const place = at('handles/88.118.8/made+1')
    const own = { handle: admin, index: 302, permissions: '*' }
    const first = [url, { index: 100, type: 'HS_ADMIN', data: { format: 'admin', value: own } }]

    const created = await call(place, putting({ values: first }, auth))
    t.same([created.status, created.json], [201, { responseCode: 1, handle: '88.118.8/made+1' }])
    t.equal((await call(place, putting({ values: first }, auth))).status, 200)
    const refused = await call(`${place}?overwrite=false`, putting({ values: first }, auth))
    t.same([refused.status, refused.json.responseCode], [409, 101])
    const one = { index: 5, type: 'B', data: { format: 'hex', value: '0001ff' } }
    t.equal((await call(`${place}?index=various`, putting([one], auth))).status, 201)
    t.equal((await call(`${place}?index=5`, putting(one, auth))).status, 200)
    t.same([(await call(`${place}?index=6`, putting([one], auth))).json.responseCode], [4])
    const taken = await call(`${place}?index=5&overwrite=no`, putting([one], auth))
    t.same([taken.status, taken.json.responseCode], [409, 201])
    t.same((await call(`${place}?index=5`)).json.values[0].data, {
      format: 'base64',
      value: 'AAH/',
    })
    const removed = await call(`${place}?index=5`, { method: 'DELETE', headers: auth })
    t.equal(removed.status, 200)
    const again = await call(`${place}?index=5`, { method: 'DELETE', headers: auth })
    t.same([again.status, again.json.responseCode], [400, 200])
    t.equal((await call(place, { method: 'DELETE', headers: auth })).status, 200)
    t.equal((await call(place)).status, 404)

    const minted = await call(
      at('handles/88.118.8/?mintNewSuffix=true'),
      putting({ values: [url] }, auth),
    )
    t.match(minted.json.handle, /^88\.118\.8\/[0-9a-f]{20}$/)
  })

  t.test('a body that is none is refused', async t => {
    const auth = { authorization: basic }
    const place = at('handles/88.118.8/bad')
    const code = async (init: RequestInit) => (await call(place, init)).json.responseCode

    t.equal(
      await code({ ...putting([url], auth), headers: { ...auth, 'content-type': 'text/plain' } }),
      4,
    )
    t.equal(await code({ ...putting([url], auth), body: '{' }), 4)
    t.equal(await code(putting({ handle: '88.118.8/other', values: [url] }, auth)), 4)
    t.equal(await code(putting([{ ...url, index: 0 }], auth)), 202)
    t.equal(await code(putting([], auth)), 202)
    t.equal(await code(putting([url, url], auth)), 201)
    t.equal(await code(putting([{ ...url, type: 'HS_SECKEY' }], auth)), 202)
    t.equal(
      await code(putting([{ ...url, data: { format: 'key', value: { kty: 'X' } } }], auth)),
      202,
    )
  })

  t.test('who needs to say who it is learns how', async t => {
    const { status, headers, json } = await call(at('handles/88.118.8/nobody'), putting([url]))
    t.same([status, json.responseCode], [401, 402])
    t.match(
      headers.get('www-authenticate'),
      /Basic realm="handle", Handle sessionId="\w+", nonce="/,
    )
    const xhr = await call(
      at('handles/88.118.8/nobody'),
      putting([url], { 'x-requested-with': 'XMLHttpRequest' }),
    )
    t.notMatch(xhr.headers.get('www-authenticate'), /Basic/)
    const wrong = basic.replace(/....$/, 'AAAA')
    const refused = await call(at('handles/88.118.8/ABC-1'), { headers: { authorization: wrong } })
    t.same([refused.status, refused.text], [401, ''])
  })

  t.test('what is not public is for who may read it, and silently left out otherwise', async t => {
    const place = at('handles/88.118.8/private')
    const indexes = async (query: string, headers = {}) =>
      (await call(`${place}${query}`, { headers })).json.values?.map(
        (value: { index: number }) => value.index,
      )

    t.same(await indexes(''), [1, 100])
    t.same(await indexes('?index=2'), [])
    t.equal((await call(`${place}?index=2&publicOnly=false`)).status, 401)
    t.same(await indexes('', { authorization: basic }), [1, 2, 100])
    t.same(await indexes('?publicOnly', { authorization: basic }), [1, 100])
  })

  t.test('handles are listed, whole and by page', async t => {
    const headers = { authorization: basic }
    t.equal((await call(at('handles?prefix=88.118.8'))).status, 401)
    const whole = (await call(at('handles?prefix=88.118.8'), { headers })).json
    t.equal(whole.totalCount, String(whole.handles.length))
    const page = (await call(at('handles?prefix=0.NA/88.118.8&page=1&pageSize=10'), { headers }))
      .json
    t.same(page.handles, whole.handles.slice(10, 20))
    t.equal(page.totalCount, whole.totalCount)
    t.same(
      (await call(at('handles?prefix=88.118.8&page=0&pageSize=0'), { headers })).json.handles,
      [],
    )
    t.equal((await call(at('handles?prefix=88.118.8&page=x&pageSize=1'), { headers })).status, 400)
    t.same((await call(at('prefixes'), { headers })).json.responseCode, 400)
  })

  t.test('a session is proved once for each nonce, with a key or a secret', async t => {
    const cnonce = Buffer.alloc(16, 9)
    const opened = await call(at('sessions'), { method: 'POST' })
    t.equal(opened.status, 201)
    t.equal(opened.headers.get('location'), '/api/sessions/this')
    const { sessionId, nonce } = opened.json
    const fieldsFor = (nonceText: string, more: Record<string, string>) =>
      Object.entries({
        version: '0',
        sessionId,
        id: `300%3A${encodeURIComponent(admin)}`,
        type: 'HS_PUBKEY',
        cnonce: cnonce.toString('base64'),
        alg: 'SHA256',
        signature: sign(
          'sha256',
          Buffer.concat([Buffer.from(nonceText, 'base64'), cnonce]),
          rsa,
        ).toString('base64'),
        ...more,
      })
    const header = (fields: [string, string][]) =>
      `Handle ${fields.map(([name, value]) => `${name}="${value}"`).join(', ')}`

    const authorization = header(fieldsFor(nonce, {}))
    const proved = await call(at('sessions/this'), { method: 'PUT', headers: { authorization } })
    const replayed = await call(at('sessions/this'), { method: 'PUT', headers: { authorization } })
    const bearer = { authorization: `Handle sessionId="${sessionId}"` }
    const made = await call(at('handles/88.118.8/by-session'), putting([url], bearer))
    const seen = await call(at('sessions/this'), { headers: bearer })

    t.same([proved.status, proved.json.authenticated, proved.json.id], [200, true, `300:${admin}`])
    t.equal(replayed.status, 401)
    t.equal(made.status, 201)
    t.equal(seen.json.authenticated, true)

    const { nonce: second } = seen.json
    const mac = createHmac('sha256', secret)
      .update(Buffer.concat([Buffer.from(second, 'base64'), cnonce]))
      .digest('base64')
    const body = JSON.stringify(
      Object.fromEntries(
        fieldsFor(second, {
          id: `302%3A${encodeURIComponent(admin)}`,
          type: 'HS_SECKEY',
          alg: 'HMAC-SHA256',
          signature: mac,
        }),
      ),
    )
    const bySecret = await call(at('sessions/this'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    t.equal(bySecret.json.id, `302:${admin}`)

    t.equal((await call(at('sessions/this'), { method: 'DELETE', headers: bearer })).status, 204)
    t.equal((await call(at('handles/88.118.8/ABC-1'), { headers: bearer })).status, 401)
    t.same((await call(at('sessions/this'))).json, { authenticated: false })
  })

  t.test('who asks the node to prove itself gets a signature by the key of its site', async t => {
    const { site } = (await call(at('site'))).json
    const key = createPublicKey({ key: site.servers[0].publicKey.value, format: 'jwk' })
    const cnonce = randomBytes(16)
    const asking = { authorization: `Handle cnonce="${cnonce.toString('base64')}"` }
    const isOurs = (nonce: string, signature: string) =>
      verify(
        'sha256',
        Buffer.concat([Buffer.from(nonce, 'base64'), cnonce]),
        key,
        Buffer.from(signature, 'base64'),
      )

    const opened = await call(at('sessions'), { method: 'POST', headers: asking })
    const again = await call(at('sessions/this'), {
      ...putting({ sessionId: opened.json.sessionId, cnonce: cnonce.toString('base64') }),
    })
    const refused = await call(at('handles/88.118.8/x'), putting([url], asking))

    t.same([opened.status, opened.json.serverAlg], [201, 'SHA256'])
    t.ok(isOurs(opened.json.nonce, opened.json.serverSignature))
    t.same([again.status, again.json.authenticated], [200, false])
    t.ok(isOurs(again.json.nonce, again.json.serverSignature))
    t.equal(refused.status, 401)
    const challenge = refused.headers.get('www-authenticate') ?? ''
    const [, nonce = '', signature = ''] =
      /nonce="([^"]+)", serverAlg="SHA256", serverSignature="([^"]+)"/.exec(challenge) ?? []
    t.ok(isOurs(nonce, signature))
    t.equal((await call(at('sessions'), { method: 'POST' })).json.serverSignature, undefined)
  })

  t.test('other methods and paths are told apart', async t => {
    t.equal((await call(at('handles/88.118.8/ABC-1'), { method: 'PATCH' })).status, 405)
    const options = await call(at('handles/88.118.8/ABC-1'), {
      method: 'OPTIONS',
      headers: { origin: 'https://example.org' },
    })
    t.match(options.headers.get('access-control-allow-methods'), /PUT/)
    t.equal((await call(at('nothing'))).json.responseCode, 4)
    t.match((await call(at('v1/nothing'))).json.code, 'ROUTE_UNKNOWN')
    t.equal((await call(at('site'))).json.site.servers[0].interfaces[0].protocol, 'TCP')
    t.equal((await call(at('handles/88.118.8/ABC-1?callback=a'))).text[0], '{')
  })

  t.test('a browser is led to the URL, along aliases, and by chosen locations', async t => {
    await put(node, '88.118.8/alias', [{ index: 1, type: 'HS_ALIAS', data: '88.118.8/ABC-1' }])
    await put(node, '88.118.8/loop', [{ index: 1, type: 'HS_ALIAS', data: 'hdl:88.118.8/loop2' }])
    await put(node, '88.118.8/loop2', [{ index: 1, type: 'HS_ALIAS', data: '88.118.8/loop' }])
    await put(node, '88.118.8/script', [{ index: 1, type: 'URL', data: 'javascript:alert(1)' }])
    await put(node, '88.118.8/text', [
      { index: 1, type: 'NOTE', data: '<script>alert(1)</script>' },
    ])
    await put(node, '88.118.8/loc', [
      {
        index: 1,
        type: '10320/loc',
        data:
          '<locations chooseby="locatt,country,weighted">' +
          '<location href="https://cn.example/" country="cn" weight="0"/>' +
          '<location href="https://www.example/" weight="1"/>' +
          '<location href="https://data.example/" http_role="conneg" media-type="application/json" http_sc="307" weight="0"/>' +
          '</locations>',
      },
    ])
    const go = async (path: string, headers = {}) => {
      const { status, headers: got } = await call(`${node.http}/${path}`, { headers })
      return [status, got.get('location')]
    }

    t.same(await go('88.118.8/ABC-1'), [302, 'https://example.com/products/ABC-1'])
    t.same(await go('hdl:88.118.8/ABC-1?urlappend=%3Fa=1'), [
      302,
      'https://example.com/products/ABC-1?a=1',
    ])
    t.same(await go('88.118.8/ABC-1?noredirect'), [200, null])
    t.same(await go('88.118.8/none'), [404, null])
    t.same(await go('88.118.8/alias'), [301, `${node.http}/88.118.8/ABC-1`])
    t.same(await go('88.118.8/loop'), [404, null])
    t.same(await go('88.118.8/script'), [200, null])
    t.notMatch((await call(`${node.http}/88.118.8/text`)).text, /<script>/)
    t.same(await go('88.118.8/loc'), [302, 'https://www.example/'])
    t.same(await go('88.118.8/loc?locatt=country:cn'), [302, 'https://cn.example/'])
    t.same(await go('88.118.8/loc?country=CN'), [302, 'https://cn.example/'])
    t.same(await go('88.118.8/loc', { accept: 'application/json' }), [307, 'https://data.example/'])
    t.ok((await call(`${node.http}/88.118.8/ABC-1`)).headers.get('expires'))
    t.equal((await call(`${node.http}/1.0/identifiers`)).json.code, 'ROUTE_UNKNOWN')
    t.equal((await call(`${node.http}/wp-login.php`)).json.code, 'ROUTE_UNKNOWN')
  })

  t.test('native messages travel in HTTP bodies', async t => {
    const tunnel = async (body: Buffer) => {
      const answer = await fetch(`${node.http}/anything`, {
        method: 'POST',
        headers: { 'content-type': tunnelMediaType },
        body,
      })
      return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()), answer }
    }

    const { bytes, answer } = await tunnel(aQuestion('88.118.8/abc-1'))
    t.equal(answer.headers.get('content-type'), tunnelMediaType)
    t.equal(valuesIn(readAnswer(bytes)).handle, '88.118.8/abc-1')
    const list = aFrame({ opCode: 105, body: aHandleBody('88.118.8') })
    t.equal(readAnswer((await tunnel(list)).bytes).header.responseCode, 400)
    t.equal((await tunnel(Buffer.from('nothing'))).status, 400)
    t.equal((await tunnel(Buffer.alloc(300_000))).status, 413)
  })
})

function makeCertificate(folder: string, name: string, subject: string, key?: string): string[] {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  if (key !== undefined) writeFileSync(keyFile, key)
  const given = key === undefined ? ['-newkey', 'rsa:2048', '-keyout', keyFile] : ['-key', keyFile]
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', ...given, '-out', certFile, '-days', '2', '-subj', subject],
    { stdio: 'ignore' },
  )
  return [keyFile, certFile]
}

/** One request over TLS with what `fetch` cannot send: a certificate. */
function overTls(
  url: string,
  { method, headers, body }: { method: string; headers?: Record<string, string>; body?: string },
  identity: { key?: string; cert?: string } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      { method, headers, rejectUnauthorized: false, agent: false, ...identity },
      response => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

t.test('credentials are read over TLS alone', async (t: Test) => {
  const folder = t.testdir({})
  const [key = '', cert = ''] = makeCertificate(folder, 'server', '/CN=localhost')
  const node = await aNode(t, {
    demo: true,
    env: { QXM_TLS_CERT: cert, QXM_TLS_KEY: key, QXM_HTTPS_PORT: '0' },
  })
  await prepare(node)
  const https = `${node.node.ready.https}/api/handles/88.118.8`
  const http = `${node.http}/api/handles/88.118.8`
  const body = JSON.stringify([{ index: 1, type: 'URL', data: 'https://example.cn/' }])
  const json = { 'content-type': 'application/json' }

  t.test('on plain HTTP they are ignored, and nobody is asked for them', async t => {
    const wrong = { authorization: 'Basic AAAA' }
    t.equal((await call(`${http}/ABC-1`, { headers: wrong })).status, 200)
    const refused = await call(`${http}/x`, {
      method: 'PUT',
      body,
      headers: { ...json, authorization: basic },
    })
    t.same([refused.status, refused.headers.get('www-authenticate')], [403, null])
    t.equal((await call(`${node.http}/api/sessions`, { method: 'POST' })).status, 403)
  })

  t.test('Basic and the certificate of a key are taken', async t => {
    const pem = String(rsa.export({ type: 'pkcs8', format: 'pem' }))
    const files = makeCertificate(folder, 'client', `/CN=300:${admin.replace('/', '\\/')}`, pem)
    const { readFileSync } = await import('node:fs')
    const [clientKey, clientCert] = files.map(file => readFileSync(file, 'utf8'))
    const others = makeCertificate(folder, 'other', `/CN=300:${admin.replace('/', '\\/')}`)
    const [otherKey, otherCert] = others.map(file => readFileSync(file, 'utf8'))
    const identity = (key?: string, cert?: string) => ({
      ...(key && { key }),
      ...(cert && { cert }),
    })

    t.equal(
      await overTls(`${https}/basic`, {
        method: 'PUT',
        body,
        headers: { ...json, authorization: basic },
      }),
      201,
    )
    t.equal(await overTls(`${https}/none`, { method: 'PUT', body, headers: json }), 401)
    t.equal(
      await overTls(
        `${https}/cert`,
        { method: 'PUT', body, headers: json },
        identity(clientKey, clientCert),
      ),
      201,
    )
    t.equal(
      await overTls(
        `${https}/other`,
        { method: 'PUT', body, headers: json },
        identity(otherKey, otherCert),
      ),
      401,
    )
    t.equal(
      await overTls(`${https}/ABC-1`, { method: 'GET', headers: { authorization: 'Basic AAAA' } }),
      401,
    )
    // pyhandle says that there is a certificate, and has no session.
    const says = { ...json, authorization: 'Handle clientCert="true"' }
    const said = (name: string, key?: string, cert?: string) =>
      overTls(`${https}/${name}`, { method: 'PUT', body, headers: says }, identity(key, cert))
    t.equal(await said('said', clientKey, clientCert), 201)
    t.equal(await said('said-by-other', otherKey, otherCert), 401)
    t.equal(await said('said-by-nobody'), 401)
  })
})
