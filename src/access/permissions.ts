import { type Caller, roles } from '../model/caller.ts'
import { Failure, type FieldError } from '../model/failures.ts'
import { say, type Text } from '../model/text.ts'
import type { HasAuthority, Place } from './authority.ts'

/** An action that is allowed or not whatever it is about. */
export type NoContext = Readonly<Record<never, never>>

/** Whose data it is about: a subject id, or null for nobody's. */
export interface SubjectContext {
  readonly subject: string | null
}

/** Whose application it is: the clients that filed in it, the subjects they act for, and the subject it is about. */
export interface FilingContext {
  readonly filers: readonly string[]
  readonly filerSubjects: readonly string[]
  readonly subject: string
}

/** Between whom a mandate stands. */
export interface MandateContext {
  readonly agent: string
  readonly agentSubject: string | null
  readonly claimant: string | null
  readonly subject: string | null
}

/** Whose file it is, and the parties of what names it. */
export interface FileContext {
  readonly uploader: string
  readonly uploaderSubject: string | null
  /** Whether an application, a mandate or a prefix stands on it. */
  readonly isNamed: boolean
  readonly clients: readonly string[]
  readonly subjects: readonly string[]
}

/** Who was challenged. */
export interface ProofContext {
  readonly client: string
}

/** Whose job it is: the client that sent it, and the subject it acts for. */
export interface JobContext {
  readonly client: string
  readonly subject: string | null
}

/** Everything a caller may want to do, with what a decision about it needs to know. */
export interface Actions {
  resolve: NoContext
  /**
   * Reading a record whole, values that are not public too. `subject` as `StoredRecord.subject`.
   */
  'identifier.read': Place & SubjectContext
  'identifier.create': Place
  'identifier.replace': Place
  'identifier.patch': Place
  'identifier.delete': Place
  /** Listing what is under a prefix, and seeing its changes. */
  'identifier.list': Place
  'prefix.read': NoContext
  'prefix.list': NoContext
  'prefix.create': NoContext
  'prefix.patch': NoContext
  'client.create': NoContext
  'client.list': NoContext
  'client.revoke': NoContext
  'account.create': NoContext
  'account.list': NoContext
  'account.disable': NoContext
  'account.reset': NoContext
  /** Choosing one's own password and second factor anew: a session and what it began with are what is proved. */
  'account.renew': NoContext
  /** Using a setup link: the link is what is proved. */
  'account.setUp': NoContext
  /** Logging in, and the pages around it. */
  'session.create': NoContext
  /** Seeing who one is. */
  'session.read': NoContext
  'session.end': NoContext
  /** Asking for an access token: who one is, is what the request proves. */
  'token.create': NoContext
  'key.list': NoContext
  'key.rotate': NoContext
  'key.retire': NoContext
  'key.destroy': NoContext
  /**
   * Following the feed at all; each change is shown to those who may `identifier.list` its prefix.
   */
  'changes.read': NoContext
  'audit.read': NoContext
  /** From a public value back to identifiers. */
  reverse: NoContext
  /** From a credit code back to its subject. */
  'reverse.uscc': SubjectContext
  /** Asking for a code, or for a change of what is known. */
  'application.create': NoContext
  'application.list': NoContext
  'application.read': FilingContext
  /** Filling in, handing in, taking back. */
  'application.edit': FilingContext
  /** Taking an application to review, and deciding on it. */
  'application.decide': FilingContext
  /** Bringing a document that stands behind what is filed. */
  'file.create': NoContext
  'file.read': FileContext
  /** The documents of a subject that a reviewer has seen. */
  'licence.list': SubjectContext
  /** Asking to prove control of a prefix. */
  'prefixProof.create': NoContext
  /** Answering the challenge, and seeing what became of it. */
  'prefixProof.answer': ProofContext
  'mandate.create': NoContext
  /** Seeing the mandates one is a party to. */
  'mandate.list': NoContext
  'mandate.read': MandateContext
  'mandate.confirm': MandateContext
  'mandate.end': MandateContext
  /** The public card of a subject. */
  'enterprise.read': NoContext
  /** Its basic information whole, as approved. */
  'enterprise.basics': SubjectContext
  /** Listing its products and equipment: who may see them one by one is another question. */
  'enterprise.identifiers': SubjectContext
  /** Suspending, resuming, revoking; correcting region, industry, grade. */
  'enterprise.decide': SubjectContext
  /** Seeing what waits for oneself. */
  'notice.list': NoContext
  /** What a subject holds and has claimed, with its evidence. */
  'holding.list': SubjectContext
  'holding.create': SubjectContext
  /** Taking a claim back, giving a prefix up. */
  'holding.end': SubjectContext
  'holding.decide': SubjectContext
  /** Every claim that waits, with who is in its way. */
  'claim.list': NoContext
  'rule.list': SubjectContext
  'rule.create': SubjectContext
  'rule.delete': SubjectContext
  /** Which rule of the subject's would answer. */
  'rule.test': SubjectContext
  /** Whether an alias leads that nobody's prefix vouches for. */
  'alias.stand': NoContext
  /** The top-level node's permission to import; it is signed by it, whoever brings it. */
  'grant.create': NoContext
  'grant.list': NoContext
  'grant.revoke': NoContext
  /** Bringing a batch. */
  'import.receive': NoContext
  'import.read': NoContext
  /** Asking the top-level node's feed now. */
  'import.pull': NoContext
  /** Letting a planned batch in: two different ones, unless the node's policy says otherwise. */
  'import.release': NoContext
  'import.rollback': NoContext
  /** Saying whom a row concerns, which shows what is personal in it. */
  'import.answer': NoContext
  /** Sending a file of rows: what each may say is the single writes' business. */
  'job.create': NoContext
  'job.list': NoContext
  'job.read': JobContext
  /** Writing what a dry run has checked, or ending a job. */
  'job.apply': JobContext
  /** Taking back what a job has written; the places are asked for as well. */
  'job.undo': JobContext
  /** Sheets of labels: they take long to draw, so nobody unknown asks for them. */
  'label.print': NoContext
}
export type Action = keyof Actions

