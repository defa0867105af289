import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import protobuf from 'protobufjs'
import { kinds, systems } from '../../model/identifier.ts'
import { type Alias, aliasStandings, bases, type StoredRecord } from '../../model/record.ts'
import {
  permissionsDefault,
  type Reference,
  type Value,
  type ValueData,
} from '../../model/value.ts'
import type { SharedEntry } from '../../resolver/shared-records.ts'
import { cutTexts, TextTable } from './text-table.ts'

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
      const table = new TextTable()
      const message = recordToMessage(record, table)
      const { textEnds } = table
      const texts = Buffer.from(table.texts)
      const body = entryType.encode({ asOfSeq, texts, textEnds, record: message }).finish()
      const bytes = Buffer.allocUnsafe(checksumBytes + body.length)
      bytes.writeUInt32BE(crc32(body), 0)
      bytes.set(body, checksumBytes)
      return bytes
    },

    decode(bytes) {
      if (bytes.length <= checksumBytes) throw new Error('too short for an entry')
      const body = bytes.subarray(checksumBytes)
      if (crc32(body) !== bytes.readUInt32BE(0)) throw new Error('the checksum is wrong')
      const { asOfSeq, texts, textEnds, record } = entryType.decode(body) as unknown as EntryMessage
      if (record === null) throw new Error('an entry without a record')
      return { asOfSeq, record: messageToRecord(record, cutTexts(texts.toString(), textEnds)) }
    },
  }
}

interface EntryMessage {
  readonly asOfSeq: number
  readonly texts: Buffer
  readonly textEnds: readonly number[]
  readonly record: RecordMessage | null
}

/** Texts by their numbers, 0 where there is none. */
interface RecordMessage {
  readonly key: number
  readonly identifier: number
  readonly system: number
  readonly prefix: number
  readonly kind: number
  readonly values: readonly number[]
  readonly references: readonly number[]
  readonly aliases: readonly number[]
  readonly subject: number
  readonly submitter: number
  readonly basis: number
  readonly serial: number
  readonly updatedAt: number
  readonly successor: number
  readonly isGone: boolean
  readonly goneReason: number
}

/** Numbers that make one of each. */
const rowLength = { value: 9, reference: 2, alias: 5 } as const

function recordToMessage(record: StoredRecord, table: TextTable): RecordMessage {
  const { gone } = record
  const values: number[] = []
  const references: number[] = []
  const aliases: number[] = []
  for (const value of record.values) addValue(value, table, values, references)
  for (const alias of record.aliases) addAlias(alias, table, aliases)
  return {
    key: table.add(record.key),
    identifier: table.add(record.identifier),
    system: table.add(record.system),
    prefix: table.add(record.prefix),
    kind: table.add(record.kind),
    values,
    references,
    aliases,
    subject: table.addMaybe(record.subject),
    submitter: table.add(record.submitter),
    basis: table.add(record.basis),
    serial: record.serial,
    updatedAt: table.add(record.updatedAt),
    successor: table.addMaybe(record.successor),
    isGone: gone !== null,
    goneReason: table.addMaybe(gone === null ? null : gone.reason),
  }
}

function messageToRecord(message: RecordMessage, texts: readonly string[]): StoredRecord {
  return {
    key: textOf(texts, message.key),
    identifier: textOf(texts, message.identifier),
    system: oneOf(systems, textOf(texts, message.system)),
    prefix: textOf(texts, message.prefix),
    kind: oneOf(kinds, textOf(texts, message.kind)),
    values: rowsToValues(message, texts),
    aliases: rowsToAliases(message.aliases, texts),
    subject: maybeTextOf(texts, message.subject),
    submitter: textOf(texts, message.submitter),
    basis: oneOf(bases, textOf(texts, message.basis)),
    serial: message.serial,
    updatedAt: textOf(texts, message.updatedAt),
    successor: maybeTextOf(texts, message.successor),
    gone: message.isGone ? { reason: maybeTextOf(texts, message.goneReason) } : null,
  }
}

function addValue(value: Value, table: TextTable, rows: number[], references: number[]): void {
  const { index, type, data, ttl, timestamp, permissions } = value
  rows.push(
    index,
    table.add(type),
    table.add(data.format),
    table.add(isText(data) ? data.value : JSON.stringify(data.value)),
    typeof ttl === 'number' ? ttl : 0,
    typeof ttl === 'number' ? 0 : table.add(ttl),
    table.add(timestamp),
    permissions === permissionsDefault ? 0 : table.add(permissions),
    value.references.length,
  )
  for (const { handle, index } of value.references) references.push(table.add(handle), index)
}

function addAlias(alias: Alias, table: TextTable, rows: number[]): void {
  const { system, text, key, authority, standing } = alias
  for (const each of [system, text, key, authority, standing]) rows.push(table.add(each))
}

function rowsToValues(message: RecordMessage, texts: readonly string[]): Value[] {
  const { values: rows, references } = message
  const values: Value[] = []
  let referenceAt = 0
  for (let at = 0; at < rows.length; at += rowLength.value) {
    const ttlUntil = numberAt(rows, at + 5)
    const referenceEnd = referenceAt + numberAt(rows, at + 8) * rowLength.reference
    values.push({
      index: numberAt(rows, at),
      type: textOf(texts, numberAt(rows, at + 1)),
      data: dataOf(textOf(texts, numberAt(rows, at + 2)), textOf(texts, numberAt(rows, at + 3))),
      ttl: ttlUntil === 0 ? numberAt(rows, at + 4) : textOf(texts, ttlUntil),
      timestamp: textOf(texts, numberAt(rows, at + 6)),
      permissions: maybeTextOf(texts, numberAt(rows, at + 7)) ?? permissionsDefault,
      references: rowsToReferences(references, referenceAt, referenceEnd, texts),
    })
    referenceAt = referenceEnd
  }
  return values
}

function rowsToReferences(
  rows: readonly number[],
  start: number,
  end: number,
  texts: readonly string[],
): Reference[] {
  const references: Reference[] = []
  for (let at = start; at < end; at += rowLength.reference) {
    references.push({
      handle: textOf(texts, numberAt(rows, at)),
      index: numberAt(rows, at + 1),
    })
  }
  return references
}

function rowsToAliases(rows: readonly number[], texts: readonly string[]): Alias[] {
  const aliases: Alias[] = []
  for (let at = 0; at < rows.length; at += rowLength.alias) {
    aliases.push({
      system: oneOf(systems, textOf(texts, numberAt(rows, at))),
      text: textOf(texts, numberAt(rows, at + 1)),
      key: textOf(texts, numberAt(rows, at + 2)),
      authority: textOf(texts, numberAt(rows, at + 3)),
      standing: oneOf(aliasStandings, textOf(texts, numberAt(rows, at + 4))),
    })
  }
  return aliases
}

function dataOf(format: string, data: string): ValueData {
  const known = oneOf(formats, format)
  return known === 'string' || known === 'base64'
    ? { format: known, value: data }
    : { format: known, value: JSON.parse(data) }
}

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
  for (const word of words) if (word === text) return word
  throw new Error(`an unknown word: ${JSON.stringify(text.slice(0, 40))}`)
}

function textOf(texts: readonly string[], number: number): string {
  const text = texts[number - 1]
  if (text === undefined) throw new Error(`no text ${number}`)
  return text
}

function maybeTextOf(texts: readonly string[], number: number): string | null {
  return number === 0 ? null : textOf(texts, number)
}

function numberAt(rows: readonly number[], at: number): number {
  const number = rows[at]
  if (number === undefined) throw new Error('a row is cut off')
  return number
}
