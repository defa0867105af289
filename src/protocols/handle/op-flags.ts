/** RFC 3652 §2.2.2.3 (the first nine), Handle.Net's three, and the national SDKs' three. */
export const opFlags = {
  /** Authoritative: ask a primary, use no cache. */
  AUTH: 0x8000_0000,
  /** Sign the answer. */
  CERT: 0x4000_0000,
  /** Encrypt the answer. */
  ENCR: 0x2000_0000,
  /** Resolve on my behalf. */
  RECU: 0x1000_0000,
  /** The caching server shall check signatures. */
  CACR: 0x0800_0000,
  /** Answers only: more messages follow for this request. */
  CONT: 0x0400_0000,
  /** Keep the connection. */
  KPAL: 0x0200_0000,
  /** Public values only. */
  PUBL: 0x0100_0000,
  /** Begin the answer's body with the digest of this request. */
  RRDG: 0x0080_0000,
  /** Create and add may overwrite. */
  OVRW: 0x0040_0000,
  /** Complete the suffix of a created handle. */
  MINT: 0x0020_0000,
  /** Do not refer me elsewhere. */
  DNRF: 0x0010_0000,
  /** id-pointer: an identity follows the type list. */
  RAUT: 0x0000_0004,
  /** ID-SDK: check the national trust chain; echoed in the answer. */
  TQRY: 0x0000_0002,
  /** ID-SDK, answers to TQRY: the result is trusted. */
  TRES: 0x0000_0001,
} as const

export type OpFlagName = keyof typeof opFlags

/** Whether the flag is set. */
export function hasFlag(flags: number, name: OpFlagName): boolean {
  return (flags & opFlags[name]) !== 0
}

/** The flags as one unsigned number. */
export function flagsOf(...names: readonly OpFlagName[]): number {
  return names.reduce((flags, name) => (flags | opFlags[name]) >>> 0, 0)
}
