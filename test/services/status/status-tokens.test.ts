import { execFileSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeSigningKeys } from '../../../src/crypto/signing-keys.ts'
import { makeStatusTokens } from '../../../src/services/status/status-tokens.ts'
import { aSigningKey } from '../../support/signing-keys.ts'

const nowMs = Date.parse('2026-11-23T06:00:00.900Z')
const subject = { code: '88.118.1/1XJRACLXEEWEA9', status: 'active', successor: null } as const

function someTokens({ isCurrent = true } = {}) {
  const keys = makeSigningKeys([aSigningKey({ purpose: 'status' })], 0)
  return makeStatusTokens({
    keys: () => keys,
    issuer: () => 'https://id.example.cn',
    isDemoCode: code => code.endsWith('DEMO'),
    isCurrent: () => isCurrent,
  })
}

const decode = (part: string | undefined) =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString())

t.test(
  'a status token says what the code is for a minute, and repeats the asker’s number',
  async t => {
    const { sign } = someTokens()
    const revoked = { ...subject, status: 'revoked', successor: '88.118.1/19E2ENF6AR4LJ3' } as const

    const [header, claims] = (await sign(subject, 'nonce-1', nowMs))
      .split('.')
      .slice(0, 2)
      .map(decode)
    const other = decode((await sign(revoked, undefined, nowMs)).split('.')[1])
    const demo = decode((await sign({ ...subject, code: 'DEMO' }, undefined, nowMs)).split('.')[1])

    t.match(header, { alg: 'EdDSA', typ: 'qxm-status+jwt' })
    t.strictSame(claims, {
      iss: 'https://id.example.cn',
      code: subject.code,
      status: 'active',
      successor: null,
      iat: 1_795_413_600,
      exp: 1_795_413_660,
      q: 'nonce-1',
    })
    t.match(other, { status: 'revoked', successor: revoked.successor })
    t.notOk('q' in other)
    t.equal(demo.demo, true)
  },
)

t.test('it is verified with the published key and nothing of ours', async t => {
  const { sign, published } = someTokens()
  const token = await sign(subject, undefined, nowMs)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const { kid } = decode(header)

  const { jwk } = published(nowMs).find(key => key.kid === kid) ?? {}

  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const signed = Buffer.from(`${header}.${payload}`)
  t.ok(verify(null, signed, key, Buffer.from(signature, 'base64url')))
  const forged = payload.replace(/^./, letter => (letter === 'e' ? 'f' : 'e'))
  t.notOk(
    verify(null, Buffer.from(`${header}.${forged}`), key, Buffer.from(signature, 'base64url')),
  )
})

t.test('openssl verifies it too', { skip: hasNoOpenssl() }, async t => {
  const { sign, published } = someTokens()
  const [header, payload, signature = ''] = (await sign(subject, undefined, nowMs)).split('.')
  const jwk = published(nowMs)[0]?.jwk
  const folder = t.testdir()
  const path = (name: string) => join(folder, name)
  const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  writeFileSync(path('key.pem'), pem)
  writeFileSync(path('signed'), `${header}.${payload}`)
  writeFileSync(path('other'), `${header}.${payload}x`)
  writeFileSync(path('signature'), Buffer.from(signature, 'base64url'))

  const verifyFile = (name: string) =>
    execFileSync(
      'openssl',
      [
        ...['pkeyutl', '-verify', '-pubin', '-inkey', path('key.pem'), '-rawin'],
        ...['-in', path(name), '-sigfile', path('signature')],
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    )

  t.match(verifyFile('signed'), /Signature Verified Successfully/)
  t.throws(() => verifyFile('other'))
})

t.test('what may be untrue is not signed', async t => {
  await t.rejects(someTokens({ isCurrent: false }).sign(subject, undefined, nowMs), {
    code: 'STORE_AWAY',
  })
})

function hasNoOpenssl(): string | false {
  try {
    return /^OpenSSL 3/.test(execFileSync('openssl', ['version'], { encoding: 'utf8' }))
      ? false
      : 'no openssl 3'
  } catch {
    return 'no openssl'
  }
}
