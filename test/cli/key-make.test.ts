import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keyMake } from '../../src/cli/key-make.ts'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { publicKeyOfPem } from '../../src/protocols/handle/values/pem-key.ts'
import { pkcs8OfSm2 } from '../../src/protocols/handle/values/private-key.ts'
import { decodePublicKey } from '../../src/protocols/handle/values/public-key.ts'
import { keys } from '../protocols/handle/wire-vectors.ts'
import { runIn } from './a-terminal.ts'

const make = (...argv: readonly string[]) => runIn([keyMake], ['key', 'make', ...argv])

t.test('an RSA key pair is the same key in every file, and in what is printed', async t => {
  const name = join(t.testdir({}), 'admin')

  const { code, stdout } = await make(name, '--json')
  t.equal(code, 0)
  const { files, value } = JSON.parse(stdout)

  t.same(
    files,
    ['.pem', '.bin', '.pub.pem', '.pub.bin'].map(end => name + end),
  )
  t.match(value, { type: 'HS_PUBKEY', data: { format: 'key', value: { kty: 'RSA' } } })
  const jwk = value.data.value
  t.same(decodePublicKey(readFileSync(`${name}.pub.bin`)), jwk)
  t.same(publicKeyOfPem(readFileSync(`${name}.pub.pem`, 'latin1')), jwk)
  const privatePem = readFileSync(`${name}.pem`)
  const { n, e, d } = createPublicKey(privatePem).export({ format: 'jwk' })
  t.same({ kty: 'RSA', n, e }, jwk)
  t.equal(d, undefined)
  const file = new ByteReader(readFileSync(`${name}.bin`))
  t.equal(file.uint32(), 1, 'not enciphered')
  t.equal(file.text(), 'RSA_PRIVCRT_KEY')
  t.equal(file.sized().toString('base64url'), jwk.n)
  t.equal(file.sized().toString('base64url'), jwk.e)
  for (const end of ['.pem', '.bin']) t.equal(statSync(name + end).mode & 0o777, 0o600)
})

t.test('an SM2 key pair is one for openssl too', async t => {
  const folder = t.testdir({})
  const name = join(folder, 'sm2')

  const { code, stdout } = await make(name, '--type', 'sm2', '--json')
  t.equal(code, 0)
  const { files, value } = JSON.parse(stdout)

  t.same(files, [`${name}.pem`, `${name}.pub.pem`, `${name}.pub.bin`])
  t.same(decodePublicKey(readFileSync(`${name}.pub.bin`)), value.data.value)
  const derived = execFileSync('openssl', ['pkey', '-in', `${name}.pem`, '-pubout'], {
    encoding: 'latin1',
  })
  t.same(publicKeyOfPem(derived), value.data.value)
})

t.test('PKCS#8 of an SM2 key is written as the SDK writes it', async t => {
  const pkcs8 = keys['sm2PrivatePkcs8Hex'] ?? ''
  const number = Buffer.from(/0420([0-9a-f]{64})/.exec(pkcs8)?.[1] ?? '', 'hex')
  const pem = Buffer.from(keys['sm2PublicSpkiHex'] ?? '', 'hex').toString('base64')
  const publicKey = publicKeyOfPem(`-----BEGIN PUBLIC KEY-----\n${pem}\n-----END PUBLIC KEY-----\n`)

  t.equal(pkcs8OfSm2(number, publicKey).toString('hex'), pkcs8)
})

t.test('a key that is there is never overwritten, and other types are not made', async t => {
  const name = join(t.testdir({ 'admin.pub.pem': 'mine' }), 'admin')

  const taken = await make(name)
  t.equal(taken.code, 2)
  t.match(taken.stderr, /admin\.pub\.pem exists already/)
  t.throws(() => statSync(`${name}.pem`))
  for (const type of ['dsa', 'constructor']) {
    const other = await make(`${name}2`, '--type', type)
    t.equal(other.code, 2)
    t.match(other.stderr, /rsa or sm2/)
  }
})
