/** A pointer to a value of a record: the value with this index of this handle; index 0 is any. */
export interface Reference {
  readonly handle: string
  readonly index: number
}

/** An administrator of a record or prefix (HS_ADMIN, RFC 3651 §3.2.1). */
export interface Admin extends Reference {
  /** 12 characters `0`/`1`, most significant first, so that the last one is bit 0, "add handle". */
  readonly permissions: string
  /** The wire form had the old 2-byte permissions length; kept so that it can be written back as it came. */
  readonly legacyByteLength?: boolean
}

/** A public key as a JSON Web Key: `{kty:"RSA",n,e}`, `{kty:"DSA",y,p,q,g}`, `{kty:"EC",crv:"SM2",x,y}`. */
export interface PublicJwk {
  readonly kty: string
  readonly [member: string]: string
}

export interface SiteInterface {
  readonly query: boolean
  readonly admin: boolean
  readonly protocol: 'TCP' | 'UDP' | 'HTTP' | 'HTTPS'
  readonly port: number
}

export interface SiteServer {
  readonly serverId: number
  /** IPv4 or IPv6 in their usual text forms. */
  readonly address: string
  readonly publicKey?: { readonly format: 'key'; readonly value: PublicJwk }
  readonly interfaces: readonly SiteInterface[]
}

/** A service site (HS_SITE, RFC 3651 §3.2.2). */
export interface Site {
  readonly version: number
  /** Text such as `2.10`. */
  readonly protocolVersion: string
  readonly serialNumber: number
  readonly primarySite: boolean
  readonly multiPrimary: boolean
  readonly hashOption?: 'HASH_TYPE_BY_PREFIX' | 'HASH_TYPE_BY_SUFFIX' | 'HASH_TYPE_BY_ALL'
  readonly attributes: readonly { readonly name: string; readonly value: string }[]
  readonly servers: readonly SiteServer[]
}

/** The data of a value, in the forms of the Handle REST API; `string` holds clean text, `base64` any other bytes. */
export type ValueData =
  | { readonly format: 'string'; readonly value: string }
  | { readonly format: 'base64'; readonly value: string }
  | { readonly format: 'admin'; readonly value: Admin }
  | { readonly format: 'vlist'; readonly value: readonly Reference[] }
  | { readonly format: 'site'; readonly value: Site }
  | { readonly format: 'key'; readonly value: PublicJwk }

/** One value of a record (RFC 3651 §3.1). */
export interface Value {
  /** 1 … 2^31−1, unique in its record. */
  readonly index: number
  readonly type: string
  readonly data: ValueData
  /** Relative seconds, or the absolute end as an RFC 3339 instant in UTC. */
  readonly ttl: number | string
  /** When the value was last written: RFC 3339, UTC, whole seconds. */
  readonly timestamp: string
  /** 4 characters `0`/`1`: adminRead, adminWrite, publicRead, publicWrite. */
  readonly permissions: string
  readonly references: readonly Reference[]
}

/** RFC 3651 §3.1: what a value may when nothing is said: the administrator all, the public reads. */
export const permissionsDefault = '1110'
export const ttlSecondsDefault = 86_400
export const valueIndexMax = 2 ** 31 - 1

export function isPublic(value: Value): boolean {
  return value.permissions[2] === '1'
}

/** Types whose values name the record in another system; see `aliases` in `docs/glossary.md`. */
export const aliasTypes = ['GS1', 'OID', 'ECODE', 'VAA', 'DID'] as const
