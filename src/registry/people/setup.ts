import {
  demandPassword,
  isSetupToken,
  makeRecoveryCode,
  needsSecondFactor,
  type PersonRole,
  parseUsername,
  readSecondFactor,
  recoveryCodeCount,
} from '../../access/accounts.ts'
import type { Gate } from '../../access/gate.ts'
import { makeSessionToken } from '../../access/sessions.ts'
import { anyone } from '../../model/caller.ts'
import { Failure, invalid } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { hashOfRecoveryCode, newAccount, putSession, usernameTaken } from './account-rows.ts'
import {
  newOperator,
  type PeopleLedger,
  type PeopleReads,
  type PeopleSecrets,
  type PeopleTransactions,
  type SetupRow,
} from './parts.ts'

/** What a setup link offers to whoever holds it. */
export interface SetupOffer {
  /** Null where the person chooses it. */
  readonly username: string | null
  readonly role: PersonRole
  /** Null where the role needs no second factor. */
  readonly totpSecret: Buffer | null
  readonly until: Date
}

export interface SetupInput {
  readonly token: string
  /** Only where the link leaves it open. */
  readonly username?: string | undefined
  readonly password: string
  /** Of the second factor that was offered: proves that the app has it. */
  readonly code?: string | undefined
}

export interface SetupDone {
  readonly id: string
  readonly username: string
  readonly role: PersonRole
  /** Shown once; none where there is no second factor. */
  readonly recoveryCodes: readonly string[]
  /** The person is logged in: the secret of the session's cookie. */
  readonly sessionToken: string
}

export interface SetupParts {
  readonly transactions: PeopleTransactions
  readonly reads: Pick<PeopleReads, 'findSetup' | 'findAccount'>
  readonly secrets: PeopleSecrets
  /** In front of hashing passwords. */
  readonly gate: Gate
  readonly hashPassword: (password: string) => Promise<string>
  readonly totpStepOf: (secret: Buffer, code: string, nowMs: number) => number | undefined
  readonly makeId: () => string
  readonly random: (byteCount: number) => Buffer
  readonly now: () => number
}

/** How a person begins: whoever holds the link, which is used once, chooses a password and enrols a second factor. */
export interface Setup {
  /** @throws Failure `NOT_PERMITTED` `setup.link` where the link is unknown, used or too old: nobody is told which */
  look(token: string): Promise<SetupOffer>
  /** @throws Failure as `look`; `INPUT_INVALID`, `ALREADY_EXISTS` for the username, and the link stays good */
  finish(input: SetupInput): Promise<SetupDone>
}

export function makeSetup(parts: SetupParts): Setup {
  const { transactions, reads, secrets, random, now } = parts

  async function find(token: string) {
    const row = isSetupToken(token) ? await reads.findSetup(hashOf(token)) : undefined
    if (row === undefined || now() >= row.endsAt.getTime()) throw linkIsVoid()
    const whose = await holderOf(row)
    return {
      ...row,
      ...whose,
      totpSecret: row.totpSealed && secrets.unsealTotp(row.totpSealed, `setup:${row.account}`),
    }
  }

  async function holderOf({ account: id }: SetupRow) {
    if (id === newOperator) return { username: null, role: 'operator', subject: null } as const
    const account = await reads.findAccount(id)
    if (account === undefined) throw linkIsVoid()
    const { username, role, subject } = account
    return { username, role, subject }
  }

  const hashOf = (token: string) => secrets.hash('setup', token)

  return {
    async look(token) {
      const { username, role, totpSecret, endsAt } = await find(token)
      return { username, role, totpSecret, until: endsAt }
    },

    async finish({ token, password, code = '', ...input }) {
      const offer = await find(token)
      const { role, subject, totpSecret } = offer
      const username = parseUsername(offer.username ?? input.username ?? '')
      demandPassword(password, username)
      const totpStep = totpSecret === null ? 0 : stepOf(totpSecret, code)
      const passwordHash = await parts.gate.run(() => parts.hashPassword(password))
      const recoveryCodes = needsSecondFactor(role)
        ? Array.from({ length: recoveryCodeCount }, () => makeRecoveryCode(random))
        : []
      const sessionToken = makeSessionToken(random)
      const isNew = offer.account === newOperator
      const id = isNew ? parts.makeId() : offer.account

      await transactions.write({ ...anyone, id, role, subject }, async ledger => {
        // Whoever is second, of two who hold the link, finds it gone.
        if ((await ledger.takeSetup(hashOf(token))) === undefined) throw linkIsVoid()
        if (isNew) await insertOperator(ledger, id, username)
        const account = await ledger.lockAccount(id)
        if (account === undefined) throw linkIsVoid()
        await ledger.updateAccount({
          ...account,
          passwordHash,
          totpSealed: totpSecret && secrets.sealTotp(totpSecret, `account:${id}`),
          totpStep,
          recovery: recoveryCodes.map(each => hashOfRecoveryCode(secrets, id, each)),
          disabledAt: null,
        })
        await ledger.endSessionsOf(id)
        await ledger.forgetAttempts(`account:${id}`)
        await putSession(ledger, secrets.hash('session', sessionToken), id)
        await ledger.audit({ action: 'account.setUp', target: `account:${id}`, detail: { role } })
      })
      return { id, username: username.text, role, recoveryCodes, sessionToken }
    },
  }

  function stepOf(secret: Buffer, code: string): number {
    const factor = readSecondFactor(code)
    const step = factor?.kind === 'totp' ? parts.totpStepOf(secret, factor.code, now()) : undefined
    if (step === undefined) throw invalid('/code', 'totp.code', wrongCode)
    return step
  }
}

async function insertOperator(
  ledger: PeopleLedger,
  id: string,
  { text, key }: { readonly text: string; readonly key: string },
): Promise<void> {
  const account = newAccount(id, text, 'operator', null, ledger.at)
  if (!(await ledger.insertAccount(account, key))) throw usernameTaken()
  const detail = { role: account.role }
  await ledger.audit({ action: 'account.created', target: `account:${id}`, detail })
}

function linkIsVoid(): Failure {
  const detail = say(
    '设置链接无效：已使用、已过期，或抄写有误；请向运维方索取新链接',
    'the setup link is void: used, expired or miscopied; ask the operator for a new one',
  )
  return new Failure('NOT_PERMITTED', detail, {
    errors: [{ pointer: '/token', rule: 'setup.link', detail }],
  })
}

const wrongCode = say(
  '验证码不正确：请输入验证器应用现在显示的六位数字，并检查手机时间',
  'the code is wrong: enter the six digits that the authenticator app shows now, and check the clock of the phone',
)
