import { bench } from './bench.ts'
import { clientCreate, clientList, clientRevoke } from './client.ts'
import type { Command } from './command.ts'
import { configCheck, configPrint } from './config.ts'
import { doctor } from './doctor.ts'
import { exportRecords } from './export.ts'
import { keyList, keyRotate } from './key.ts'
import { keyMake } from './key-make.ts'
import { migrateStore } from './migrate.ts'
import { prefixChange, prefixCreate, prefixList } from './prefix.ts'
import { resolve, trace } from './resolve.ts'
import { restore } from './restore.ts'
import { site } from './site.ts'
import { start } from './start.ts'

/** Every command, in the order help shows them: running, asking, keeping, looking after. */
export const commands: readonly Command[] = [
  start,
  resolve,
  trace,
  bench,
  exportRecords,
  prefixList,
  prefixCreate,
  prefixChange,
  clientCreate,
  clientList,
  clientRevoke,
  keyMake,
  site,
  configCheck,
  configPrint,
  doctor,
  migrateStore,
  keyList,
  keyRotate,
  restore,
]
