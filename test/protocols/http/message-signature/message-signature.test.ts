import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import fc from 'fast-check'
import { createSigner, createVerifier, httpbis } from 'http-message-signatures'
import t from 'tap'
import {
  type HttpAlgorithm,
  readKeySet,
  type TrustedKeys,
} from '../../../../src/crypto/trusted-key.ts'
import { signRequest } from '../../../../src/protocols/http/message-signature/sign-request.ts'
import {
  makeSignatureBase,
  type SignedRequest,
} from '../../../../src/protocols/http/message-signature/signature-base.ts'
import { readSignatures } from '../../../../src/protocols/http/message-signature/signature-input.ts'
import {
  type SignatureRules,
  verifyRequest,
} from '../../../../src/protocols/http/message-signature/verify-request.ts'
import { aKey } from '../../../support/topnode.ts'
import { aRequest } from './a-request.ts'

const nowMs = Date.UTC(2026, 10, 23, 6)
const components = ['@method', '@target-uri', 'content-digest', 'content-type']
const uri = 'https://node.example.cn:8443/v1/imports'
const fields = { 'content-digest': 'sha-256=:AAAA:', 'content-type': 'application/zip' }
const [ed, ec, rsa, stranger] = [aKey('ed'), aKey('ec', 'ec'), aKey('rsa', 'rsa'), aKey('ed')]
const keys = readKeySet(JSON.stringify({ keys: [ed.jwk, ec.jwk, rsa.jwk] })) as TrustedKeys
const rules: SignatureRules = { keys, tag: 'qxm-import', components, nowMs }
const suites: readonly (readonly [HttpAlgorithm, string, KeyObject])[] = [
  ['ed25519', 'ed', ed.privateKey],
  ['ecdsa-p256-sha256', 'ec', ec.privateKey],
  ['rsa-pss-sha512', 'rsa', rsa.privateKey],
  ['rsa-v1_5-sha256', 'rsa', rsa.privateKey],
]

/** Ours, signed by the Ed25519 key unless told otherwise. */
function signed(
  more: Partial<Parameters<typeof signRequest>[1]> = {},
  options: Partial<Parameters<typeof signRequest>[2]> = {},
): SignedRequest {
  const bare = aRequest('POST', uri, fields)
  const headers = signRequest(
    bare,
    { keyId: 'ed', alg: 'ed25519', key: ed.privateKey, ...more },
    { tag: 'qxm-import', components, nonce: 'n-1', nowMs, lifeSeconds: 60, ...options },
  )
  return withSignature(bare, headers)
}

function withSignature(
  request: SignedRequest,
  headers: { readonly 'Signature-Input': string; readonly Signature: string },
): SignedRequest {
  const own: Readonly<Record<string, string>> = {
    'signature-input': headers['Signature-Input'],
    signature: headers['Signature'],
  }
  return { ...request, field: name => (own[name] ? [own[name]] : request.field(name)) }
}

/** By hand, so that the parameters may be anything. */
function signedAs(input: string, key = ed.privateKey): SignedRequest {
  const bare = aRequest('POST', uri, fields)
  const [read] = readSignatures([`s=${input}`], ['s=:AAAA:']) ?? []
  const base = read && makeSignatureBase(read.covered, bare)
  const text = base !== undefined && 'text' in base ? base.text : ''
  const signature = sign(null, Buffer.from(text), key).toString('base64')
  return withSignature(bare, { 'Signature-Input': `s=${input}`, Signature: `s=:${signature}:` })
}

t.test('RFC 9421 B.2.6: the base and the signature are those of the standard', async t => {
  const key = createPrivateKey({
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU',
      x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs',
    },
    format: 'jwk',
  })
  const request = aRequest('POST', 'https://example.com/foo?param=Value&Pet=dog', {
    date: 'Tue, 20 Apr 2021 02:07:55 GMT',
    'content-type': 'application/json',
    'content-length': '18',
  })
  const input =
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
  const [read] = readSignatures([`sig-b26=${input}`], ['sig-b26=:AAAA:']) ?? []

  const base = makeSignatureBase(read!.covered, request)

  const lines = [
    '"date": Tue, 20 Apr 2021 02:07:55 GMT',
    '"@method": POST',
    '"@path": /foo',
    '"@authority": example.com',
    '"content-type": application/json',
    '"content-length": 18',
    `"@signature-params": ${input}`,
  ]
  t.strictSame(base, { text: lines.join('\n') })
  t.equal(
    sign(null, Buffer.from(lines.join('\n')), key).toString('base64'),
    'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
  )
})

