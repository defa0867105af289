import { demandRoleForPerson, type PersonRole, parseUsername } from '../../access/accounts.ts'
import type { Caller, Role } from '../../model/caller.ts'
import type { Idempotency } from '../parts.ts'
import { newAccount, newSetup, type SetupLinkParts, usernameTaken } from './account-rows.ts'
import {
  newOperator,
  type PeopleLedger,
  type PeopleReads,
  type PeopleTransactions,
} from './parts.ts'

export interface AccountInput {
  readonly username: string
  readonly role: Role
  /** The code of the subject they act for. */
  readonly subject: string | null
}

/** The secret of a link, which is shown once, and when it ends. */
export interface SetupLink {
  readonly token: string
  /** RFC 3339. */
  readonly until: string
}

export interface AccountRequest {
  readonly caller: Caller
  readonly idempotency?: Idempotency
}

export interface AccountParts extends SetupLinkParts {
  readonly transactions: PeopleTransactions
  readonly reads: Pick<PeopleReads, 'findSetupOf' | 'hasOperator'>
  /** @param seed a text that gives the same token again; without one it is random */
  readonly makeToken: (seed: string | undefined) => string
  readonly makeId: () => string
  readonly demand: (
    caller: Caller,
    action: 'account.create' | 'account.disable' | 'account.reset',
  ) => void
  readonly subjectIdByCode: (code: string) => string
}

/** Who may log in. An account is for one person and for ever: its id stands in audit rows. */
export interface Accounts {
  /** @returns also the link by which the person chooses a password. @throws Failure `ALREADY_EXISTS`, `INPUT_INVALID` */
  create(
    input: AccountInput,
    request: AccountRequest,
  ): Promise<{ readonly id: string; readonly link: SetupLink }>
  /** Ends all sessions at once. @returns false where there is no such account */
  disable(id: string, caller: Caller): Promise<boolean>
  /**
   * Password, second factor, recovery codes and sessions are void at once, also of a disabled account, which is one
   * no longer. @returns undefined where there is no such account
   */
  reset(id: string, request: AccountRequest): Promise<SetupLink | undefined>
  /** A link that makes whoever uses it an operator; the one before it is void. */
  inviteOperator(request: AccountRequest): Promise<SetupLink>
  /**
   * The start of a node that nobody can operate.
   * @returns the first link, `waiting` with the end of one that was made before, or undefined where there is an operator
   */
  welcome(
    now: Date,
  ): Promise<
    | { readonly kind: 'made'; readonly link: SetupLink }
    | { readonly kind: 'waiting'; readonly until: Date }
    | undefined
  >
}

/** Acts at the start, before there is anybody. */
const theNode: Caller = { id: 'node', role: 'operator', subject: null, prefixes: [] }

export function makeAccounts(parts: AccountParts): Accounts {
  const { transactions, reads } = parts

  /** @returns when the link ends */
  async function putLink(
    ledger: PeopleLedger,
    account: string,
    role: PersonRole,
    token: string,
  ): Promise<string> {
    const row = newSetup(parts, { account, role, token }, ledger.at)
    await ledger.putSetup(row)
    return row.endsAt.toISOString()
  }

  function tokenFor(idempotency: Idempotency | undefined): string {
    // A repeated request gets the same link, and yet the link is nowhere stored: it follows from the request's key.
    return parts.makeToken(idempotency && `${idempotency.scope}|${idempotency.key}`)
  }

  return {
    async create(input, { caller, idempotency }) {
      parts.demand(caller, 'account.create')
      const username = parseUsername(input.username)
      const role = demandRoleForPerson(input.role)
      const subject = input.subject === null ? null : parts.subjectIdByCode(input.subject)
      const token = tokenFor(idempotency)
      const { id, until } = await transactions.write(
        caller,
        async ledger => {
          const account = newAccount(parts.makeId(), username.text, role, subject, ledger.at)
          if (!(await ledger.insertAccount(account, username.key))) throw usernameTaken()
          const until = await putLink(ledger, account.id, role, token)
          await ledger.audit({
            action: 'account.created',
            target: `account:${account.id}`,
            detail: { role },
          })
          return { id: account.id, until }
        },
        idempotency,
      )
      return { id, link: { token, until } }
    },

    async disable(id, caller) {
      parts.demand(caller, 'account.disable')
      return transactions.write(caller, async ledger => {
        const account = await ledger.lockAccount(id)
        if (account === undefined) return false
        if (account.disabledAt !== null) return true
        await ledger.updateAccount({ ...account, disabledAt: ledger.at })
        await ledger.endSessionsOf(id)
        await ledger.endSetupOf(id)
        await ledger.audit({ action: 'account.disabled', target: `account:${id}` })
        return true
      })
    },

    async reset(id, { caller, idempotency }) {
      parts.demand(caller, 'account.reset')
      const token = tokenFor(idempotency)
      const until = await transactions.write(
        caller,
        async ledger => {
          const account = await ledger.lockAccount(id)
          if (account === undefined) return null
          const { username, role, subject, createdAt } = account
          await ledger.updateAccount({
            ...newAccount(id, username, role, subject, createdAt),
            // A code that was taken stays taken, should the same secret ever come back.
            totpStep: account.totpStep,
          })
          await ledger.endSessionsOf(id)
          await ledger.forgetAttempts(`account:${id}`)
          await ledger.audit({ action: 'account.reset', target: `account:${id}` })
          return putLink(ledger, id, role, token)
        },
        idempotency,
      )
      return until === null ? undefined : { token, until }
    },

    async inviteOperator({ caller, idempotency }) {
      parts.demand(caller, 'account.create')
      const token = tokenFor(idempotency)
      const until = await transactions.write(
        caller,
        async ledger => {
          await ledger.audit({ action: 'account.invited', target: 'account:new' })
          return putLink(ledger, newOperator, 'operator', token)
        },
        idempotency,
      )
      return { token, until }
    },

    async welcome(now) {
      if (await reads.hasOperator(now)) return undefined
      const token = parts.makeToken(undefined)
      const until = await transactions.write(theNode, async ledger => {
        const whose = { account: newOperator, role: 'operator', token } as const
        const row = newSetup(parts, whose, ledger.at)
        if (!(await ledger.putSetup(row, true))) return null
        await ledger.audit({ action: 'account.invited', target: 'account:new' })
        return row.endsAt.toISOString()
      })
      if (until !== null) return { kind: 'made', link: { token, until } }
      const former = await reads.findSetupOf(newOperator)
      return former && { kind: 'waiting', until: former.endsAt }
    },
  }
}
