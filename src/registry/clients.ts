import assert from 'node:assert/strict'
import type { Caller, Role } from '../model/caller.ts'
import { Failure } from '../model/failures.ts'
import type { Idempotency, Ledger, NewClient, Transactions } from './parts.ts'

export interface ClientInput {
  readonly name: string
  readonly role: Role
  /** The subject's code. */
  readonly subject: string | null
  readonly prefixes: readonly string[]
  readonly cidrs: readonly string[]
  /** RFC 3339. */
  readonly until: string | null
}

export interface ClientParts {
  readonly transactions: Transactions
  /** @param seed a text that gives the same key again; without one the key is random */
  readonly makeKey: (seed: string | undefined) => { readonly id: string; readonly text: string }
  readonly hash: (apiKey: string) => Buffer
  readonly demandOperator: (caller: Caller, action: 'client.create' | 'client.revoke') => void
  /** Checks what an API key may be and gives prefixes their normal form. @throws Failure `INPUT_INVALID` */
  readonly normalize: (input: ClientInput) => ClientInput
  readonly subjectIdByCode: (code: string) => string
  /** This process must not remember the client any longer. */
  readonly forget: (id: string) => void
}

export interface ClientRegistry {
  /** @returns the key in clear: the only time anybody sees it */
  create(
    input: ClientInput,
    request: { readonly caller: Caller; readonly idempotency?: Idempotency },
  ): Promise<{ readonly id: string; readonly key: string }>
  /** @returns false where there is no such client; revoking twice is one revocation */
  revoke(id: string, caller: Caller): Promise<boolean>
  /**
   * The first administrator, from the configuration: a key whose id was never seen becomes an operator's; a known id,
   * a revoked one included, changes nothing.
   */
  bootstrap(key: { readonly id: string; readonly text: string }): Promise<void>
}

/** Short ids collide once in a while; three in a row is no accident. */
const attemptsMax = 3

export function makeClientRegistry(parts: ClientParts): ClientRegistry {
  const { transactions, hash } = parts

  return {
    async create(asked, { caller, idempotency }) {
      parts.demandOperator(caller, 'client.create')
      const input = parts.normalize(asked)
      const subject = input.subject === null ? null : parts.subjectIdByCode(input.subject)
      // A repeated request gets the same key, and yet the key is nowhere stored: it follows from the request's.
      const candidates = Array.from({ length: attemptsMax }, (_, attempt) =>
        parts.makeKey(idempotency && `${idempotency.scope}|${idempotency.key}|${attempt}`),
      )
      const taken = await transactions.write(
        caller,
        async ledger => {
          for (const [position, { id, text }] of candidates.entries()) {
            if (await insert(ledger, { ...input, id, subject, hash: hash(text) })) return position
          }
          throw new Failure('STATE_CONFLICT')
        },
        idempotency,
      )
      const key = candidates[taken]
      assert.ok(key !== undefined)
      return { id: key.id, key: key.text }
    },

    async revoke(id, caller) {
      parts.demandOperator(caller, 'client.revoke')
      const isKnown = await transactions.write(caller, async ledger => {
        const isRevoked = await ledger.revokeClient(id)
        if (isRevoked) await ledger.audit({ action: 'client.revoked', target: `client:${id}` })
        return isRevoked
      })
      parts.forget(id)
      return isKnown
    },

    async bootstrap(key) {
      const bootstrapper: Caller = { id: key.id, role: 'operator', subject: null, prefixes: [] }
      await transactions.write(bootstrapper, ledger =>
        insert(ledger, {
          id: key.id,
          name: 'bootstrap',
          role: 'operator',
          subject: null,
          prefixes: [],
          cidrs: [],
          until: null,
          hash: hash(key.text),
        }),
      )
    },
  }
}

/** @returns false, having done nothing, when the id is known already */
async function insert(ledger: Ledger, client: NewClient): Promise<boolean> {
  if (!(await ledger.putClient(client))) return false
  const { id, role, prefixes } = client
  await ledger.audit({
    action: 'client.created',
    target: `client:${id}`,
    detail: { role, prefixes },
  })
  return true
}
