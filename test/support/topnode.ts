import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  webcrypto,
  X509Certificate,
} from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { Integer, ObjectIdentifier, OctetString } from 'asn1js'
import * as pkijs from 'pkijs'
import { thumbprintOfCertificate } from '../../src/crypto/certificate.ts'
import { signJws } from '../../src/crypto/jws.ts'
import { type Issued, issue, makeAuthority } from '../../src/crypto/pki.ts'
import { writeZip } from '../../src/protocols/bytes/zip.ts'
import { contentDigestOf } from '../../src/protocols/http/message-signature/content-digest.ts'
import { signRequest } from '../../src/protocols/http/message-signature/sign-request.ts'

/** Worthless certificates need no better keys, and these are made in a tenth of the time. */
export const bits = 2048

/** A key pair with its public half as a key set has it. */
export function aKey(kid: string, type: 'ed25519' | 'ec' | 'rsa' = 'ed25519') {
  const pair = pairOf(type)
  return {
    kid,
    privateKey: pair.privateKey,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid },
  }
}

function pairOf(type: 'ed25519' | 'ec' | 'rsa'): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (type) {
    case 'ed25519':
      return generateKeyPairSync('ed25519')
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: bits })
  }
}

const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto })

export interface CmsOptions {
  readonly digest?: 'SHA-1' | 'SHA-256' | 'SHA-512'
  /** Beside the signer's own. */
  readonly certificates?: readonly string[]
  readonly hasAttributes?: boolean
  readonly isAttached?: boolean
  readonly signatures?: number
}

/** A CMS signature as a careful signer makes it, or as the options say. */
export async function signCms(
  content: Buffer,
  { certificate, key }: Issued,
  options: CmsOptions = {},
): Promise<Buffer> {
  const { digest = 'SHA-256', certificates = [], hasAttributes = true, signatures = 1 } = options
  const own = pkijs.Certificate.fromBER(derOf(certificate))
  const data = Uint8Array.from(content).buffer
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({
      eContentType: pkijs.ContentInfo.DATA,
      ...(options.isAttached && { eContent: new OctetString({ valueHex: data }) }),
    }),
    certificates: [own, ...certificates.map(each => pkijs.Certificate.fromBER(derOf(each)))],
  })
  const attributes = hasAttributes
    ? new pkijs.SignedAndUnsignedAttributes({
        type: 0,
        attributes: [
          new pkijs.Attribute({
            type: '1.2.840.113549.1.9.3',
            values: [new ObjectIdentifier({ value: pkijs.ContentInfo.DATA })],
          }),
          new pkijs.Attribute({
            type: '1.2.840.113549.1.9.4',
            values: [new OctetString({ valueHex: await engine.digest(digest, data) })],
          }),
        ],
      })
    : undefined
  const privateKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }),
    { name: 'RSASSA-PKCS1-v1_5', hash: digest },
    false,
    ['sign'],
  )
  for (let signer = 0; signer < signatures; signer++) {
    signed.signerInfos.push(
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({
          issuer: own.issuer,
          serialNumber: new Integer({ valueHex: own.serialNumber.valueBlock.valueHexView }),
        }),
        ...(attributes && { signedAttrs: attributes }),
      }),
    )
    await signed.sign(privateKey, signer, digest, data, engine)
  }
  const info = new pkijs.ContentInfo({
    contentType: pkijs.ContentInfo.SIGNED_DATA,
    content: signed.toSchema(true),
  })
  return Buffer.from(info.toSchema().toBER())
}

export function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
}

/** A file of a batch as its manifest tells of it. */
export function manifestFile(name: string, bytes: Buffer) {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex')
  const rows = bytes.toString().split('\n').filter(Boolean).length
  return { name, bytes: bytes.length, rows, sha256: digest('sha256'), sm3: digest('sm3') }
}

export interface BatchOptions {
  /** Over what a right manifest says. */
  readonly manifest?: Readonly<Record<string, unknown>>
  /** What is in the archive, over what belongs there; undefined leaves it out. */
  readonly entries?: Readonly<Record<string, Buffer | undefined>>
  readonly by?: 'jws' | 'cms'
}

export interface Bundle {
  readonly zip: Buffer
  readonly manifest: Readonly<Record<string, unknown>> & { readonly seq: number }
  /** SHA-256 over the manifest, hex: `prev` of the next. */
  readonly digest: string
}

export interface SendOptions {
  readonly path?: string
  readonly contentType?: string
  readonly nowMs?: number
  readonly nonce?: string
  readonly components?: readonly string[]
  readonly tag?: string
  /** Who connects; undefined: without a certificate. */
  readonly client?: Issued | undefined
  readonly key?: KeyObject
  /** Over the headers of a right request, after it was signed; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** What goes over the wire where it is not what was signed. */
  readonly sent?: Buffer
}

