import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { factsOf, readCertificates } from '../../src/crypto/certificate.ts'
import { type CmsTrust, verifyCms } from '../../src/crypto/cms.ts'
import { issue, makeAuthority } from '../../src/crypto/pki.ts'
import { bits, signCms } from '../support/topnode.ts'

/** The wall's, as `openssl` has no other. */
const now = new Date()
const issuing = { now, days: 30, bits }
const content = Buffer.from('{"v":1,"seq":1}')
const [authority, stranger] = await Promise.all([
  makeAuthority({ name: 'top', ...issuing, days: 60 }),
  makeAuthority({ name: 'top', ...issuing }),
])
const [signer, foreign] = await Promise.all([
  issue(authority, 'client', { name: 'signer', uris: ['urn:topnode:86'], ...issuing }),
  issue(stranger, 'client', { name: 'signer', ...issuing }),
])
const clientAuth = '1.3.6.1.5.5.7.3.2'
const trust: CmsTrust = {
  authorities: readCertificates(authority.certificate),
  at: now,
  usage: clientAuth,
}

t.test('a detached signature tells whose certificate signed it', async t => {
  const signed = await signCms(content, signer)
  const [certificate] = readCertificates(signer.certificate)

  t.strictSame(await verifyCms(signed, content, trust), factsOf(certificate!))
  t.match(factsOf(certificate!), { uris: ['urn:topnode:86'], usages: [clientAuth] })
  const pem = `-----BEGIN PKCS7-----\n${signed.toString('base64')}\n-----END PKCS7-----\n`
  t.match(await verifyCms(Buffer.from(pem), content, trust), { uris: ['urn:topnode:86'] })
})

t.test('what is signed by nobody we trust, or over something else, is not believed', async t => {
  const good = await signCms(content, signer)
  const twin = { certificate: signer.certificate, key: foreign.key }
  const cases: Readonly<Record<string, readonly [Buffer, Buffer, Partial<CmsTrust>, string]>> = {
    'other content': [good, Buffer.from('{"v":1,"seq":2}'), {}, 'signature'],
    'no content': [good, Buffer.alloc(0), {}, 'signature'],
    'another authority of the same name': [await signCms(content, foreign), content, {}, 'chain'],
    'the authority of the signer sent along': [
      await signCms(content, foreign, { certificates: [stranger.certificate] }),
      content,
      {},
      'chain',
    ],
    'another key under the certificate': [await signCms(content, twin), content, {}, 'signature'],
    'no authorities': [good, content, { authorities: [] }, 'chain'],
    'a certificate that has ended': [
      good,
      content,
      { at: new Date(now.getTime() + 31 * 86_400_000) },
      'validity',
    ],
    'a certificate of later': [good, content, { at: new Date('2026-11-01') }, 'validity'],
    'a certificate for something else': [good, content, { usage: '1.3.6.1.5.5.7.3.1' }, 'usage'],
    'the authority itself': [await signCms(content, authority), content, {}, 'usage'],
    'SHA-1': [await signCms(content, signer, { digest: 'SHA-1' }), content, {}, 'algorithm'],
    'no signed attributes': [
      await signCms(content, signer, { hasAttributes: false }),
      content,
      {},
      'form',
    ],
    'content inside': [await signCms(content, signer, { isAttached: true }), content, {}, 'form'],
    'two signers': [await signCms(content, signer, { signatures: 2 }), content, {}, 'form'],
    'no signer': [await signCms(content, signer, { signatures: 0 }), content, {}, 'form'],
    'no CMS': [Buffer.from('manifest'), content, {}, 'form'],
    nothing: [Buffer.alloc(0), content, {}, 'form'],
    'far too much': [Buffer.alloc(70_000, good), content, {}, 'form'],
  }

  for (const [what, [signed, over, more, fault]] of Object.entries(cases)) {
    t.equal(await verifyCms(signed, over, { ...trust, ...more }), fault, what)
  }
})

t.test('no changed byte leaves a signature standing that says something else', async t => {
  const good = await signCms(content, signer)
  const facts = await verifyCms(good, content, trust)

  // Every byte takes too long: a prime step meets every structure.
  for (let at = 0; at < good.length; at += 7) {
    const changed = Buffer.from(good)
    changed[at] = (changed[at] ?? 0) ^ 0x01
    const found = await verifyCms(changed, content, trust)
    if (typeof found !== 'string') t.strictSame(found, facts, `byte ${at}`)
  }
  for (let end = 0; end < good.length; end += 97) {
    t.equal(await verifyCms(good.subarray(0, end), content, trust), 'form', `${end} bytes`)
  }
})

