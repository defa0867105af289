import { createPublicKey, webcrypto } from 'node:crypto'
import { fromBER } from 'asn1js'
import {
  CertificationRequest,
  CryptoEngine,
  Extensions,
  type GeneralName,
  GeneralNames,
} from 'pkijs'

/** What a certificate is asked for. */
export interface ReadRequest {
  readonly name: string
  readonly hosts: readonly string[]
  readonly uris: readonly string[]
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string
}

const engine = new CryptoEngine({ name: 'node', crypto: webcrypto })
const oids = {
  commonName: '2.5.4.3',
  extensionRequest: '1.2.840.113549.1.9.14',
  subjectAltName: '2.5.29.17',
} as const
/** GeneralName, RFC 5280 §4.2.1.6. */
const nameTypes = { dns: 2, uri: 6, ip: 7 } as const
const requestBytesMax = 65_536
const rsaBitsMin = 2048

/**
 * Reads a certification request (RFC 2986) that was signed with its own key.
 * @param pem as `openssl req` and `qxm pki` write it
 * @returns undefined where it is none, was not signed with its own key, or that key is not RSA of 2048 bits or more
 */
export async function readRequest(pem: string): Promise<ReadRequest | undefined> {
  const base64 = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\sA-Za-z0-9+/=]+)-----END/.exec(pem)
  if (base64 === null || pem.length > requestBytesMax) return undefined
  try {
    const request = CertificationRequest.fromBER(Buffer.from(base64[1] ?? '', 'base64'))
    if (!(await request.verify(engine))) return undefined
    const spki = Buffer.from(request.subjectPublicKeyInfo.toSchema().toBER())
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < rsaBitsMin) return undefined
    const names = namesIn(request)
    const of = (type: number) => names.filter(each => each.type === type)
    return {
      name: commonNameIn(request),
      hosts: [
        ...of(nameTypes.dns).map(({ value }) => String(value)),
        ...of(nameTypes.ip).map(addressOf),
      ],
      uris: of(nameTypes.uri).map(({ value }) => String(value)),
      publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
    }
  } catch {
    return undefined
  }
}

function commonNameIn({ subject }: CertificationRequest): string {
  const found = subject.typesAndValues.find(({ type }) => type === oids.commonName)
  return String(found?.value.valueBlock.value ?? '')
}

function namesIn({ attributes = [] }: CertificationRequest): readonly GeneralName[] {
  const [asked] = attributes.find(({ type }) => type === oids.extensionRequest)?.values ?? []
  if (asked === undefined) return []
  const { extensions } = new Extensions({ schema: asked })
  const found = extensions.find(({ extnID }) => extnID === oids.subjectAltName)
  if (found === undefined) return []
  const { result } = fromBER(found.extnValue.valueBlock.valueHexView)
  return new GeneralNames({ schema: result }).names
}

/** Its bytes, four or sixteen of them. */
function addressOf({ value }: GeneralName): string {
  const bytes = Buffer.from(value.valueBlock.valueHexView)
  if (bytes.length === 4) return bytes.join('.')
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':')
}
