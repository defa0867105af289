import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import t from 'tap'
import { factsOf } from '../../src/crypto/certificate.ts'
import { readRequest } from '../../src/crypto/certificate-request.ts'
import {
  belongTogether,
  issue,
  makeAuthority,
  makePkcs12,
  makeRequest,
  signRequest,
} from '../../src/crypto/pki.ts'
import { bits } from '../support/topnode.ts'

const now = new Date()
const issuing = { now, days: 30, bits }
const authority = await makeAuthority({ name: '国家顶级节点 CA', ...issuing, days: 60 })
const ca = new X509Certificate(authority.certificate)
const hosts = ['node.example.cn', '127.0.0.1', '::1']

t.test('an authority signs certificates and no other authority', async t => {
  t.equal(ca.ca, true)
  t.equal(ca.subject, 'CN=国家顶级节点 CA')
  t.ok(ca.verify(ca.publicKey))
  t.ok(ca.checkPrivateKey(createPrivateKey(authority.key)))
  const other = await makeAuthority({ name: 'x', ...issuing })
  t.not(ca.serialNumber, new X509Certificate(other.certificate).serialNumber)
  t.equal(ca.serialNumber.length, 32)
})

t.test('server and client certificates say what they are for, and whom they name', async t => {
  const server = await issue(authority, 'server', { name: 'node', hosts, ...issuing })
  const uris = ['urn:topnode:86']
  const client = await issue(authority, 'client', { name: 'top', uris, ...issuing, days: 900 })
  const [serverSide, clientSide] = [server, client].map(
    ({ certificate }) => new X509Certificate(certificate),
  )

  for (const each of [serverSide!, clientSide!]) {
    t.ok(each.checkIssued(ca) && each.verify(ca.publicKey))
    t.equal(each.ca, false)
  }
  for (const host of ['node.example.cn', 'NODE.example.cn']) t.ok(serverSide?.checkHost(host))
  t.notOk(serverSide?.checkHost('other.example.cn'))
  for (const ip of ['127.0.0.1', '::1']) t.ok(serverSide?.checkIP(ip))
  t.match(factsOf(serverSide!), { usages: ['1.3.6.1.5.5.7.3.1'], uris: [] })
  t.match(factsOf(clientSide!), { usages: ['1.3.6.1.5.5.7.3.2'], uris })
  t.equal(clientSide?.validTo, ca.validTo, 'nothing outlives its authority')
  t.ok(belongTogether(client))
  t.notOk(belongTogether({ ...client, key: server.key }))
  t.notOk(belongTogether({ ...client, key: 'none' }))
})

t.test('a name that looks like several is still one name', async t => {
  const names = ['x, URI:urn:topnode:86', 'x", URI:urn:topnode:86, DNS:"y', 'a\\", URI:urn:b']
  const made = await issue(authority, 'client', { name: 'x', hosts: names, ...issuing })
  const uris = ['urn:one', 'urn:two,DNS:three', 'urn:four"', 'urn:five, URI:urn:six']
  const other = await issue(authority, 'client', { name: 'x', uris, ...issuing })

  t.strictSame(factsOf(new X509Certificate(made.certificate)).uris, [])
  t.strictSame(factsOf(new X509Certificate(other.certificate)).uris, uris)
})

t.test('openssl finds nothing wrong with them', async t => {
  const client = await issue(authority, 'client', { name: 'top', ...issuing })
  const folder = t.testdir({ 'ca.pem': authority.certificate, 'client.pem': client.certificate })
  const verify = (purpose: string) =>
    execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-purpose', purpose, 'client.pem'],
      { cwd: folder, encoding: 'utf8', stdio: 'pipe' },
    )

  t.match(verify('sslclient'), /OK/)
  t.throws(() => verify('sslserver'))
})

t.test('a request is signed for the names it asks for, with the key that stays away', async t => {
  const named = {
    name: '企业节点',
    hosts: ['ent.example.cn', '10.0.0.7', '::1'],
    uris: ['urn:a,b'],
  }
  const { request, key } = await makeRequest({ ...named, bits })
  const signed = await signRequest(authority, 'server', request, issuing)
  const certificate = new X509Certificate(signed?.certificate ?? '')

  t.match(signed?.named, { ...named, hosts: ['ent.example.cn', '10.0.0.7', /^[0:]+0001$/] })
  t.ok(certificate.checkPrivateKey(createPrivateKey(key)))
  t.ok(certificate.verify(ca.publicKey))
  t.ok(certificate.checkIP('::1'))
  t.strictSame(factsOf(certificate).uris, ['urn:a,b'])
})

t.test('a request without proof of its key, or with another kind of key, is none', async t => {
  const { request } = await makeRequest({ name: 'x', bits })
  const der = Buffer.from(request.replace(/-----[^-]+-----/g, ''), 'base64')
  const changed = Buffer.from(der)
  changed[der.length - 5] = (changed[der.length - 5] ?? 0) ^ 1
  const pem = (bytes: Buffer) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const folder = t.testdir({ key: ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) })
  const ofEc = execFileSync('openssl', ['req', '-new', '-key', 'key', '-subj', '/CN=x'], {
    cwd: folder,
    encoding: 'utf8',
  })

  t.match(await readRequest(pem(der)), { name: 'x' })
  for (const text of [pem(changed), pem(der.subarray(0, 100)), ofEc, '', authority.certificate]) {
    t.equal(await readRequest(text), undefined)
    t.equal(await signRequest(authority, 'client', text, issuing), undefined)
  }
})

t.test('PKCS#12 opens with its password and no other, in openssl too', async t => {
  const client = await issue(authority, 'client', { name: 'top', ...issuing })
  const file = makePkcs12(client, [authority.certificate], 'pass word 1', 'top')
  const folder = t.testdir({ 'a.p12': file, right: 'pass word 1\n', wrong: 'x\n' })
  const open = (password: string) =>
    execFileSync('openssl', ['pkcs12', '-in', 'a.p12', '-nodes', '-passin', `file:${password}`], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    })

  const opened = open('right')
  t.equal(opened.match(/BEGIN CERTIFICATE/g)?.length, 2)
  t.match(opened, 'BEGIN PRIVATE KEY')
  t.throws(() => open('wrong'))
  for (const password of ['short', '密码密码密码密码']) {
    t.throws(() => makePkcs12(client, [], password, 'top'))
  }
})
