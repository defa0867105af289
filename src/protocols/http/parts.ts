import type { Registry } from 'prom-client'
import type { Authenticate } from '../../access/api-keys.ts'
import type { Cidrs } from '../../access/cidr.ts'
import type { IsUnder } from '../../access/parts.ts'
import type { Permissions } from '../../access/permissions.ts'
import type { TokenDesk } from '../../access/token-desk.ts'
import type { VerifyKey } from '../../crypto/jwk.ts'
import type { RuleBook } from '../../mapping/rule-match.ts'
import type { Caller, Role } from '../../model/caller.ts'
import type { Change } from '../../model/change.ts'
import type { Identifier, Kind, System } from '../../model/identifier.ts'
import type { Prefix } from '../../model/prefix.ts'
import type { StoredRecord } from '../../model/record.ts'
import type { Subject } from '../../model/subject.ts'
import type { Leads } from '../../registry/aliases.ts'
import type { Applications } from '../../registry/applications/applications.ts'
import type { Notice } from '../../registry/applications/notices.ts'
import type { ApplicationState } from '../../registry/applications/states.ts'
import type { ApplicationSummary } from '../../registry/applications/view.ts'
import type { Enterprises } from '../../registry/enterprises.ts'
import type { Files } from '../../registry/files/files.ts'
import type { AliasStanding } from '../../registry/holdings/alias-standing.ts'
import type { Holdings } from '../../registry/holdings/holdings.ts'
import type { MappingRules } from '../../registry/holdings/mapping-rules.ts'
import type { Identifiers } from '../../registry/identifiers.ts'
import type { ImportDesk } from '../../registry/imports/desk.ts'
import type { Grants } from '../../registry/imports/grants.ts'
import type { Jobs } from '../../registry/jobs/jobs.ts'
import type { SheetFormat } from '../../registry/jobs/parts.ts'
import type { KeyDesk } from '../../registry/keys.ts'
import type { Mandates } from '../../registry/mandates.ts'
import type { Idempotency } from '../../registry/parts.ts'
import type { AccountView } from '../../registry/people/account-rows.ts'
import type { Accounts } from '../../registry/people/accounts.ts'
import type { Sessions } from '../../registry/people/sessions.ts'
import type { Setup } from '../../registry/people/setup.ts'
import type { PrefixProofs } from '../../registry/prefix-proofs/prefix-proofs.ts'
import type { Prefixes } from '../../registry/prefixes.ts'
import type { Review } from '../../registry/review/review.ts'
import type { AnswerMemory } from '../../resolver/answer-arena.ts'
import type { Directory } from '../../resolver/parts.ts'
import type { Resolver } from '../../resolver/resolve.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Labels } from '../../services/labels/labels.ts'
import type { StatusTokens } from '../../services/status/status-tokens.ts'
import type { AnswerProtobuf } from './answer-protobuf.ts'
import type { AnswerHandleHttp } from './handle-rest/handle-http.ts'
import type { KeptHandles } from './handle-rest/kept-handles.ts'
import type { HttpMetrics } from './metrics.ts'

