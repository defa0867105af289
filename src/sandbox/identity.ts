import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { thumbprintOfCertificate } from '../crypto/certificate.ts'
import type { JwsSigner } from '../crypto/jws.ts'
import { type Issued, issue, makeAuthority } from '../crypto/pki.ts'

/** What the top-level node of the sandbox shows and signs with, and what it has given to the node below it. */
export interface Identity {
  /** Its authority's certificate, PEM: the one that the node below trusts. */
  readonly authority: Issued
  /** With this it comes to the node's import door; pinned there. */
  readonly client: Issued
  /** With this its feed answers. */
  readonly feed: Issued
  /** The node's own: of its doors, and for asking the feed. */
  readonly node: Issued
  readonly nodeClient: Issued
  readonly signer: JwsSigner
  /** Where the node below finds what it is told about its top-level node. */
  readonly files: {
    readonly authority: string
    /** JSON Web Key Set. */
    readonly keys: string
    readonly node: string
    readonly nodeKey: string
    readonly nodeClient: string
    readonly nodeClientKey: string
  }
}

export const signerKid = 'sandbox-top-1'
const clientUri = 'urn:qxm:sandbox:top'
/** Nobody relies on them: long enough to forget that they end. */
const days = 3_650
/** The least that is taken; quick to make. */
const bits = 2048
const loopback = ['127.0.0.1', '::1', 'localhost']

/** Makes everything at the first start, and finds it again at the next ones. */
export async function openIdentity(folder: string, now: Date): Promise<Identity> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const issuing = { now, days, bits }
  const keep = (name: string, make: () => Promise<Issued>) => keepPair(folder, name, make)
  const authority = await keep('ca', () => makeAuthority({ name: 'qxm sandbox top', ...issuing }))
  const [client, feed, node, nodeClient] = await Promise.all([
    keep('client', () =>
      issue(authority, 'client', { name: 'top', uris: [clientUri], ...issuing }),
    ),
    keep('feed', () => issue(authority, 'server', { name: 'feed', hosts: loopback, ...issuing })),
    keep('node', () => issue(authority, 'server', { name: 'node', hosts: loopback, ...issuing })),
    keep('node-client', () => issue(authority, 'client', { name: 'node', ...issuing })),
  ])
  const signer = await openSigner(folder)
  const keys = join(folder, 'keys.json')
  const jwk = { ...createPublicKey(signer.key).export({ format: 'jwk' }), kid: signer.kid }
  await writeFile(keys, `${JSON.stringify({ keys: [jwk] })}\n`)
  return {
    authority,
    client,
    feed,
    node,
    nodeClient,
    signer,
    files: {
      authority: join(folder, 'ca.pem'),
      keys,
      node: join(folder, 'node.pem'),
      nodeKey: join(folder, 'node-key.pem'),
      nodeClient: join(folder, 'node-client.pem'),
      nodeClientKey: join(folder, 'node-client-key.pem'),
    },
  }
}

/** What the configuration of the node below pins. */
export function pinOf({ certificate }: Pick<Issued, 'certificate'>): string {
  return thumbprintOfCertificate(new X509Certificate(certificate))
}

/** A client certificate that the node does not let in: of another authority, or of the right one and not pinned. */
export async function aStranger(authority: Issued | undefined, now: Date): Promise<Issued> {
  const issuing = { now, days: 1, bits }
  const own = authority ?? (await makeAuthority({ name: 'somebody else', ...issuing }))
  return issue(own, 'client', { name: 'top', uris: [clientUri], ...issuing })
}

/** Signs under the same name with another key. */
export function aForger(): JwsSigner {
  return { kid: signerKid, alg: 'EdDSA', key: generateKeyPairSync('ed25519').privateKey }
}

async function openSigner(folder: string): Promise<JwsSigner> {
  const pem = await keepFile(join(folder, 'signing-key.pem'), async () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  return { kid: signerKid, alg: 'EdDSA', key: createPrivateKey(pem) }
}

async function keepPair(
  folder: string,
  name: string,
  make: () => Promise<Issued>,
): Promise<Issued> {
  const text = await keepFile(join(folder, `${name}.json`), async () =>
    JSON.stringify(await make()),
  )
  const pair = JSON.parse(text) as Issued
  await writeFile(join(folder, `${name}.pem`), pair.certificate)
  await writeFile(join(folder, `${name}-key.pem`), pair.key, { mode: 0o600 })
  return pair
}

async function keepFile(file: string, make: () => Promise<string>): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    const text = await make()
    await writeFile(file, text, { mode: 0o600 })
    return text
  }
}