type CallerRole = Caller['role']

/** What must hold beyond the role. Pure. */
interface Condition<Context> {
  /** A short constant for machines, as in `FieldError`. */
  readonly rule: string
  /** The part of the input that decides. */
  readonly pointer: string
  readonly detail: Text
  holds(caller: Caller, context: Context): boolean
}

/** One way to be allowed an action. */
interface Rule<Context> {
  readonly role: CallerRole
  readonly when?: Condition<Context>
}

type Table = { readonly [A in Action]: readonly Rule<Actions[A]>[] }

/** One line of the role matrix. */
export interface MatrixRow {
  readonly role: CallerRole
  readonly action: Action
  /** The condition's rule, or null where the role is enough. */
  readonly when: string | null
}

export interface Permissions {
  /** Whether the caller may do this here. Pure; no without a rule that says yes. */
  may<A extends Action>(caller: Caller, action: A, context: Actions[A]): boolean
  /**
   * @throws Failure `NOT_AUTHENTICATED` for a caller without credentials, else `NOT_PERMITTED`
   * naming what is missing
   */
  demand<A extends Action>(caller: Caller, action: A, context: Actions[A]): void
  /** The whole table, for the role matrix of the documents. */
  matrix(): readonly MatrixRow[]
}

export function makePermissions(parts: { readonly hasAuthority: HasAuthority }): Permissions {
  const table = makeTable(parts.hasAuthority)

  function rulesFor<A extends Action>(caller: Caller, action: A): readonly Rule<Actions[A]>[] {
    const rules: readonly Rule<Actions[A]>[] = table[action]
    return rules.filter(rule => rule.role === caller.role)
  }

  function may<A extends Action>(caller: Caller, action: A, context: Actions[A]): boolean {
    return rulesFor(caller, action).some(rule => rule.when?.holds(caller, context) ?? true)
  }

  return {
    may,

    demand(caller, action, context) {
      if (may(caller, action, context)) return
      if (caller.role === 'anyone') throw new Failure('NOT_AUTHENTICATED')
      const unmet = rulesFor(caller, action).flatMap(({ when }) => when ?? [])
      const errors = unmet.length > 0 ? unmet.map(errorOf) : [roleError(caller.role, action)]
      throw new Failure('NOT_PERMITTED', errors[0]?.detail, { errors })
    },

    matrix() {
      return (Object.keys(table) as Action[]).flatMap(action =>
        table[action].map(({ role, when }) => ({ role, action, when: when?.rule ?? null })),
      )
    },
  }
}

