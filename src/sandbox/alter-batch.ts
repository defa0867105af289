import { buffer } from 'node:stream/consumers'
import { readZip, writeZip, type ZipSource } from '../protocols/bytes/zip.ts'

/** The same archive with one character of its rows changed, and the manifest as it was signed. */
export async function alterBatch(zip: Buffer, now: Date): Promise<Buffer> {
  const files: ZipSource[] = []
  for await (const { name, bytes } of readZip(zip)) {
    const content = await buffer(bytes)
    files.push({ name, bytes: name.endsWith('.ndjson') ? altered(content) : content })
  }
  return writeZip(files, now)
}

/** Of the same length, and JSON still. */
function altered(content: Buffer): Buffer {
  const changed = Buffer.from(content)
  const at = changed.lastIndexOf('"') - 1
  if (at >= 0) changed[at] = changed[at] === 0x78 ? 0x79 : 0x78
  return changed
}