/** A top-level node with its authority, its client certificate, and the key it signs with; worthless secrets all. */
export interface Topnode {
  readonly authority: Issued
  readonly client: Issued
  /** A certificate of the same authority for a node. */
  readonly server: Issued
  /** `x5t#S256` of its client certificate. */
  readonly pin: string
  readonly key: ReturnType<typeof aKey>
  /** A JSON Web Key Set. */
  readonly keySet: string
  sign(document: object): Promise<string>
  bundle(files: Readonly<Record<string, string>>, options?: BatchOptions): Promise<Bundle>
  /** @param url of the import port, with host and port only */
  send(url: string, body: Buffer, options?: SendOptions): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

export async function aTopnode(now: Date = new Date()): Promise<Topnode> {
  const issuing = { now, days: 30, bits }
  const authority = await makeAuthority({ name: 'top-level node', ...issuing, days: 60 })
  const [client, server] = await Promise.all([
    issue(authority, 'client', { name: 'top', uris: ['urn:topnode:86'], ...issuing }),
    issue(authority, 'server', { name: 'node', hosts: ['localhost', '127.0.0.1'], ...issuing }),
  ])
  const key = aKey('top-1')
  const sign = (document: object) =>
    signJws(
      Buffer.from(JSON.stringify(document)),
      { kid: key.kid, alg: 'EdDSA', key: key.privateKey },
      'JOSE',
    )

  return {
    authority,
    client,
    server,
    pin: thumbprintOfCertificate(new X509Certificate(client.certificate)),
    key,
    keySet: JSON.stringify({ keys: [key.jwk] }),
    sign,

    async bundle(files, { manifest: more, entries = {}, by = 'jws' } = {}) {
      const contents = Object.entries(files).map(
        ([name, text]) => [name, Buffer.from(text)] as const,
      )
      const iat = Math.floor(now.getTime() / 1000)
      const manifest = {
        v: 1,
        source: '86',
        target: '88.118',
        batch: randomUUID(),
        seq: 1,
        prev: null,
        iat,
        exp: iat + 3600,
        authorization: 'grant-1',
        prefixes: ['88.118.1'],
        files: contents.map(([name, bytes]) => manifestFile(name, bytes)),
        ...more,
      }
      const json = Buffer.from(JSON.stringify(manifest))
      const signed =
        by === 'jws'
          ? { 'manifest.jws': Buffer.from(await sign(manifest)) }
          : { 'manifest.json': json, 'manifest.p7s': await signCms(json, client) }
      const all = { ...signed, ...Object.fromEntries(contents), ...entries }
      const sources = Object.entries(all).flatMap(([name, bytes]) =>
        bytes ? [{ name, bytes }] : [],
      )
      return {
        zip: await writeZip(sources, now),
        manifest,
        digest: createHash('sha256').update(json).digest('hex'),
      }
    },

    send(url, body, options = {}) {
      const { path = '/v1/imports', contentType = 'application/zip', sent = body } = options
      const fields = { 'content-digest': contentDigestOf(body), 'content-type': contentType }
      const target = new URL(path, url).href
      const bare = {
        method: 'POST',
        targetUri: target,
        field: (name: string) => [Object(fields)[name] ?? []].flat(),
      }
      const signature = signRequest(
        bare,
        { keyId: key.kid, alg: 'ed25519', key: options.key ?? key.privateKey },
        {
          tag: options.tag ?? 'qxm-import',
          components: options.components ?? [
            '@method',
            '@target-uri',
            'content-digest',
            'content-type',
          ],
          nonce: options.nonce ?? randomUUID(),
          nowMs: options.nowMs ?? Date.now(),
          lifeSeconds: 300,
        },
      )
      const headers = { ...fields, ...signature, ...options.headers }
      const shown = 'client' in options ? options.client : client
      return post(target, sent, headers, authority, shown)
    },
  }
}

function post(
  url: string,
  body: Buffer,
  headers: Readonly<Record<string, string | undefined>>,
  authority: Issued,
  client: Issued | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      {
        method: 'POST',
        agent: false,
        ca: authority.certificate,
        // What Host says is the test's to choose.
        checkServerIdentity: () => undefined,
        ...(client && { cert: client.certificate, key: client.key }),
        headers: Object.fromEntries(
          Object.entries({ 'content-length': String(body.length), ...headers }).flatMap(
            ([name, value]) => (value === undefined ? [] : [[name, value]]),
          ),
        ),
      },
      response => {
        let text = ''
        response.on('data', chunk => {
          text += String(chunk)
        })
        response.on('end', () => {
          const json = text === '' ? {} : JSON.parse(text)
          resolve({ status: response.statusCode ?? 0, json })
        })
      },
    )
    request.once('error', reject)
    request.end(body)
  })
}

/** Puts what a node has to know of the top-level node into a folder. @returns the environment that names the files */
export function knowTopnode(
  folder: string,
  { authority, server, keySet, pin }: Topnode,
): Readonly<Record<string, string>> {
  const files = {
    'cert.pem': server.certificate,
    'key.pem': server.key,
    'ca.pem': authority.certificate,
    'keys.json': keySet,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return {
    QXM_TLS_CERT: join(folder, 'cert.pem'),
    QXM_TLS_KEY: join(folder, 'key.pem'),
    QXM_HTTPS_PORT: '0',
    QXM_IMPORT_PORT: '0',
    QXM_IMPORT_CA: join(folder, 'ca.pem'),
    QXM_IMPORT_KEYS: join(folder, 'keys.json'),
    QXM_IMPORT_PINS: pin,
  }
}