/**
 * Who may do what. An action's rules are alternatives, and what no rule allows is denied;
 * a new action does not compile until it has its line here, be it an empty one.
 */
function makeTable(hasAuthority: HasAuthority): Table {
  const authorityOver = (pointer: string): Condition<Place> => ({
    rule: 'authority',
    pointer,
    detail: say(
      '凭证对该前缀没有权限，或该前缀不由本节点托管',
      'the credential has no authority over this prefix, or the prefix is not hosted here',
    ),
    holds: hasAuthority,
  })
  const ownsRecord: Condition<SubjectContext> = {
    rule: 'record.subject',
    pointer: '/identifier',
    detail: say('该记录属于其他主体', 'the record is about another subject'),
    holds: isSubject,
  }
  const ownsSubject: Condition<SubjectContext> = {
    rule: 'subject',
    pointer: '/value',
    detail: say('该信用代码属于其他主体', 'the credit code is of another subject'),
    holds: isSubject,
  }
  const filedIt: Condition<FilingContext> = {
    rule: 'application.filer',
    pointer: '',
    detail: say('该申请由他人提交', 'the application was filed by others'),
    holds: isFiler,
  }
  const filedByOthers: Condition<FilingContext> = {
    rule: 'review.self',
    pointer: '',
    detail: say(
      '不得审核自己、本单位或其代理人提交的申请',
      'nobody reviews what they, their subject or its agent filed',
    ),
    holds: (caller, context) => !isFiler(caller, context),
  }
  const isParty: Condition<MandateContext> = {
    rule: 'mandate.party',
    pointer: '',
    detail: say('该委托属于他人', 'the mandate is between others'),
    holds: isMandateParty,
  }
  const isNotItsAgent: Condition<MandateContext> = {
    rule: 'mandate.self',
    pointer: '',
    detail: say('代理人不能自行确认委托', 'an agent does not confirm its own mandate'),
    holds: (caller, { agent, agentSubject }) =>
      caller.id !== agent && (caller.subject === null || caller.subject !== agentSubject),
  }
  const ofAnother: Condition<SubjectContext> = {
    rule: 'review.self',
    pointer: '/code',
    detail: say('不得处置本单位的企信码', 'nobody decides about their own subject'),
    holds: (caller, context) => !isSubject(caller, context),
  }
  const isItself: Condition<SubjectContext> = {
    rule: 'subject',
    pointer: '/code',
    detail: say('该企信码属于其他主体', 'the code is of another subject'),
    holds: isSubject,
  }
  const isTheirFile: Condition<FileContext> = {
    rule: 'file.party',
    pointer: '',
    detail: say('该文件属于他人', 'the file is somebody else’s'),
    holds: isFileParty,
  }
  const isNamedFile: Condition<FileContext> = {
    rule: 'file.unnamed',
    pointer: '',
    detail: say('尚无申请或委托引用该文件', 'no application or mandate names the file'),
    holds: (_caller, { isNamed }) => isNamed,
  }
  const wasChallenged: Condition<ProofContext> = {
    rule: 'proof.client',
    pointer: '',
    detail: say('该挑战发给了其他凭证', 'the challenge was given to another credential'),
    holds: ({ id }, { client }) => id === client,
  }
  const sentIt: Condition<JobContext> = {
    rule: 'job.client',
    pointer: '',
    detail: say('该任务由他人提交', 'the job was sent by others'),
    holds: ({ id, subject }, job) =>
      id === job.client || (subject !== null && subject === job.subject),
  }
  const senders: readonly Rule<JobContext>[] = [
    { role: 'enterprise', when: sentIt },
    { role: 'agent', when: sentIt },
    { role: 'operator' },
  ]
  const itsOwn: readonly Rule<SubjectContext>[] = [
    { role: 'enterprise', when: isItself },
    { role: 'operator' },
  ]
  const filers: readonly Rule<FilingContext>[] = [
    { role: 'enterprise', when: filedIt },
    { role: 'agent', when: filedIt },
  ]
  const writers: readonly Rule<Place>[] = [
    { role: 'enterprise', when: authorityOver('/identifier') },
    { role: 'agent', when: authorityOver('/identifier') },
    { role: 'operator', when: authorityOver('/identifier') },
  ]
  const operator: readonly Rule<NoContext>[] = [{ role: 'operator' }]

  return {
    resolve: everybody,
    'identifier.read': [
      { role: 'enterprise', when: authorityOver('/identifier') },
      { role: 'enterprise', when: ownsRecord },
      { role: 'agent', when: authorityOver('/identifier') },
      { role: 'operator' },
    ],
    'identifier.create': writers,
    'identifier.replace': writers,
    'identifier.patch': writers,
    'identifier.delete': writers,
    'identifier.list': [
      { role: 'enterprise', when: authorityOver('/prefix') },
      { role: 'agent', when: authorityOver('/prefix') },
      { role: 'operator' },
    ],
    'prefix.read': operator,
    'prefix.list': operator,
    'prefix.create': operator,
    'prefix.patch': operator,
    'client.create': operator,
    'client.list': operator,
    'client.revoke': operator,
    'account.create': operator,
    'account.list': operator,
    'account.disable': operator,
    'account.reset': operator,
    'account.renew': everyRole,
    'account.setUp': everybody,
    'session.create': everybody,
    'session.read': everyRole,
    'session.end': everyRole,
    'token.create': everybody,
    'key.list': operator,
    'key.rotate': operator,
    'key.retire': operator,
    'key.destroy': operator,
    'changes.read': [{ role: 'enterprise' }, { role: 'agent' }, { role: 'operator' }],
    'audit.read': operator,
    reverse: everybody,
    // Not the operator: credit codes are sealed, and it reads nothing that is.
    'reverse.uscc': [{ role: 'enterprise', when: ownsSubject }, { role: 'reviewer' }],
    'application.create': [{ role: 'enterprise' }, { role: 'agent' }],
    'application.list': [{ role: 'enterprise' }, { role: 'agent' }, { role: 'reviewer' }],
    // Not the operator, for the same reason.
    'application.read': [...filers, { role: 'reviewer' }],
    'application.edit': filers,
    'application.decide': [{ role: 'reviewer', when: filedByOthers }],
    'file.create': [{ role: 'enterprise' }, { role: 'agent' }],
    // Not the operator: files are sealed.
    'file.read': [
      { role: 'enterprise', when: isTheirFile },
      { role: 'agent', when: isTheirFile },
      { role: 'reviewer', when: isNamedFile },
    ],
    'licence.list': [{ role: 'enterprise', when: isItself }, { role: 'reviewer' }],
    'prefixProof.create': [{ role: 'enterprise' }, { role: 'agent' }],
    'prefixProof.answer': [
      { role: 'enterprise', when: wasChallenged },
      { role: 'agent', when: wasChallenged },
    ],
    'mandate.create': [{ role: 'agent' }],
    'mandate.list': [{ role: 'enterprise' }, { role: 'agent' }, { role: 'reviewer' }],
    'mandate.read': [
      { role: 'agent', when: isParty },
      { role: 'enterprise', when: isParty },
      { role: 'reviewer' },
    ],
    'mandate.confirm': [
      { role: 'enterprise', when: isNotItsAgent },
      { role: 'reviewer', when: isNotItsAgent },
    ],
    'mandate.end': [
      { role: 'agent', when: isParty },
      { role: 'enterprise', when: isParty },
    ],
    'enterprise.read': everybody,
    'enterprise.basics': [{ role: 'enterprise', when: isItself }, { role: 'reviewer' }],
    'enterprise.identifiers': [
      { role: 'enterprise', when: isItself },
      { role: 'government' },
      { role: 'topnode' },
      { role: 'operator' },
    ],
    'enterprise.decide': [{ role: 'reviewer', when: ofAnother }],
    'notice.list': [
      { role: 'enterprise' },
      { role: 'agent' },
      { role: 'reviewer' },
      { role: 'operator' },
    ],
    'holding.list': [...itsOwn, { role: 'reviewer' }],
    'holding.create': itsOwn,
    'holding.end': itsOwn,
    'holding.decide': [
      { role: 'reviewer', when: ofAnother },
      { role: 'operator', when: ofAnother },
    ],
    'claim.list': [{ role: 'reviewer' }, { role: 'operator' }],
    'rule.list': itsOwn,
    'rule.create': itsOwn,
    'rule.delete': itsOwn,
    'rule.test': itsOwn,
    'alias.stand': operator,
    'grant.create': [{ role: 'topnode' }, { role: 'operator' }],
    'grant.list': [{ role: 'operator' }, { role: 'reviewer' }],
    'grant.revoke': operator,
    'import.receive': [{ role: 'topnode' }],
    'import.read': [{ role: 'operator' }, { role: 'reviewer' }],
    'import.pull': operator,
    // Not the operator: who runs the node does not decide what is in it.
    'import.release': [{ role: 'reviewer' }],
    'import.rollback': [{ role: 'reviewer' }],
    'import.answer': [{ role: 'reviewer' }],
    'job.create': [{ role: 'enterprise' }, { role: 'agent' }, { role: 'operator' }],
    'job.list': [{ role: 'enterprise' }, { role: 'agent' }, { role: 'operator' }],
    'job.read': senders,
    'job.apply': senders,
    'job.undo': senders,
    'label.print': [
      { role: 'enterprise' },
      { role: 'agent' },
      { role: 'employee' },
      { role: 'reviewer' },
      { role: 'operator' },
    ],
  }
}