t.test('derived components and fields are written as RFC 9421 §2 writes them', async t => {
  const request = aRequest('GET', 'https://example.com/a/b?x=1', {
    cache: ['  a', 'b  '],
    empty: '',
  })
  const expected: Readonly<Record<string, string | undefined>> = {
    '@method': 'GET',
    '@target-uri': 'https://example.com/a/b?x=1',
    '@authority': 'example.com',
    '@scheme': 'https',
    '@request-target': '/a/b?x=1',
    '@path': '/a/b',
    '@query': '?x=1',
    cache: 'a, b',
    empty: '',
    '@status': undefined,
    '@__proto__': undefined,
    absent: undefined,
    Cache: undefined,
  }

  for (const [name, value] of Object.entries(expected)) {
    const base = makeSignatureBase([[[name, new Map()]], new Map()], request)
    const text = `"${name}": ${value}\n"@signature-params": ("${name}")`
    t.strictSame(base, value === undefined ? { wrong: name } : { text })
  }
  t.match(makeSignatureBase([[['cache', new Map([['sf', true]])]], new Map()], request), {
    wrong: 'cache',
  })
})

t.test('each algorithm verifies what it signed', async t => {
  for (const [alg, keyId, key] of suites) {
    const found = verifyRequest(signed({ keyId, alg, key }), rules)
    t.strictSame(found, { keyId, nonce: 'n-1', endsAtMs: nowMs + 60_000 }, alg)
  }
})

t.test('a request signed by the library of others is accepted, and ours by it', async t => {
  for (const [alg, keyId, key] of suites) {
    const theirs = await httpbis.signMessage(
      {
        key: createSigner(key, alg, keyId),
        fields: components,
        params: ['created', 'expires', 'nonce', 'alg', 'keyid', 'tag'],
        paramValues: {
          created: new Date(nowMs - 5_000),
          expires: new Date(nowMs + 60_000),
          nonce: 'theirs',
          tag: 'qxm-import',
        },
      },
      { method: 'POST', url: uri, headers: fields },
    )
    const { Signature = '', 'Signature-Input': input = '' } = theirs.headers as Record<
      string,
      string
    >
    const request = withSignature(aRequest('POST', uri, fields), {
      Signature,
      'Signature-Input': input,
    })
    t.match(verifyRequest(request, rules), { keyId, nonce: 'theirs' }, `${alg}: theirs`)

    const ours = signed({ keyId, alg, key })
    const [signature = ''] = ours.field('signature')
    const [signatureInput = ''] = ours.field('signature-input')
    const isGood = await httpbis.verifyMessage(
      {
        keyLookup: async ({ keyid }) => ({
          id: String(keyid),
          algs: [alg],
          verify: createVerifier(keyPublic(keyId), alg),
        }),
        requiredFields: components,
        notAfter: new Date(nowMs + 1_000),
        tolerance: 1e9,
      },
      {
        method: 'POST',
        url: uri,
        headers: { ...fields, signature, 'signature-input': signatureInput },
      },
    )
    t.equal(isGood, true, `${alg}: ours`)
  }
})

