import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import protobuf from 'protobufjs'
import { kinds, systems } from '../../model/identifier.ts'
import type { Alias, Basis, StoredRecord } from '../../model/record.ts'
import {
  permissionsDefault,
  type Reference,
  type Value,
  type ValueData,
} from '../../model/value.ts'
import type { SharedEntry } from '../../resolver/shared-records.ts'

/** Shared records as bytes: a CRC-32 over what follows, then `qxm.store.v1.Entry`. */
export interface RecordCodec {
  encode(entry: SharedEntry): Buffer
  /** @throws Error for bytes that no {@link encode} made: cut off, changed, or somebody else's */
  decode(bytes: Buffer): SharedEntry
}

/** Part of every key in Redis, so that nodes of two formats keep out of each other's way. */
export const formatVersion = 'v1'

const checksumBytes = 4

/**
 * Loads `qxm/store/v1/record.proto`, once.
 * @param protoFolder the folder `proto` of the installation
 */
export function openRecordCodec(protoFolder: string): RecordCodec {
  const root = new protobuf.Root()
  root.loadSync(join(protoFolder, 'qxm/store/v1/record.proto'))
  const entryType = root.lookupType('qxm.store.v1.Entry')

  return {
    encode({ asOfSeq, record }) {
      const body = entryType.encode({ asOfSeq, record: recordToMessage(record) }).finish()
      const bytes = Buffer.allocUnsafe(checksumBytes + body.length)
      bytes.writeUInt32BE(crc32(body), 0)
      bytes.set(body, checksumBytes)
      return bytes
    },

    decode(bytes) {
      if (bytes.length <= checksumBytes) throw new Error('too short for an entry')
      const body = bytes.subarray(checksumBytes)
      if (crc32(body) !== bytes.readUInt32BE(0)) throw new Error('the checksum is wrong')
      const { asOfSeq, record } = entryType.decode(body) as unknown as EntryMessage
      if (record === null) throw new Error('an entry without a record')
      return { asOfSeq: toNumber(asOfSeq), record: messageToRecord(record) }
    },
  }
}

/** 64-bit numbers as protobufjs reads them. */
type Wide = number | { toNumber(): number }

interface EntryMessage {
  readonly asOfSeq: Wide
  readonly record: RecordMessage | null
}

interface RecordMessage {
  readonly key: string
  readonly identifier: string
  readonly system: string
  readonly prefix: string
  readonly kind: string
  readonly values: readonly ValueMessage[]
  readonly aliases: readonly AliasMessage[]
  readonly subject?: string | null
  readonly submitter: string
  readonly basis: string
  readonly serial: Wide
  readonly updatedAt: string
  readonly successor?: string | null
  readonly gone?: { readonly reason?: string | null } | null
}

interface ValueMessage {
  readonly index: number
  readonly type: string
  readonly format: string
  readonly data: string
  readonly ttlSeconds?: number | undefined
  readonly ttlUntil?: string | undefined
  readonly timestamp: string
  readonly permissions?: string | null | undefined
  readonly references: readonly Reference[]
}

interface AliasMessage {
  readonly system: string
  readonly text: string
  readonly key: string
  readonly authority: string
  readonly standing: string
}

function recordToMessage(record: StoredRecord): RecordMessage {
  return { ...record, values: record.values.map(valueToMessage) }
}

function messageToRecord(message: RecordMessage): StoredRecord {
  return {
    key: message.key,
    identifier: message.identifier,
    system: oneOf(systems, message.system),
    prefix: message.prefix,
    kind: oneOf(kinds, message.kind),
    values: message.values.map(messageToValue),
    aliases: message.aliases.map(messageToAlias),
    subject: message.subject ?? null,
    submitter: message.submitter,
    basis: oneOf(bases, message.basis),
    serial: toNumber(message.serial),
    updatedAt: message.updatedAt,
    successor: message.successor ?? null,
    gone: message.gone == null ? null : { reason: message.gone.reason ?? null },
  }
}

/** Member by member: spreading the rest of a value takes three times as long as all of its encoding. */
function valueToMessage(value: Value): ValueMessage {
  const { index, type, data, ttl, timestamp, permissions, references } = value
  return {
    index,
    type,
    format: data.format,
    data: isText(data) ? data.value : JSON.stringify(data.value),
    ttlSeconds: typeof ttl === 'number' ? ttl : undefined,
    ttlUntil: typeof ttl === 'number' ? undefined : ttl,
    timestamp,
    permissions: permissions === permissionsDefault ? undefined : permissions,
    references,
  }
}

function messageToValue(message: ValueMessage): Value {
  const { index, type, timestamp, references } = message
  return {
    index,
    type,
    data: messageToData(message),
    ttl: message.ttlUntil ? message.ttlUntil : (message.ttlSeconds ?? 0),
    timestamp,
    permissions: message.permissions ?? permissionsDefault,
    references: references.map(({ handle, index }) => ({ handle, index })),
  }
}

function messageToData({ format, data }: ValueMessage): ValueData {
  const known = oneOf(formats, format)
  return known === 'string' || known === 'base64'
    ? { format: known, value: data }
    : { format: known, value: JSON.parse(data) }
}

function messageToAlias({ system, text, key, authority, standing }: AliasMessage): Alias {
  return {
    system: oneOf(systems, system),
    text,
    key,
    authority,
    standing: oneOf(standings, standing),
  }
}

const bases = ['authority', 'consent', 'grant'] as const satisfies readonly Basis[]
const standings = ['claimed', 'released', 'granted'] as const satisfies readonly Alias['standing'][]
const formats = [
  'string',
  'base64',
  'admin',
  'vlist',
  'site',
  'key',
] as const satisfies readonly ValueData['format'][]

function isText(data: ValueData): data is Extract<ValueData, { value: string }> {
  return data.format === 'string' || data.format === 'base64'
}

/** A newer node may know words that we do not: what has one is the store's to answer. */
function oneOf<const Word extends string>(words: readonly Word[], text: string): Word {
  const word = words.find(word => word === text)
  if (word === undefined) throw new Error(`an unknown word: ${JSON.stringify(text.slice(0, 40))}`)
  return word
}

function toNumber(wide: Wide): number {
  return typeof wide === 'number' ? wide : wide.toNumber()
}
