import { isUtf8 } from 'node:buffer'
import type { Admin, PublicJwk, Reference, Site, ValueData } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import { ByteReader } from '../../bytes/reader.ts'
import { ByteWriter } from '../../bytes/writer.ts'
import { messageBytesMax } from '../limits.ts'
import { decodeAdmin, encodeAdmin } from './admin.ts'
import { decodePublicKey, encodePublicKey } from './public-key.ts'
import { decodeReferences, encodeReferences } from './reference.ts'
import { decodeSite, encodeSite } from './site.ts'

/**
 * The data of a value by its type. A pre-defined type takes its own form only when that form gives
 * the same bytes back: HS_SIGNATURE covers them, so that a rewritten value would lose its
 * signature.
 * Everything else is text, or base64 where it is no clean text.
 */
export function decodeValueData(type: string, bytes: Buffer): ValueData {
  return findTyped(type, bytes) ?? plainData(bytes)
}

/** The data with its length in front, as it stands in a value. */
export function encodeValueData(writer: ByteWriter, data: ValueData): void {
  switch (data.format) {
    case 'string':
      writer.text(data.value)
      break
    case 'base64':
      writer.text(data.value, 'base64')
      break
    case 'admin':
    case 'vlist':
    case 'site':
    case 'key': {
      const at = writer.beginSized()
      encodeTyped(writer, data)
      writer.endSized(at)
    }
  }
}

/** The bytes a value's data stands for. */
export function valueDataBytes(data: ValueData): Buffer {
  if (data.format === 'string') return Buffer.from(data.value)
  if (data.format === 'base64') return Buffer.from(data.value, 'base64')
  const writer = new ByteWriter(messageBytesMax)
  encodeTyped(writer, data)
  return writer.view()
}

/*
 * What the data of a value means, also where an unusual spelling of it is kept as text or base64;
 * `undefined` when it does not decode.
 */

/** Of HS_ADMIN. */
export function adminOf(data: ValueData): Admin | undefined {
  return data.format === 'admin' ? data.value : findDecoded(data, decodeAdmin)
}

/** Of HS_VLIST. */
export function referencesOf(data: ValueData): readonly Reference[] | undefined {
  return data.format === 'vlist' ? data.value : findDecoded(data, decodeVlist)
}

/** Of HS_SITE, HS_SITE.6, HS_SITE.PREFIX, HS_NA_DELEGATE. */
export function siteOf(data: ValueData): Site | undefined {
  return data.format === 'site' ? data.value : findDecoded(data, decodeSite)
}

/** Of HS_PUBKEY, in each of its forms. */
export function publicKeyOf(data: ValueData): PublicJwk | undefined {
  if (data.format === 'key') return data.value
  return findDecoded(data, reader => decodePublicKey(reader.bytes(reader.remaining)))
}

/** Of HS_SERV, HS_SERV.PREFIX, HS_ALIAS (a handle each), HS_SIGNATURE, HS_CERT, 10320/loc. */
export function textOf(data: ValueData): string | undefined {
  return data.format === 'string' ? data.value : undefined
}

type TypedData = Exclude<ValueData, { format: 'string' | 'base64' }>

function findTyped(type: string, bytes: Buffer): TypedData | undefined {
  const decode = isPredefined(type) ? decoders[type.toUpperCase()] : undefined
  if (decode === undefined) return undefined
  const data = tryDecode(() => decode(bytes))
  return data !== undefined && valueDataBytes(data).equals(bytes) ? data : undefined
}

const decoders: Readonly<Record<string, (bytes: Buffer) => TypedData>> = {
  HS_ADMIN: bytes => ({ format: 'admin', value: decodeAdmin(new ByteReader(bytes)) }),
  HS_VLIST: bytes => ({ format: 'vlist', value: decodeVlist(new ByteReader(bytes)) }),
  HS_SITE: siteData,
  'HS_SITE.6': siteData,
  'HS_SITE.PREFIX': siteData,
  HS_NA_DELEGATE: siteData,
  HS_PUBKEY: bytes => ({ format: 'key', value: decodePublicKey(bytes) }),
}

function siteData(bytes: Buffer): TypedData {
  return { format: 'site', value: decodeSite(new ByteReader(bytes)) }
}

function decodeVlist(reader: ByteReader): readonly Reference[] {
  const references = decodeReferences(reader)
  reader.end()
  return references
}

function encodeTyped(writer: ByteWriter, data: TypedData): void {
  switch (data.format) {
    case 'admin':
      encodeAdmin(writer, data.value)
      break
    case 'vlist':
      encodeReferences(writer, data.value)
      break
    case 'site':
      encodeSite(writer, data.value)
      break
    case 'key':
      encodePublicKey(writer, data.value)
      break
  }
}

/** Types compare without regard to ASCII case; most values are of other types and go no further. */
function isPredefined(type: string): boolean {
  return type[2] === '_' && (type[0] === 'H' || type[0] === 'h')
}

function plainData(bytes: Buffer): ValueData {
  return isCleanText(bytes)
    ? { format: 'string', value: bytes.toString('utf8') }
    : { format: 'base64', value: bytes.toString('base64') }
}

/**
 * Handle.Net's line between text and binary: control bytes other than 09–13 (hexadecimal) are
 * binary.
 */
function isCleanText(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte < 0x20 ? byte < 0x09 || byte > 0x13 : byte === 0x7f) return false
  }
  return isUtf8(bytes)
}

function findDecoded<T>(data: ValueData, decode: (reader: ByteReader) => T): T | undefined {
  if (data.format !== 'string' && data.format !== 'base64') return undefined
  return tryDecode(() => decode(new ByteReader(valueDataBytes(data))))
}

function tryDecode<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
