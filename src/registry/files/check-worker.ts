import { parentPort, workerData } from 'node:worker_threads'
import { checkFile } from './check-file.ts'
import { kindByContent } from './kind-by-content.ts'

/**
 * The thread in which one file is checked, so that a hostile one ends nothing but its own thread. It says `null` once
 * everything is loaded, from when on its time counts, and then its verdict.
 */
const bytes = Buffer.from(workerData as Uint8Array)
if (kindByContent(bytes) === 'pdf') await import('./pdf-checks.ts')
parentPort?.postMessage(null)
parentPort?.postMessage(await checkFile(bytes))
