import t from 'tap'
import { makeHasAuthority, type Place } from '../../src/access/authority.ts'
import { type Action, makePermissions } from '../../src/access/permissions.ts'
import { anyone, type Caller, roles } from '../../src/model/caller.ts'

const permissions = makePermissions({
  hasAuthority: makeHasAuthority({ isUnder: (_system, authority, prefix) => authority === prefix }),
})

function aCaller(role: Caller['role'], more: Partial<Caller> = {}): Caller {
  return { ...anyone, id: 'ab12cd34', role, ...more }
}

const there: Place = {
  system: 'handle',
  authority: '88.118.8',
  prefix: { owner: 'subject-1', served: 'hosted' },
}

const writes = [
  'identifier.create',
  'identifier.replace',
  'identifier.patch',
  'identifier.delete',
] as const satisfies readonly Action[]

const operatorOnly = [
  'prefix.read',
  'prefix.list',
  'prefix.create',
  'prefix.patch',
  'client.create',
  'client.list',
  'client.revoke',
  'account.create',
  'account.list',
  'account.disable',
  'account.reset',
  'key.list',
  'key.rotate',
  'key.retire',
  'key.destroy',
  'audit.read',
] as const satisfies readonly Action[]

t.test('everybody may resolve and look back from public values', async t => {
  for (const role of ['anyone', ...roles] as const) {
    t.equal(permissions.may(aCaller(role), 'resolve', {}), true, role)
    t.equal(permissions.may(aCaller(role), 'reverse', {}), true, role)
  }
})

t.test('prefixes, clients and the audit are the operator’s alone', async t => {
  for (const action of operatorOnly) {
    for (const role of ['anyone', ...roles] as const) {
      t.equal(permissions.may(aCaller(role), action, {}), role === 'operator', `${role} ${action}`)
    }
  }
})

t.test('writing needs a role that writes and authority over the prefix', async t => {
  const mayWrite = new Set(['enterprise', 'agent', 'operator'])
  const elsewhere: Place = { ...there, prefix: { owner: 'subject-2', served: 'delegated' } }

  for (const action of writes) {
    for (const role of ['anyone', ...roles] as const) {
      const owner = aCaller(role, { subject: 'subject-1' })
      t.equal(permissions.may(owner, action, there), mayWrite.has(role), `${role} ${action}`)
      t.equal(permissions.may(owner, action, elsewhere), false, `${role} ${action} elsewhere`)
    }
    t.equal(permissions.may(aCaller('enterprise'), action, there), false)
    t.equal(permissions.may(aCaller('agent', { prefixes: ['88.118.8'] }), action, there), true)
  }
})

t.test('a subject reads the record about it, also under the node’s own prefix', async t => {
  const record = {
    ...there,
    prefix: { owner: null, served: 'hosted' },
    subject: 'subject-1',
  } as const
  const owner = aCaller('enterprise', { subject: 'subject-1' })

  t.equal(permissions.may(owner, 'identifier.read', record), true)
  t.equal(permissions.may(owner, 'identifier.replace', record), false)
  t.equal(permissions.may(owner, 'identifier.read', { ...record, subject: null }), false)
  t.equal(
    permissions.may(aCaller('enterprise'), 'identifier.read', { ...record, subject: null }),
    false,
  )
  t.equal(
    permissions.may(aCaller('bank', { subject: 'subject-1' }), 'identifier.read', record),
    false,
  )
})

t.test('an application is filled in by who filed it and decided by who did not', async t => {
  const filing = { filers: ['ab12cd34'], filerSubjects: ['subject-1'], subject: 'subject-2' }
  const elsewhere = { filers: ['other000'], filerSubjects: [], subject: 'subject-3' }
  const own = [aCaller('agent'), aCaller('agent', { id: 'x', subject: 'subject-1' })]

  for (const caller of own) {
    for (const action of ['application.edit', 'application.read'] as const) {
      t.equal(permissions.may(caller, action, filing), true)
      t.equal(permissions.may({ ...caller, role: 'enterprise' }, action, filing), true)
      t.equal(permissions.may(caller, action, elsewhere), false)
    }
    const reviewer = { ...caller, role: 'reviewer' } as const
    t.equal(permissions.may(reviewer, 'application.decide', filing), false)
    t.equal(permissions.may(reviewer, 'application.decide', elsewhere), true)
  }
  for (const role of ['anyone', 'operator', 'employee', 'government', 'bank', 'topnode'] as const) {
    for (const action of ['application.read', 'application.edit', 'application.decide'] as const) {
      t.equal(permissions.may(aCaller(role), action, filing), false, `${role} ${action}`)
    }
  }
})

t.test(
  'a credit code leads back for a reviewer and its own subject, not for an operator',
  async t => {
    const context = { subject: 'subject-1' }
    const who = [
      aCaller('reviewer'),
      aCaller('enterprise', { subject: 'subject-1' }),
      aCaller('enterprise', { subject: 'subject-2' }),
      aCaller('enterprise'),
      aCaller('operator'),
      anyone,
    ]

    const allowed = who.map(caller => permissions.may(caller, 'reverse.uscc', context))

    t.same(allowed, [true, true, false, false, false, false])
    t.equal(permissions.may(aCaller('enterprise'), 'reverse.uscc', { subject: null }), false)
  },
)

t.test('a caller without credentials is asked for them, whatever it wanted', async t => {
  t.throws(() => permissions.demand(anyone, 'client.list', {}), { code: 'NOT_AUTHENTICATED' })
  t.throws(() => permissions.demand(anyone, 'identifier.create', there), {
    code: 'NOT_AUTHENTICATED',
  })
  t.doesNotThrow(() => permissions.demand(anyone, 'resolve', {}))
})

t.test('a refusal names the condition that is not met, or the role', async t => {
  const stranger = aCaller('enterprise', { subject: 'subject-2' })

  t.throws(() => permissions.demand(stranger, 'identifier.create', there), {
    code: 'NOT_PERMITTED',
    errors: [{ pointer: '/identifier', rule: 'authority' }],
  })
  t.throws(() => permissions.demand(stranger, 'identifier.list', there), {
    errors: [{ pointer: '/prefix', rule: 'authority' }],
  })
  t.throws(() => permissions.demand(stranger, 'client.create', {}), {
    code: 'NOT_PERMITTED',
    errors: [{ pointer: '', rule: 'role', detail: { zh: /enterprise/, en: /client\.create/ } }],
  })
})

t.test('the matrix shows every rule once', async t => {
  const matrix = permissions.matrix()

  t.equal(new Set(matrix.map(row => JSON.stringify(row))).size, matrix.length)
  t.match(
    matrix.filter(({ action }) => action === 'identifier.create'),
    [
      { role: 'enterprise', when: 'authority' },
      { role: 'agent', when: 'authority' },
      { role: 'operator', when: 'authority' },
    ],
  )
})
