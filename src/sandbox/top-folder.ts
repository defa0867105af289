import { join } from 'node:path'

/** The prefix of the node below the simulated top-level node, as in the demo. */
export const nodePrefix = '88.118'

/** Where the top-level node keeps what it has, below the sandbox's folder. */
export function topFolderOf(folder: string): string {
  return join(folder, 'top')
}
