import { isIP } from 'node:net'
import {
  type Admin,
  type PublicJwk,
  permissionsDefault,
  type Reference,
  type Site,
  type SiteServer,
  ttlSecondsDefault,
  type Value,
  type ValueData,
  valueIndexMax,
} from '../../../model/value.ts'
import type { Answer } from '../../../resolver/parts.ts'
import { Refusal } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { valueDataBytes } from '../../handle/values/value-data.ts'
import { valueToJson } from '../answer-json.ts'

/** A value as this API writes it. */
export function restValue(value: Value): object {
  const { timestamp, ...json } = valueToJson(value)
  return timestamp.startsWith('1970-01-01T00:00:00') ? json : { ...json, timestamp }
}

/** All values of an answer as this API writes them. */
export function encodeRestValues({ values }: Answer): Buffer {
  return Buffer.from(JSON.stringify(values.map(restValue)))
}

type Json = Readonly<Record<string, unknown>>

/**
 * The values of a body: `{"values":[…]}`, a bare list, or one value. A `handle` beside them must be the one addressed.
 * @throws Refusal PROTOCOL_ERROR for what is none of these, INVALID_VALUE for a value that cannot be one
 */
export function readValues(json: unknown): { values: Value[]; handle: string | undefined } {
  if (Array.isArray(json)) return { values: json.map(readValue), handle: undefined }
  const body = objectOf(json, 'the body')
  const handle = body['handle'] === undefined ? undefined : textOf(body['handle'], 'handle')
  if (Array.isArray(body['values'])) return { values: body['values'].map(readValue), handle }
  return { values: [readValue(body)], handle }
}

function readValue(json: unknown): Value {
  const { index, type, data, ttl, permissions, references } = objectOf(json, 'a value')
  const isIndex = typeof index === 'number' && Number.isInteger(index) && index <= valueIndexMax
  if (!isIndex) throw broken('index')
  const value: Value = {
    index,
    type: textOf(type, 'type'),
    data: readData(data),
    ttl: readTtl(ttl),
    // The node writes its own.
    timestamp: '1970-01-01T00:00:00Z',
    permissions: permissions === undefined ? permissionsDefault : readPermissions(permissions),
    references: references === undefined ? [] : listOf(references, 'references').map(readReference),
  }
  requireEncodable(value.data)
  return value
}

function readData(json: unknown): ValueData {
  if (typeof json === 'string') return { format: 'string', value: json }
  const { format, value } = objectOf(json, 'data')
  switch (format) {
    case 'string':
      return { format, value: textOf(value, 'data') }
    case 'base64':
      return { format, value: textOf(value, 'data') }
    case 'hex':
      return { format: 'base64', value: fromHex(textOf(value, 'data')) }
    case 'admin':
      return { format, value: readAdmin(value) }
    case 'vlist':
      return { format, value: listOf(value, 'a list').map(readReference) }
    case 'site':
      return { format, value: readSite(value) }
    case 'key':
      return { format, value: readKey(value) }
    default:
      throw broken('format')
  }
}

function readTtl(json: unknown): Value['ttl'] {
  if (json === undefined) return ttlSecondsDefault
  if (typeof json === 'number' || typeof json === 'string') return json
  throw broken('ttl')
}

/** Right-aligned bits: adminRead, adminWrite, publicRead, publicWrite. */
function readPermissions(json: unknown): string {
  const text = textOf(json, 'permissions')
  if (text === '*') return '1111'
  if (!/^[01]{1,4}$/.test(text)) throw broken('permissions')
  return text.padStart(4, '0')
}

const adminBits = 12

function readAdmin(json: unknown): Admin {
  const { permissions, legacyByteLength, ...reference } = objectOf(json, 'an admin')
  return {
    ...readReference(reference),
    permissions: readAdminPermissions(permissions),
    ...(legacyByteLength === true ? { legacyByteLength } : {}),
  }
}

/** Twelve bits as text, `*`, a boolean, a bit mask, or a list whose first item is bit 0. */
function readAdminPermissions(json: unknown): string {
  if (json === undefined) return '0'.repeat(adminBits)
  if (json === '*' || json === true) return '1'.repeat(adminBits)
  if (json === false) return '0'.repeat(adminBits)
  if (typeof json === 'string' && /^[01]{0,12}$/.test(json)) return json.padStart(adminBits, '0')
  if (typeof json === 'number' && Number.isInteger(json) && json >= 0 && json < 2 ** adminBits) {
    return json.toString(2).padStart(adminBits, '0')
  }
  if (Array.isArray(json) && json.length <= adminBits) {
    const bits = json.map(item => (item ? '1' : '0')).reverse()
    return bits.join('').padStart(adminBits, '0')
  }
  throw broken('permissions')
}

