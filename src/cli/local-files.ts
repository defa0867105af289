import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { say } from '../model/text.ts'
import { type Call, UsageError } from './command.ts'
import { json } from './print.ts'

/** @throws UsageError for a file that is not there, before anybody is asked */
export async function readLocalFile(file: string): Promise<AsyncIterable<Buffer>> {
  const handle = await open(file).catch(error => {
    throw new UsageError(
      say(`无法读取 ${file}：${error.message}`, `cannot read ${file}: ${error.message}`),
    )
  })
  await handle.close()
  return createReadStream(file)
}

/** Writes a file that is there only when it is whole; the one that had its name stays until then. */
export async function writeLocalFile(
  file: string,
  bytes: AsyncIterable<Buffer>,
): Promise<{ readonly byteCount: number }> {
  const part = `${file}.part`
  const handle = await open(part, 'w')
  let byteCount = 0
  try {
    for await (const piece of bytes) {
      byteCount += piece.length
      await handle.writeFile(piece)
    }
    await handle.close()
    await rename(part, file)
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(part, { force: true })
    throw error
  }
  return { byteCount }
}

/** Writes a file and says so. */
export async function deliverFile(
  { isJson, language, write }: Call,
  file: string,
  bytes: AsyncIterable<Buffer>,
): Promise<void> {
  const { byteCount } = await writeLocalFile(file, bytes)
  const written = say(`已写入 ${file}`, `wrote ${file}`)[language]
  await write(isJson ? json({ file, bytes: byteCount }) : `${written}\n`)
}