const everyRole: readonly Rule<NoContext>[] = roles.map(role => ({ role }))
const everybody: readonly Rule<NoContext>[] = [{ role: 'anyone' }, ...everyRole]

function isSubject(caller: Caller, { subject }: SubjectContext): boolean {
  return subject !== null && caller.subject === subject
}

function isFiler(caller: Caller, { filers, filerSubjects, subject }: FilingContext): boolean {
  if (filers.includes(caller.id)) return true
  return caller.subject !== null && [subject, ...filerSubjects].includes(caller.subject)
}

function isFileParty({ id, subject }: Caller, context: FileContext): boolean {
  const { uploader, uploaderSubject, clients, subjects } = context
  if (id === uploader || clients.includes(id)) return true
  return subject !== null && [uploaderSubject, ...subjects].includes(subject)
}

function isMandateParty(caller: Caller, context: MandateContext): boolean {
  const { agent, agentSubject, claimant, subject } = context
  if (caller.id === agent || caller.id === claimant) return true
  return caller.subject !== null && [agentSubject, subject].includes(caller.subject)
}

function errorOf({ rule, pointer, detail }: Condition<never>): FieldError {
  return { rule, pointer, detail }
}

function roleError(role: CallerRole, action: Action): FieldError {
  const detail = say(`角色 ${role} 不能执行 ${action}`, `the role ${role} may not do ${action}`)
  return { pointer: '', rule: 'role', detail }
}