function readReference(json: unknown): Reference {
  const { handle, index } = objectOf(json, 'a reference')
  const isIndex = typeof index === 'number' && Number.isInteger(index) && index >= 0
  if (!isIndex || index > valueIndexMax) throw broken('index')
  return { handle: textOf(handle, 'handle'), index }
}

function readKey(json: unknown): PublicJwk {
  const key = objectOf(json, 'a key')
  const members = Object.entries(key).map(([name, value]) => [name, textOf(value, 'a key')])
  return { ...Object.fromEntries(members), kty: textOf(key['kty'], 'kty') }
}

function readSite(json: unknown): Site {
  const site = lowerFirst(objectOf(json, 'a site'))
  const { version = 1, protocolVersion = '2.10', serialNumber = 1, hashOption } = site
  return {
    version: numberOf(version),
    protocolVersion: textOf(protocolVersion, 'protocolVersion'),
    serialNumber: numberOf(serialNumber),
    primarySite: site['primarySite'] === true,
    multiPrimary: site['multiPrimary'] === true,
    ...(hashOption === undefined
      ? {}
      : { hashOption: textOf(hashOption, 'hashOption') as NonNullable<Site['hashOption']> }),
    attributes: readAttributes(site['attributes'] ?? []),
    servers: listOf(site['servers'], 'servers').map(readServer),
  }
}

function readAttributes(json: unknown): Site['attributes'] {
  if (!Array.isArray(json)) {
    return Object.entries(objectOf(json, 'attributes')).map(([name, value]) => {
      return { name, value: textOf(value, 'an attribute') }
    })
  }
  return json.map(item => {
    const { name, value } = objectOf(item, 'an attribute')
    return { name: textOf(name, 'name'), value: textOf(value, 'value') }
  })
}

function readServer(json: unknown): SiteServer {
  const { serverId = 1, address, publicKey, interfaces } = lowerFirst(objectOf(json, 'a server'))
  const text = textOf(address, 'address')
  if (isIP(text) === 0) throw broken('address')
  return {
    serverId: numberOf(serverId),
    address: text,
    ...(publicKey === undefined
      ? {}
      : {
          publicKey: { format: 'key', value: readKey(objectOf(publicKey, 'a key')['value']) },
        }),
    interfaces: listOf(interfaces, 'interfaces').map(item => {
      const { query, admin, protocol, port } = lowerFirst(objectOf(item, 'an interface'))
      if (!isProtocol(protocol)) throw broken('protocol')
      return { query: query === true, admin: admin === true, protocol, port: numberOf(port) }
    }),
  }
}

function isProtocol(
  json: unknown,
): json is Site['servers'][number]['interfaces'][number]['protocol'] {
  return json === 'TCP' || json === 'UDP' || json === 'HTTP' || json === 'HTTPS'
}

/** Older clients write the members' names with a capital. */
function lowerFirst(json: Json): Json {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      value,
    ]),
  )
}

/** What cannot be written on the Handle wire is no value: encoders say so in their own way. */
function requireEncodable(data: ValueData): void {
  try {
    valueDataBytes(data)
  } catch {
    throw broken('data')
  }
}

function fromHex(hex: string): string {
  if (!/^(?:[0-9a-f]{2})*$/i.test(hex)) throw broken('hex')
  return Buffer.from(hex, 'hex').toString('base64')
}

function objectOf(json: unknown, what: string): Json {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json
  throw new Refusal(responseCodes.PROTOCOL_ERROR, `${what} is a JSON object`)
}

function listOf(json: unknown, what: string): readonly unknown[] {
  if (Array.isArray(json)) return json
  throw new Refusal(responseCodes.PROTOCOL_ERROR, `${what} is a JSON list`)
}

function textOf(json: unknown, what: string): string {
  if (typeof json === 'string') return json
  throw new Refusal(responseCodes.PROTOCOL_ERROR, `${what} is a text`)
}

function numberOf(json: unknown): number {
  if (typeof json === 'number' && Number.isInteger(json)) return json
  throw broken('a number')
}

function broken(what: string): Refusal {
  return new Refusal(responseCodes.INVALID_VALUE, `${what} is not valid`)
}
