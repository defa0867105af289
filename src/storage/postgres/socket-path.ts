import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** The kernel keeps 108 bytes for a socket's path, its end included (unix(7)); other systems keep 104. */
const socketPathBytesMax = 100

/**
 * Uses a socket in a folder under a path that fits into a socket's address. Where the real one is too long, the folder,
 * held open meanwhile, has a short name under /proc. (A socket in the temporary folder, pointed to from here, would be
 * out of sight of another container that shares the folder.)
 */
export async function withSocketPath<Result>(
  folder: string,
  name: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= socketPathBytesMax) return use(path)
  const handle = await open(folder, 'r')
  try {
    return await use(`/proc/self/fd/${handle.fd}/${name}`)
  } finally {
    await handle.close()
  }
}
