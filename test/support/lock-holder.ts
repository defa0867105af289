import { FolderTaken, lockFolder } from '../../src/storage/postgres/folder-lock.ts'

/** Locks the folder it is given and keeps it until it is killed. Started as a process by tests. */
try {
  await lockFolder(process.argv[2] ?? '')
  console.log(`locked ${process.pid}`)
  setInterval(() => undefined, 1_000)
} catch (error) {
  console.log(error instanceof FolderTaken ? `refused ${error.pid}` : String(error))
}
