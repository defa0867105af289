import assert from 'node:assert/strict'
import type { PublicJwk, Site, SiteInterface, SiteServer } from '../../../model/value.ts'
import { MalformedBytes } from '../../bytes/malformed-bytes.ts'
import type { ByteReader } from '../../bytes/reader.ts'
import type { ByteWriter } from '../../bytes/writer.ts'
import { valueCountMax } from '../limits.ts'
import { ipAddressBytes, ipAddressOf, ipAddressText } from './ip-address.ts'
import { decodePublicKey, encodePublicKey } from './public-key.ts'

const primaryBit = 0x80
const multiPrimaryBit = 0x40
/** By number on the wire; the third, by the whole handle, is what an absent option means. */
const hashOptions = ['HASH_TYPE_BY_PREFIX', 'HASH_TYPE_BY_SUFFIX', 'HASH_TYPE_BY_ALL'] as const
const protocols = ['UDP', 'TCP', 'HTTP', 'HTTPS'] as const
const adminBit = 0x01
const queryBit = 0x02
const noBytes = Buffer.alloc(0)
const portMax = 0xffff

const attributeBytesMin = 8
const serverBytesMin = 28
const interfaceBytesMin = 6

/**
 * HS_SITE and its relatives, and the answer to "get site info" (RFC 3651 §3.2.2). Reads to the end.
 * A hash filter, unknown bits and a server key without JWK are left out of the result:
 * `decodeValueData` notices that and keeps the bytes.
 */
export function decodeSite(reader: ByteReader): Site {
  const version = reader.uint16()
  const protocolVersion = `${reader.uint8()}.${reader.uint8()}`
  const serialNumber = reader.uint16()
  const primaryMask = reader.uint8()
  const hashOption = hashOptionOf(reader.uint8())
  reader.sized() // hash filter
  const attributes = decodeAttributes(reader)
  const servers = decodeServers(reader)
  reader.end()
  return {
    version,
    protocolVersion,
    serialNumber,
    primarySite: (primaryMask & primaryBit) !== 0,
    multiPrimary: (primaryMask & multiPrimaryBit) !== 0,
    ...(hashOption === 'HASH_TYPE_BY_ALL' ? {} : { hashOption }),
    attributes,
    servers,
  }
}

export function encodeSite(writer: ByteWriter, site: Site): void {
  const [major, minor] = site.protocolVersion.split('.').map(Number)
  assert(major !== undefined && minor !== undefined, `protocol version ${site.protocolVersion}`)
  writer.uint16(site.version)
  writer.uint8(major)
  writer.uint8(minor)
  writer.uint16(site.serialNumber)
  writer.uint8((site.primarySite ? primaryBit : 0) | (site.multiPrimary ? multiPrimaryBit : 0))
  writer.uint8(hashOptions.indexOf(site.hashOption ?? 'HASH_TYPE_BY_ALL'))
  writer.sized(noBytes) // hash filter
  writer.int32(site.attributes.length)
  for (const { name, value } of site.attributes) {
    writer.text(name)
    writer.text(value)
  }
  writer.int32(site.servers.length)
  for (const server of site.servers) encodeServer(writer, server)
}

function hashOptionOf(number: number): NonNullable<Site['hashOption']> {
  const option = hashOptions[number]
  if (option === undefined) throw new MalformedBytes('value', `hash option ${number}`)
  return option
}

function decodeAttributes(reader: ByteReader): Site['attributes'] {
  const count = reader.count(attributeBytesMin, valueCountMax)
  const attributes: Site['attributes'][number][] = []
  for (let n = 0; n < count; n += 1) {
    const name = reader.text()
    attributes.push({ name, value: reader.text() })
  }
  return attributes
}

function decodeServers(reader: ByteReader): readonly SiteServer[] {
  const count = reader.count(serverBytesMin, valueCountMax)
  const servers: SiteServer[] = []
  for (let n = 0; n < count; n += 1) servers.push(decodeServer(reader))
  return servers
}

function decodeServer(reader: ByteReader): SiteServer {
  const serverId = reader.int32()
  const address = ipAddressText(reader.bytes(ipAddressBytes))
  const key = findPublicKey(reader.sized())
  const interfaces = decodeInterfaces(reader)
  return {
    serverId,
    address,
    ...(key === undefined ? {} : { publicKey: { format: 'key' as const, value: key } }),
    interfaces,
  }
}

function encodeServer(writer: ByteWriter, server: SiteServer): void {
  writer.int32(server.serverId)
  writer.bytes(ipAddressOf(server.address))
  const key = writer.beginSized()
  if (server.publicKey !== undefined) encodePublicKey(writer, server.publicKey.value)
  writer.endSized(key)
  writer.int32(server.interfaces.length)
  for (const { query, admin, protocol, port } of server.interfaces) {
    writer.uint8((admin ? adminBit : 0) | (query ? queryBit : 0))
    writer.uint8(protocols.indexOf(protocol))
    writer.int32(port)
  }
}

/** A key we cannot use does not make the server unreachable. */
function findPublicKey(bytes: Buffer): PublicJwk | undefined {
  if (bytes.length === 0) return undefined
  try {
    return decodePublicKey(bytes)
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}

function decodeInterfaces(reader: ByteReader): readonly SiteInterface[] {
  const count = reader.count(interfaceBytesMin, valueCountMax)
  const interfaces: SiteInterface[] = []
  for (let n = 0; n < count; n += 1) interfaces.push(decodeInterface(reader))
  return interfaces
}

function decodeInterface(reader: ByteReader): SiteInterface {
  const type = reader.uint8()
  const protocol = protocols[reader.uint8()]
  const port = reader.int32()
  if (protocol === undefined) throw new MalformedBytes('value', 'transmission protocol')
  if (port < 0 || port > portMax) throw new MalformedBytes('value', `port ${port}`)
  return { query: (type & queryBit) !== 0, admin: (type & adminBit) !== 0, protocol, port }
}
