import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { pkiAuthority, pkiClient, pkiPkcs12, pkiServer, pkiSign } from '../../src/cli/pki.ts'
import { runIn } from './a-terminal.ts'

const commands = [pkiAuthority, pkiServer, pkiClient, pkiSign, pkiPkcs12]
/** Smaller keys where keys are made: the tests need none better. */
const pki = (what: string, ...argv: readonly string[]) => {
  const isMaking = ['ca', 'server', 'client'].includes(what) && !argv.includes('--bits')
  return runIn(commands, ['pki', what, ...argv, ...(isMaking ? ['--bits', '2048'] : [])])
}

t.test('what it makes is good for mutual TLS', async t => {
  const folder = t.testdir({ password: 'correct horse\n' })
  const at = (name: string) => join(folder, name)
  const read = (name: string) => readFileSync(at(name))

  const ca = await pki('ca', at('ca'), '--name', '练习 CA', '--json')
  const server = ['--ca', at('ca'), '--host', 'localhost', '--host', '127.0.0.1']
  t.equal((await pki('server', at('server'), ...server)).code, 0)
  const request = await pki('client', at('top'), '--uri', 'urn:topnode:86')
  const signed = await pki('sign', at('top.csr'), '--ca', at('ca'), '--for', 'client', '--json')
  const options = ['--ca', at('ca'), '--password-file', at('password')]
  t.equal((await pki('p12', at('top'), ...options)).code, 0)

  t.match(JSON.parse(ca.stdout), {
    files: [at('ca.pem'), at('ca.key')],
    subject: 'CN=练习 CA',
    'x5t#S256': /^[\w-]{43}$/,
  })
  t.match(request.stdout, /top\.csr.*\n.*top\.key/)
  t.match(JSON.parse(signed.stdout), { files: [at('top.pem')], names: 'URI:urn:topnode:86' })
  for (const name of ['ca.key', 'server.key', 'top.key', 'top.p12']) {
    t.equal(statSync(at(name)).mode & 0o777, 0o600, name)
  }
  const tls = createServer({
    ca: read('ca.pem'),
    cert: read('server.pem'),
    key: read('server.key'),
    requestCert: true,
    rejectUnauthorized: true,
  }).listen(0, '127.0.0.1')
  await once(tls, 'listening')
  t.teardown(() => tls.close())
  const { port } = tls.address() as AddressInfo
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: read('ca.pem'),
    pfx: read('top.p12'),
    passphrase: 'correct horse',
  })
  const [peer] = (await once(tls, 'secureConnection')) as [{ authorized: boolean }]
  t.equal(peer.authorized, true)
  t.equal(socket.authorized, true)
  socket.destroy()
})

t.test('nothing is overwritten, and nothing is made of what does not fit', async t => {
  const folder = t.testdir({ 'a.pem': 'mine', 'no.csr': 'none', short: 'x', empty: '' })
  const at = (name: string) => join(folder, name)
  t.equal((await pki('ca', at('ca'))).code, 0)
  t.equal((await pki('client', at('b'), '--ca', at('ca'))).code, 0)
  writeFileSync(at('mixed.pem'), readFileSync(at('b.pem')))
  writeFileSync(at('mixed.key'), readFileSync(at('ca.key')))
  const ca = ['--ca', at('ca')]
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['client', at('a'), ...ca], /a\.pem exists already/],
    [['ca', at('ca')], /ca\.pem exists already/],
    [['server', at('c'), ...ca], /needs --host/],
    [['server', at('c'), ...ca, '--host', 'a b'], /a b is no name/],
    [['client', at('c'), ...ca, '--uri', 'nothing'], /nothing is no name/],
    [['client', at('c'), '--ca', at('b')], /not the certificate of an authority/],
    [['client', at('c'), '--ca', at('mixed')], /not the RSA key of/],
    [['client', at('c'), '--ca', at('nobody')], /cannot read/],
    [['client', at('c'), ...ca, '--bits', '1024'], /--bits is one of/],
    [['client', at('c'), ...ca, '--days', '0'], /--days is from 1/],
    [['client', at('c'), ...ca, '--name', 'n'.repeat(65)], /--name has 1 to 64/],
    [['sign', at('no.csr'), ...ca, '--for', 'client'], /no request/],
    [['sign', at('no.csr'), ...ca, '--for', 'all'], /--for is server or client/],
    [['sign', at('no.csr'), '--for', 'client'], /--ca is needed/],
    [['p12', at('b')], /--password-file is needed/],
    [['p12', at('b'), '--password-file', at('short')], /8 to 128 ASCII/],
    [['p12', at('b'), '--password-file', at('empty')], /8 to 128 ASCII/],
  ]

  for (const [argv, message] of cases) {
    const [what = '', ...rest] = argv
    const { code, stderr } = await pki(what, ...rest)
    t.equal(code, 2, String(argv))
    t.match(stderr, message)
  }
  t.equal(readFileSync(at('a.pem'), 'utf8'), 'mine')
  t.throws(() => statSync(at('c.key')))
})