/** Everything the HTTP door needs from the house. What may change while it runs is a function. */
export interface HttpParts {
  readonly resolver: Pick<Resolver, 'peek' | 'peekUnknown' | 'resolve' | 'bytes'>
  readonly names: { parse(text: string, system?: System): Identifier }
  /** What a GS1 key is one of: the key with fewer qualifiers, the most particular first. */
  readonly levelsAbove: (identifier: Identifier) => readonly Identifier[]
  readonly directory: PrefixTable
  readonly identifiers: Identifiers
  readonly records: RecordReader
  readonly recordSheets: RecordSheets
  readonly prefixes: Prefixes
  readonly mapping: MappingDesk
  readonly clients: ClientDesk
  /** Access tokens for machines that prove themselves. */
  readonly tokens: TokenDesk
  readonly keys: KeyDesk
  readonly status: StatusTokens
  readonly changes: ChangeFeed
  readonly reverse: Reverse
  readonly audit: AuditTrail
  readonly applications: Applications
  readonly review: Review
  readonly mandates: Mandates
  readonly enterprises: Enterprises
  readonly filingLists: FilingLists
  readonly files: Files
  readonly jobs: Jobs
  readonly prefixProofs: PrefixProofs
  readonly imports: ImportsDesk
  readonly people: People
  readonly authenticate: Authenticate
  readonly permissions: Permissions
  readonly isUnder: IsUnder
  /** Whether an alias of a record leads to it now. */
  readonly aliasLeads: Leads
  /** A prefix as paths and lists name it: `88.118.8`, or `<system>:<prefix>` outside Handle. */
  readonly prefixKeys: {
    /** @throws Failure `INPUT_INVALID` where the text is no prefix of the system */
    parse(text: string): { readonly system: System; readonly prefix: string }
    print(system: System, prefix: string): string
  }
  /** Whether a text of the form of our codes cannot be one: only such guesses are counted against an address. */
  readonly isForged: (identifier: Identifier) => boolean
  /** The prefix enterprise codes are issued under. */
  readonly codePrefix: string
  /** Whether a code was made with a published key, so that it stands for nobody real. */
  readonly isDemoCode: (code: string) => boolean
  readonly labels: Labels
  /** The reason given when a subject's code was suspended or revoked; undefined while in force, or where none is known. */
  readonly whyNotInForce: (subject: Subject) => Promise<string | undefined>
  /** What it encodes is also what the resolver's `encode` gives for the form `protobuf`. */
  readonly protobuf: AnswerProtobuf
  /** Scheme and host without path. A function, because port 0 is known after listening only. */
  readonly publicUrl: () => string
  /** What the process has too little of to take more work; undefined while there is enough. */
  readonly pressure: () => string | undefined
  readonly readiness: () => Readiness | Promise<Readiness>
  /** Whether the node is about to end: every answer is its connection's last then, so that clients go elsewhere by themselves. */
  readonly isStopping: () => boolean
  /** For the strict reader in front of plain listeners. Absent: there is none. */
  readonly strictMemory?: AnswerMemory | undefined
  readonly limits: HttpLimits
  readonly rates: () => Rates
  /** The peers that are believed about X-Forwarded-For. */
  readonly trustedProxies: () => Cidrs
  /** Web pages that may read answers in a browser; `*` is any. */
  readonly corsOrigins: () => readonly string[]
  /** What of the requests is Handle's; told of each answer it gives. Absent: there is no Handle over HTTP. */
  readonly makeHandleHttp?: (onAnswered: HttpMetrics['answered']) => AnswerHandleHttp
  /** What of it memory answers. */
  readonly keptHandles?: KeptHandles
  readonly registry: Registry
  readonly log: Logger
  readonly clock: {
    now(): number
    monotonicMs(): number
    sleep(ms: number, signal?: AbortSignal): Promise<void>
  }
}

/** What the top-level node may bring in, and what it brought. */
export interface ImportsDesk {
  readonly grants: Grants
  readonly desk: ImportDesk
  /** Asks the feed until it has nothing more. @throws Failure `STATE_CONFLICT` where there is none, `UPSTREAM_AWAY` */
  readonly pull: (caller: Caller) => Promise<{ readonly received: number }>
}

/** Bounds of the wire, as the configuration has them. */
export interface HttpLimits {
  readonly headerBytesMax: number
  readonly urlBytesMax: number
  readonly bodyBytesMax: number
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to the end of its body. */
  readonly bodyTimeoutMs: number
  /** Of a socket on which nothing moves. */
  readonly idleTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** 0: any number. */
  readonly socketRequestsMax: number
  readonly socketsMax: number
}

