import { type BareItem, type InnerList, isInnerList, parseDictionary } from 'structured-headers'

/** One signature of a message, as its header fields bring it: nothing of it is proven. */
export interface ReadSignature {
  readonly label: string
  /** The covered components and the parameters, in their order. */
  readonly covered: InnerList
  readonly names: readonly string[]
  readonly parameters: SignatureParameters
  readonly signature: Buffer
}

/** RFC 9421 §2.3. Times are Unix seconds. */
export interface SignatureParameters {
  readonly created?: number
  readonly expires?: number
  readonly nonce?: string
  readonly alg?: string
  readonly keyid?: string
  readonly tag?: string
}

const types = {
  created: 'number',
  expires: 'number',
  nonce: 'string',
  alg: 'string',
  keyid: 'string',
  tag: 'string',
} as const satisfies Record<keyof SignatureParameters, string>

/** Proxies may sign too; each signature is some text to be read. */
const signaturesMax = 8

/**
 * Reads `Signature-Input` and `Signature` (RFC 9421 §4.1, §4.2), one entry for each label that has both.
 * @returns undefined for what is malformed
 */
export function readSignatures(
  inputLines: readonly string[],
  signatureLines: readonly string[],
): readonly ReadSignature[] | undefined {
  try {
    const inputs = parseDictionary(inputLines.join(', '))
    const signatures = parseDictionary(signatureLines.join(', '))
    if (inputs.size > signaturesMax) return undefined
    const read: ReadSignature[] = []
    for (const [label, covered] of inputs) {
      const [bytes] = signatures.get(label) ?? []
      if (bytes === undefined) continue
      if (!isInnerList(covered) || !(bytes instanceof ArrayBuffer)) return undefined
      const parameters = parametersIn(covered[1])
      const names = covered[0].map(([name]) => name)
      if (parameters === undefined || !names.every(isText)) return undefined
      read.push({ label, covered, names, parameters, signature: Buffer.from(bytes) })
    }
    return read
  } catch {
    return undefined
  }
}

/** Those that we know, of the right type; others stay part of what is signed. */
function parametersIn(parameters: ReadonlyMap<string, BareItem>): SignatureParameters | undefined {
  const known = Object.entries(types).filter(([name]) => parameters.has(name))
  const isFit = known.every(([name, type]) => {
    const value = parameters.get(name)
    return typeof value === type && (type !== 'number' || Number.isSafeInteger(value))
  })
  if (!isFit) return undefined
  return Object.fromEntries(known.map(([name]) => [name, parameters.get(name)]))
}

function isText(name: BareItem): name is string {
  return typeof name === 'string'
}
