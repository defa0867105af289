import { crc32, deflateRawSync } from 'node:zlib'

/** A file of an archive that may lie: what is not said is right. */
export interface AnEntry {
  readonly name: string | Buffer
  readonly bytes?: Buffer
  readonly isStored?: boolean
  /** In the header before the content. */
  readonly localName?: string
  readonly announcedBytes?: number
  readonly checksum?: number
  /** UNIX type and permission bits. */
  readonly mode?: number
  readonly flags?: number
  readonly method?: number
  /** Where the directory says it begins; nothing is written for it then. */
  readonly place?: number
}

const utf8Flag = 0x800

/** An archive written field by field (APPNOTE 4.3), so that each may be wrong. */
export function aZip(entries: readonly AnEntry[]): Buffer {
  const parts: Buffer[] = []
  const directory = entries.map(entry => {
    const { bytes = Buffer.from('text\n'), isStored = false, mode = 0o100_644 } = entry
    const name = Buffer.from(entry.name as Buffer)
    const packed = isStored ? bytes : deflateRawSync(bytes)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(entry.flags ?? utf8Flag, 2)
    fields.writeUInt16LE(entry.method ?? (isStored ? 0 : 8), 4)
    fields.writeUInt32LE(entry.checksum ?? crc32(bytes), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(entry.announcedBytes ?? bytes.length, 18)
    fields.writeUInt16LE(name.length, 22)

    const place = entry.place ?? size(parts)
    if (entry.place === undefined) {
      const localName = entry.localName === undefined ? name : Buffer.from(entry.localName)
      const local = Buffer.from(fields)
      local.writeUInt16LE(localName.length, 22)
      parts.push(Buffer.from('504b0304', 'hex'), local, localName, packed)
    }
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(mode * 0x1_0000, 6)
    rest.writeUInt32LE(place, 10)
    const head = Buffer.concat([Buffer.from('504b01021403', 'hex'), fields, rest])
    return Buffer.concat([head, name])
  })
  const start = size(parts)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(size(directory), 12)
  end.writeUInt32LE(start, 16)
  return Buffer.concat([...parts, ...directory, end])
}

function size(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}
