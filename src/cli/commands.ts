import { apply, applyEdit, applyList, applyShow, applySubmit, applyWithdraw } from './apply.ts'
import { bench } from './bench.ts'
import { benchCompare } from './bench-compare.ts'
import { clientCreate, clientList, clientRevoke } from './client.ts'
import { codePlace, codeResume, codeRevoke, codeShow, codeSuspend } from './code.ts'
import type { Command } from './command.ts'
import { configCheck, configPrint } from './config.ts'
import { doctor } from './doctor.ts'
import { exportRecords } from './export.ts'
import { keyDestroy, keyList, keyRetire, keyRotate } from './key.ts'
import { keyMake } from './key-make.ts'
import { label } from './label.ts'
import { mandateConfirm, mandateEnd, mandateList, mandateNew } from './mandate.ts'
import {
  mapAdd,
  mapAlias,
  mapApprove,
  mapConflicts,
  mapList,
  mapRefuse,
  mapRemove,
  mapTransfer,
} from './map.ts'
import { mapRule, mapRules, mapTest, mapUnrule } from './map-rules.ts'
import { migrateStore } from './migrate.ts'
import { notices } from './notices.ts'
import { prefixChange, prefixCreate, prefixList, prefixShow } from './prefix.ts'
import { resolve, trace } from './resolve.ts'
import { restore } from './restore.ts'
import {
  reviewApprove,
  reviewList,
  reviewReject,
  reviewReturn,
  reviewShow,
  reviewTake,
} from './review.ts'
import { sandboxEnterprise } from './sandbox.ts'
import { site } from './site.ts'
import { siteCheck } from './site-check.ts'
import { start } from './start.ts'
import { userCreate, userDisable, userList, userReset, userSetupLink } from './user.ts'

/** Every command, in the order help shows them: running, asking, from application to code, keeping, looking after. */
export const commands: readonly Command[] = [
  start,
  sandboxEnterprise,
  resolve,
  trace,
  bench,
  benchCompare,
  exportRecords,
  apply,
  applyEdit,
  applySubmit,
  applyWithdraw,
  applyShow,
  applyList,
  reviewList,
  reviewShow,
  reviewTake,
  reviewReturn,
  reviewApprove,
  reviewReject,
  codeShow,
  codeSuspend,
  codeResume,
  codeRevoke,
  codePlace,
  mandateNew,
  mandateConfirm,
  mandateEnd,
  mandateList,
  notices,
  label,
  prefixList,
  prefixCreate,
  prefixChange,
  prefixShow,
  mapAdd,
  mapList,
  mapRemove,
  mapConflicts,
  mapApprove,
  mapRefuse,
  mapTransfer,
  mapAlias,
  mapRule,
  mapRules,
  mapUnrule,
  mapTest,
  clientCreate,
  clientList,
  clientRevoke,
  userCreate,
  userList,
  userDisable,
  userReset,
  userSetupLink,
  keyMake,
  site,
  siteCheck,
  configCheck,
  configPrint,
  doctor,
  migrateStore,
  keyList,
  keyRotate,
  keyRetire,
  keyDestroy,
  restore,
]