t.test('signatures of openssl are read: RSA, PSS, ECDSA', async t => {
  const folder = t.testdir({
    'ca.pem': authority.certificate,
    'ca.key': authority.key,
    'rsa.pem': signer.certificate,
    'rsa.key': signer.key,
    content,
    ext: 'extendedKeyUsage=clientAuth\n',
  })
  const run = (line: string) =>
    execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' })
  run('ecparam -name prime256v1 -genkey -noout -out ec.key')
  run('req -new -key ec.key -out ec.csr -subj /CN=ec')
  run(
    'x509 -req -in ec.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 9 -extfile ext -out ec.pem',
  )
  const sign = 'cms -sign -binary -in content -outform DER'
  run(`${sign} -signer rsa.pem -inkey rsa.key -md sha256 -out rsa`)
  run(`${sign} -signer rsa.pem -inkey rsa.key -keyopt rsa_padding_mode:pss -md sha512 -out pss`)
  run(`${sign} -signer ec.pem -inkey ec.key -md sha384 -out ec`)
  run(`${sign} -signer rsa.pem -inkey rsa.key -md sha1 -out sha1`)
  const at = new Date()

  for (const name of ['rsa', 'pss', 'ec']) {
    const found = await verifyCms(readFileSync(join(folder, name)), content, { ...trust, at })
    t.match(found, { usages: [clientAuth] }, name)
  }
  t.equal(await verifyCms(readFileSync(join(folder, 'sha1')), content, trust), 'algorithm')
})

t.test('an authority below the trusted one counts where that allows it', async t => {
  const folder = t.testdir({
    content,
    ca: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n',
    leaf: 'extendedKeyUsage=clientAuth\n',
  })
  const run = (line: string) =>
    execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' })
  const key = 'ecparam -name prime256v1 -genkey -noout -out'
  for (const name of ['root', 'middle', 'leaf', 'forged']) run(`${key} ${name}.key`)
  for (const name of ['middle', 'leaf', 'forged']) {
    run(`req -new -key ${name}.key -subj /CN=${name} -out ${name}.csr`)
  }
  const self = 'req -x509 -new -key root.key -subj /CN=root -days 9 -addext keyUsage=keyCertSign'
  run(`${self} -addext basicConstraints=critical,CA:TRUE -out free.pem`)
  run(`${self} -addext basicConstraints=critical,CA:TRUE,pathlen:0 -out strict.pem`)
  const issueBy = (name: string, by: string, ext: string, serial: number) =>
    run(
      `x509 -req -in ${name}.csr -CA ${by}.pem -CAkey ${by.replace(/free/, 'root')}.key -set_serial ${serial} -days 9 -extfile ${ext} -out ${name}.pem`,
    )
  issueBy('middle', 'free', 'ca', 2)
  issueBy('leaf', 'middle', 'leaf', 3)
  // Signed by a certificate that is no authority.
  issueBy('forged', 'leaf', 'leaf', 4)
  const sign = (name: string, certfile?: string) => {
    const more = certfile === undefined ? '' : ` -certfile ${certfile}`
    run(
      `cms -sign -binary -in content -signer ${name}.pem -inkey ${name}.key${more} -outform DER -out ${name}.p7s`,
    )
    return readFileSync(join(folder, `${name}.p7s`))
  }
  const trustIn = (name: string) => ({
    authorities: readCertificates(readFileSync(join(folder, name), 'utf8')),
    at: new Date(),
  })

  t.match(await verifyCms(sign('leaf', 'middle.pem'), content, trustIn('free.pem')), {
    usages: [clientAuth],
  })
  t.equal(await verifyCms(sign('leaf', 'middle.pem'), content, trustIn('strict.pem')), 'chain')
  t.equal(await verifyCms(sign('leaf'), content, trustIn('free.pem')), 'chain')
  t.match(await verifyCms(sign('leaf'), content, trustIn('middle.pem')), {
    usages: [clientAuth],
  })
  execFileSync('sh', ['-c', 'cat middle.pem leaf.pem > both.pem'], { cwd: folder })
  t.equal(await verifyCms(sign('forged', 'both.pem'), content, trustIn('free.pem')), 'chain')
})