t.test('what is not signed as it must be is refused, and says why', async t => {
  const bare = aRequest('POST', uri, fields)
  const now = nowMs / 1000
  const all = components.map(each => `"${each}"`).join(' ')
  const tail = `expires=${now + 60};nonce="n";keyid="ed";tag="qxm-import"`
  const good = `(${all});created=${now};${tail}`
  const cases: Readonly<Record<string, readonly [SignedRequest, string, string]>> = {
    'no signature': [bare, 'NOT_AUTHENTICATED', 'signature.missing'],
    'a signature for something else': [
      signed({}, { tag: 'other' }),
      'NOT_AUTHENTICATED',
      'signature.missing',
    ],
    'a component missing': [
      signed({}, { components: components.slice(0, 3) }),
      'NOT_PERMITTED',
      'signature.components',
    ],
    'a component twice': [
      signedAs(good.replace('(', '("@method" ')),
      'NOT_PERMITTED',
      'signature.components',
    ],
    'a component nobody knows': [
      signedAs(good.replace('(', '("@status" ')),
      'NOT_PERMITTED',
      'signature.components',
    ],
    'a component with parameters': [
      signedAs(good.replace('"content-type"', '"content-type" "content-type";sf')),
      'NOT_PERMITTED',
      'signature.components',
    ],
    'a key that is not trusted': [signed({ keyId: 'nobody' }), 'NOT_PERMITTED', 'signature.keyid'],
    'no key named': [signedAs(good.replace('keyid="ed";', '')), 'NOT_PERMITTED', 'signature.keyid'],
    'a key of the same name': [
      signed({ key: stranger.privateKey }),
      'NOT_PERMITTED',
      'signature.value',
    ],
    'an algorithm of another kind': [
      signedAs(good.replace('nonce', 'alg="hmac-sha256";nonce')),
      'NOT_PERMITTED',
      'signature.alg',
    ],
    'no algorithm where a key has several': [
      signedAs(good.replace('"ed"', '"rsa"')),
      'NOT_PERMITTED',
      'signature.alg',
    ],
    'no created': [
      signedAs(good.replace(`created=${now};`, '')),
      'NOT_PERMITTED',
      'signature.times',
    ],
    'no expires': [
      signedAs(good.replace(`expires=${now + 60};`, '')),
      'NOT_PERMITTED',
      'signature.times',
    ],
    'created that is a text': [
      signedAs(good.replace(`created=${now}`, `created="${now}"`)),
      'NOT_PERMITTED',
      'signature.syntax',
    ],
    'over before now': [
      signedAs(`(${all});created=${now - 100};${tail.replace(String(now + 60), String(now))}`),
      'NOT_PERMITTED',
      'signature.expires',
    ],
    'good for too long': [
      signedAs(good.replace(String(now + 60), String(now + 86_401))),
      'NOT_PERMITTED',
      'signature.expires',
    ],
    'no nonce': [signedAs(good.replace('nonce="n";', '')), 'NOT_PERMITTED', 'signature.nonce'],
    'an endless nonce': [
      signedAs(good.replace('"n"', `"${'n'.repeat(129)}"`)),
      'NOT_PERMITTED',
      'signature.nonce',
    ],
    'two signatures for this': [
      withSignature(bare, {
        'Signature-Input': `a=${good}, b=${good}`,
        Signature: 'a=:AAAA:, b=:AAAA:',
      }),
      'NOT_PERMITTED',
      'signature.several',
    ],
    'no structured field': [
      withSignature(bare, { 'Signature-Input': 'a=(', Signature: 'a=:AAAA:' }),
      'NOT_PERMITTED',
      'signature.syntax',
    ],
    'a signature that is no bytes': [
      withSignature(bare, { 'Signature-Input': `a=${good}`, Signature: 'a="AAAA"' }),
      'NOT_PERMITTED',
      'signature.syntax',
    ],
  }

  t.match(verifyRequest(signedAs(good), rules), { nonce: 'n' })
  for (const [what, [request, code, rule]] of Object.entries(cases)) {
    t.throws(() => verifyRequest(request, rules), { code, errors: [{ rule }] }, what)
  }
})

t.test('a clock that differs is told by how much', async t => {
  const at = (seconds: number) => signed({}, { nowMs: nowMs + seconds * 1000, lifeSeconds: 900 })

  for (const seconds of [-300, 0, 300]) t.ok(verifyRequest(at(seconds), rules))
  t.throws(() => verifyRequest(at(-412), rules), {
    code: 'NOT_PERMITTED',
    detail: { en: /412 seconds behind/, zh: /早 412 秒/ },
    facts: { offSeconds: 412 },
  })
  t.throws(() => verifyRequest(at(301), rules), {
    code: 'NOT_PERMITTED',
    detail: { en: /301 seconds ahead of/ },
  })
})

t.test('whatever is signed, nothing of it can be changed', async t => {
  const good = signed()
  const changes: readonly SignedRequest[] = [
    { ...good, method: 'PUT' },
    { ...good, targetUri: 'https://other.example.cn:8443/v1/imports' },
    { ...good, targetUri: `${uri}?x` },
    { ...good, field: name => (name === 'content-type' ? ['text/plain'] : good.field(name)) },
    {
      ...good,
      field: name => (name === 'content-digest' ? ['sha-256=:BBBB:'] : good.field(name)),
    },
    {
      ...good,
      field: name =>
        name === 'signature-input'
          ? [good.field(name)[0]!.replace('nonce="n-1"', 'nonce="n-2"')]
          : good.field(name),
    },
  ]

  for (const changed of changes) {
    t.throws(() => verifyRequest(changed, rules), { errors: [{ rule: 'signature.value' }] })
  }
})

t.test('what anybody may write into the two fields is refused and nothing worse', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.string(), fc.string(), (input, signature) => {
        const request = withSignature(aRequest('POST', uri, fields), {
          'Signature-Input': input,
          Signature: signature,
        })
        try {
          verifyRequest(request, rules)
          return false
        } catch (error) {
          return ['NOT_AUTHENTICATED', 'NOT_PERMITTED'].includes((error as { code: string }).code)
        }
      }),
    ),
  )
})

function keyPublic(kid: string): string {
  return String(keys.get(kid)?.key?.export({ type: 'spki', format: 'pem' }))
}