/** Requests a second; 0: any number. */
export interface Rates {
  readonly resolve: number
  readonly unknown: number
  readonly write: number
  /** Addresses that are not counted. */
  readonly exempt: Cidrs
  /** Addresses that load is tested from: what all of them may ask together, known and unknown each. */
  readonly loadTest?: { readonly perSecond: number; readonly from: Cidrs }
}

/** Whether requests should be sent here, and what does not work as it should (`redis`, `store` …). */
export interface Readiness {
  readonly ready: boolean
  readonly degraded: readonly string[]
}

/** Every prefix this process knows. Implemented by `mapping/directory.ts`. */
export interface PrefixTable extends Pick<Directory, 'match' | 'subject' | 'prefixesOf'> {
  find(system: System, prefix: string): KnownPrefix | undefined
  /** @param code a whole identifier in its normal form */
  subjectByCode(code: string): Subject | undefined
  /** In the order of system, then prefix. */
  all(): readonly KnownPrefix[]
}

export type KnownPrefix = Prefix & { readonly serial: number }

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next page begins; null at the end. */
  readonly next: string | null
}

export interface PageRequest {
  /** As `Page.next` gave it. */
  readonly cursor?: string | undefined
  readonly limit: number
}

/** Reading records as they are stored, for those who keep them. */
/** Records as files with rows. */
export interface RecordSheets {
  /** Pages are read no faster than the file is taken. */
  write(format: SheetFormat, pages: AsyncIterable<readonly StoredRecord[]>): AsyncIterable<Buffer>
  /** Of a file that we read again; undefined: as many as there are. */
  rowsMax(format: SheetFormat): number | undefined
}

export interface RecordReader {
  /** The record or tombstone under this key; aliases lead nowhere here. @throws Failure `STORE_AWAY` */
  read(key: string): Promise<StoredRecord | undefined>
  /** Living records under a prefix and the prefixes below it, in the order of their keys. */
  list(system: System, prefix: string, page: PageRequest): Promise<Page<RecordSummary>>
  /** Living records of a kind under each of these prefixes, in the order of the prefixes, then of their keys. */
  listOf(
    prefixes: readonly Pick<Prefix, 'system' | 'prefix'>[],
    kind: Kind | undefined,
    page: PageRequest,
  ): Promise<Page<RecordSummary>>
  /** Living records under a prefix and the prefixes below it, but codes, whole, page by page in an order that stays. */
  under(system: System, prefix: string): AsyncIterable<readonly StoredRecord[]>
  /** How many these are, counted up to `max`. */
  countUnder(system: System, prefix: string, max: number): Promise<number>
}

/** What stands behind prefixes, and where they lead. */
export interface MappingDesk {
  readonly holdings: Omit<Holdings, 'turn'>
  readonly rules: MappingRules
  readonly aliasStanding: AliasStanding
  readonly explain: RuleBook['explain']
}

export interface RecordSummary {
  readonly identifier: string
  readonly system: System
  readonly kind: Kind
  readonly serial: number
  /** RFC 3339, UTC. */
  readonly updatedAt: string
}

export interface ClientInput {
  readonly name: string
  readonly role: Role
  /** The code of the subject it acts for, as a whole identifier or its 14 symbols. */
  readonly subject: string | null
  readonly prefixes: readonly string[]
  readonly cidrs: readonly string[]
  /** RFC 3339. */
  readonly until: string | null
  /** Public keys that it proves itself with, as JSON Web Keys. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[]
  /** Thumbprints of its certificates: `x5t#S256`. */
  readonly certificates?: readonly string[]
  /** By default only what has nothing else to prove itself with gets an API key. */
  readonly hasApiKey?: boolean
}

/** A machine credential as it may be shown: no secret, nor a hash of one. */
export interface ClientView extends Omit<ClientInput, 'keys' | 'certificates' | 'hasApiKey'> {
  readonly id: string
  readonly hasApiKey: boolean
  readonly keys: readonly VerifyKey[]
  readonly certificates: readonly string[]
  readonly createdAt: string
  readonly revokedAt: string | null
}

