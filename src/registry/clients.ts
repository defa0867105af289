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
  /** Public keys that it proves itself with, as JSON Web Keys. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[]
  /** Thumbprints of the certificates that it proves itself with: `x5t#S256`. */
  readonly certificates?: readonly string[]
  /** Whether it gets an API key; by default one that has nothing else to prove itself with. */
  readonly hasApiKey?: boolean
}

/** A client's data, checked and in their normal form. */
export type NormalClient = Omit<ClientInput, 'keys'> &
  Pick<NewClient, 'keys' | 'certificates'> & { readonly hasApiKey: boolean }

export interface ClientParts {
  readonly transactions: Transactions
  /** @param seed a text that gives the same key again; without one the key is random */
  readonly makeKey: (seed: string | undefined) => { readonly id: string; readonly text: string }
  readonly hash: (apiKey: string) => Buffer
  readonly demandOperator: (caller: Caller, action: 'client.create' | 'client.revoke') => void
  /** Checks what such a client may be and gives prefixes their normal form. @throws Failure `INPUT_INVALID` */
  readonly normalize: (input: ClientInput) => NormalClient
  readonly subjectIdByCode: (code: string) => string
  /** This process must not remember the client any longer. */
  readonly forget: (id: string) => void
}

export interface ClientRegistry {
  /** @returns the API key in clear, the only time anybody sees it; null where it has none */
  create(
    input: ClientInput,
    request: { readonly caller: Caller; readonly idempotency?: Idempotency },
  ): Promise<{ readonly id: string; readonly key: string | null }>
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
      const { hasApiKey, ...input } = parts.normalize(asked)
      const subject = input.subject === null ? null : parts.subjectIdByCode(input.subject)
      // A repeated request gets the same key, and yet the key is nowhere stored: it follows from the request's.
      const candidates = Array.from({ length: attemptsMax }, (_, attempt) =>
        parts.makeKey(idempotency && `${idempotency.scope}|${idempotency.key}|${attempt}`),
      )
      const taken = await transactions.write(
        caller,
        async ledger => {
          for (const [position, { id, text }] of candidates.entries()) {
            const client = { ...input, id, subject, hash: hasApiKey ? hash(text) : null }
            if (await insert(ledger, client)) return position
          }
          throw new Failure('STATE_CONFLICT')
        },
        idempotency,
      )
      const key = candidates[taken]
      assert.ok(key !== undefined)
      return { id: key.id, key: hasApiKey ? key.text : null }
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
          keys: [],
          certificates: [],
        }),
      )
    },
  }
}

/** @returns false, having done nothing, when the id is known already */
async function insert(ledger: Ledger, client: NewClient): Promise<boolean> {
  if (!(await ledger.putClient(client))) return false
  const { id, role, prefixes, hash, keys, certificates } = client
  await ledger.audit({
    action: 'client.created',
    target: `client:${id}`,
    detail: {
      role,
      prefixes,
      ...(hash === null && { apiKey: false }),
      ...(keys.length > 0 && { keys: keys.map(({ kid }) => kid) }),
      ...(certificates.length > 0 && { certificates }),
    },
  })
  return true
}
