import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'

const program = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'main.js')

/** What the operator of every node of a bench asks with. */
export const operatorKey = `qxk_00000001_${Buffer.alloc(32, 1).toString('base64url')}`

/** A node over an empty database, as a process of its own. @param folder for its key and files */
export async function startServerNode(databaseUrl: string, folder: string): Promise<Child> {
  const masterKeyFile = join(folder, 'master.key')
  await writeFile(masterKeyFile, 'ab'.repeat(32), { mode: 0o600 })
  return startChild(program, ['start'], {
    QXM_DATABASE_URL: databaseUrl,
    QXM_DATA_DIR: folder,
    QXM_MASTER_KEY_FILE: masterKeyFile,
    QXM_BOOTSTRAP_KEY: operatorKey,
    QXM_HTTP_PORT: '0',
    QXM_OPS_PORT: '0',
    QXM_HANDLE_PORT: '0',
    QXM_LOG_LEVEL: 'warn',
    QXM_NODE_LAMEDUCK_MS: '0',
  })
}