/** Machine credentials. The caller's right to do this has been checked. */
export interface ClientDesk {
  /**
   * @returns the key, which is never readable again. A repetition under the same idempotency key is
   * `ALREADY_EXISTS` with the fact `id`: the key was not kept.
   * @throws Failure `INPUT_INVALID`
   */
  create(
    input: ClientInput,
    request: { readonly caller: Caller; readonly idempotency?: Idempotency },
  ): Promise<{ readonly id: string; readonly key: string | null }>
  list(page: PageRequest): Promise<Page<ClientView>>
  /** @returns false where there is no such client; one that is revoked already stays so */
  revoke(id: string, caller: Caller): Promise<boolean>
}

/** Who may log in, how they begin, and who is logged in. */
export interface People {
  readonly accounts: Accounts
  readonly setup: Setup
  readonly sessions: Sessions
  readonly lists: {
    /** In the order of their usernames. @param username only the account of that name */
    accounts(page: PageRequest, username?: string): Promise<Page<AccountView>>
  }
  /** A second factor as an app takes it in: as text, as URI, and as the dark modules of a QR symbol (a path of SVG). */
  showTotp(
    secret: Buffer,
    username: string,
  ): {
    readonly secret: string
    readonly uri: string
    readonly path: string
    /** Modules of the symbol's edge, the quiet zone included. */
    readonly across: number
  }
}

/** Committed changes in the order of their numbers. */
export interface ChangeFeed {
  /**
   * @param after numbers above this one; undefined: from the oldest that is kept
   * @returns up to `limit` changes, the number of the oldest change that is kept (the next one to come, where none is),
   * and the newest number that had been given before they were read
   */
  read(
    after: number | undefined,
    limit: number,
  ): Promise<{
    readonly changes: readonly Change[]
    readonly oldest: number
    readonly newest: number
  }>
  /** Resolves when there may be a change above `after`, or as soon as the signal aborts; never rejects. */
  beyond(after: number, signal: AbortSignal): Promise<void>
}

/** From a public value or prefix back to identifiers. */
export interface Reverse {
  /** Sealed and withheld values are never searched; a credit code finds only for callers who may read it. */
  find(
    what: { readonly value: string } | { readonly system: System; readonly prefix: string },
    caller: Caller,
    page: PageRequest,
  ): Promise<Page<ReverseHit>>
}

export interface ReverseHit {
  readonly identifier: string
  readonly code: string | null
  /** What led there: the type of the value, or `prefix`. */
  readonly via: string
}

/** What is asked for and what waits, without what is personal in it. */
export interface FilingLists {
  /** By deadline, those without one last. */
  applications(
    filter: {
      /** Only what this client filed, or what is about this subject; absent: everybody's. */
      readonly of?: { readonly client: string; readonly subject: string | null }
      readonly states: readonly ApplicationState[]
      readonly reviewer?: string | undefined
    },
    page: PageRequest,
  ): Promise<Page<ApplicationSummary>>
  /** For the caller itself, its subject and its role, as far as they are not over at that time. */
  notices(
    caller: Pick<Caller, 'id' | 'role' | 'subject'>,
    now: Date,
    page: PageRequest,
  ): Promise<Page<Notice>>
}

export interface AuditQuery {
  /** What was written: an identifier, `prefix:<system>:<prefix>`, `client:<id>`. */
  readonly subject?: string | undefined
  readonly actor?: string | undefined
  /** RFC 3339; rows at or after it. */
  readonly since?: string | undefined
}

export interface AuditRow {
  readonly seq: number
  /** Part of what the hash is computed over. */
  readonly id: string
  readonly at: string
  readonly actor: string
  readonly role: string
  readonly action: string
  readonly target: string
  readonly detail: Readonly<Record<string, unknown>>
  /** The running hash after this row, hex. */
  readonly hash: string
}

export interface AuditTrail {
  /** Newest last, in the order of their numbers. */
  list(query: AuditQuery, page: PageRequest): Promise<Page<AuditRow>>
}
