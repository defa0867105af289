import { apply, applyEdit, applyList, applyShow, applySubmit, applyWithdraw } from './apply.ts'
import { bench } from './bench.ts'
import { benchCompare } from './bench-compare.ts'
import { benchData } from './bench-data.ts'
import { clientCreate, clientList, clientRevoke } from './client.ts'
import { codePlace, codeResume, codeRevoke, codeShow, codeSuspend } from './code.ts'
import type { Command } from './command.ts'
import { configCheck, configPrint } from './config.ts'
import { doctor } from './doctor.ts'
import { exportRecords } from './export.ts'

import { fileGet, filePut } from './file.ts'
import { grantAdd, grantList, grantRevoke } from './grant.ts'
import { importFile } from './import.ts'
import {
  importTopAnswer,
  importTopList,
  importTopPlan,
  importTopPull,
  importTopQuestions,
  importTopRelease,
  importTopRollback,
  importTopShow,
} from './import-top.ts'
import { jobApply, jobCancel, jobErrors, jobList, jobShow, undoJob } from './job.ts'
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
import { pkiAuthority, pkiClient, pkiPkcs12, pkiServer, pkiSign } from './pki.ts'
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
import { sandbox, sandboxEnterprise } from './sandbox.ts'
import { sandboxGrant, sandboxPush } from './sandbox-push.ts'
import { site } from './site.ts'
import { siteCheck } from './site-check.ts'
import { start } from './start.ts'
import { userCreate, userDisable, userList, userReset, userSetupLink } from './user.ts'

/** Every command, in the order help shows them: running, asking, from application to code, keeping, looking after. */
export const commands: readonly Command[] = [
  start,
  sandbox,
  sandboxEnterprise,
  sandboxGrant,
  sandboxPush,
  resolve,
  trace,
  bench,
  benchCompare,
  benchData,
  importFile,
  jobList,
  jobShow,
  jobApply,
  jobCancel,
  jobErrors,
  undoJob,
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
  filePut,
  fileGet,
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
  grantAdd,
  grantList,
  grantRevoke,
  importTopList,
  importTopShow,
  importTopPlan,
  importTopRelease,
  importTopRollback,
  importTopQuestions,
  importTopAnswer,
  importTopPull,
  clientCreate,
  clientList,
  clientRevoke,
  userCreate,
  userList,
  userDisable,
  userReset,
  userSetupLink,
  keyMake,
  pkiAuthority,
  pkiServer,
  pkiClient,
  pkiSign,
  pkiPkcs12,
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
