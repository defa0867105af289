import { randomBytes } from 'node:crypto'
import { makeHasAuthority } from '../../src/access/authority.ts'
import { makePermissions } from '../../src/access/permissions.ts'
import { openFiling } from '../../src/assembly/filing.ts'
import { makeCodeCipher } from '../../src/crypto/code-cipher.ts'
import { makeKeyStore } from '../../src/crypto/key-store.ts'
import { makeMasterKey } from '../../src/crypto/master-key.ts'
import { isUnder } from '../../src/mapping/prefix-walk.ts'
import type { Caller, Role } from '../../src/model/caller.ts'
import { Failure } from '../../src/model/failures.ts'
import { checkFile } from '../../src/registry/files/check-file.ts'
import type { PrefixRecords } from '../../src/registry/prefix-proofs/parts.ts'
import { makeClients } from '../../src/storage/postgres/clients.ts'
import type { Database } from '../../src/storage/postgres/database.ts'
import { makeKeyRows } from '../../src/storage/postgres/keys.ts'
import { coreOver } from '../registry/a-core.ts'
import { anOperator, codePrefix, names, nodePrefix } from './builders.ts'

/** Everything an application needs, right in every field. The credit codes are fictional, with valid check symbols. */
export const aFirm = {
  uscc: '91440300MA0DEMAA0A',
  producerName: '深圳示例精密制造有限公司',
  producerClassificationName: 'C3911 计算机整机制造',
  producerAddress: '广东省深圳市南山区示例路 1 号',
  legalRepresentative: '张三',
  registeredCapital: '1000 万元人民币',
  businessScope: '精密零件的制造与销售',
  managementForms: '存续',
  registerDate: 20150401,
  operationTerm: 99991231,
  issueDate: 20200821,
} as const

export const anInstitution = {
  ...aFirm,
  uscc: '12110000MB0DEMBB94',
  producerName: '北京示例工业计量研究院',
  producerClassificationName: 'M7452 检测服务',
  producerAddress: '北京市海淀区示例街 2 号',
  legalRepresentative: '李四',
}

export const aConsent = {
  purpose: '申请企信码',
  tables: ['basic'],
  audience: { role: 'reviewer' },
  until: '2031-01-01T00:00:00Z',
}

/** A filing that lacks nothing. */
export const aFiling = { basic: aFirm, consent: aConsent, declaration: true }

export type Office = Awaited<ReturnType<typeof anOffice>>

/** One process of a node where enterprises apply and reviewers decide, over a store of its own. */
export async function anOffice(database: Database, prefixRecords: Partial<PrefixRecords> = {}) {
  const core = await coreOver(database)
  const { clock, directory, transactions } = core
  const permissions = makePermissions({ hasAuthority: makeHasAuthority({ isUnder }) })
  const store = makeKeyStore({
    rows: makeKeyRows(database, () => new Date(clock.now())),
    masterKey: makeMasterKey(Buffer.alloc(32, 7), randomBytes),
    random: randomBytes,
  })
  await store.open()
  await core.prefix(codePrefix)
  const cipher = makeCodeCipher({ prefix: codePrefix, keys: [demoKey] })
  const codes = {
    prefix: codePrefix,
    keyVersion: 1,
    encode: (seq: number) => cipher.encode(seq, 1),
  }
  const clientReader = makeClients(database)
  const filing = await openFiling(
    database,
    { store },
    { permissions, names, directory },
    {
      transactions,
      codes,
      clientReader,
      forgetClients: () => undefined,
      // Its thread is tried on its own.
      checkFile,
      prefixRecords: { ...nothingKnown, ...prefixRecords },
      nodePrefix,
      now: () => new Date(clock.now()),
    },
  )

  return {
    ...core,
    ...filing,
    codes,
    /** A credential of that role; what it acts for is read anew each time, as a request does. */
    async client(role: Role): Promise<Caller> {
      const { id } = await core.clients.create(
        { name: role, role, subject: null, prefixes: [], cidrs: [], until: null },
        { caller: anOperator },
      )
      return { id, role, subject: null, prefixes: [] }
    },
    async again(caller: Caller): Promise<Caller> {
      const client = await clientReader.find(caller.id)
      return { ...caller, subject: client?.subject ?? null }
    },
    /** Files and approves. */
    async enroll(filer: Caller, reviewer: Caller, basic: object = aFirm): Promise<string> {
      const input = { ...aFiling, basic: { ...basic }, submit: true }
      const { id } = await filing.applications.create(input, { caller: filer })
      const view = await filing.review.decide(id, { decision: 'approve' }, { caller: reviewer })
      if (view?.code == null) throw new Error('not approved')
      return view.code
    },
    /** What the store holds, as text: for looking whether something secret is in it. */
    async dump(table: string): Promise<string> {
      return JSON.stringify(await database.query(`select * from ${table}`))
    },
  }
}

/** Whatever is refused, as its code and the rules broken. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const rules = error.errors.map(({ pointer, rule }) => `${pointer} ${rule}`)
    return [error.code, ...rules].join(', ')
  }
}

/** An identifier system in which no name has a record. */
const nothingKnown: PrefixRecords = {
  lookUp: async () => undefined,
  adminOf: data => (data.format === 'admin' ? data.value : undefined),
  referencesOf: data => (data.format === 'vlist' ? data.value : undefined),
  publicKeyOf: data => (data.format === 'key' ? data.value : undefined),
  sitesOf: () => [],
  isSignature: () => false,
}

const demoKey = {
  version: 1,
  algorithm: 'sm4',
  key: Buffer.from('0123456789abcdeffedcba9876543210', 'hex'),
  state: 'active',
  filter: true,
} as const
