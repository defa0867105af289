import t from 'tap'
import { makeHasAuthority } from '../../src/access/authority.ts'
import { type Action, type MatrixRow, makePermissions } from '../../src/access/permissions.ts'
import { type Caller, roles } from '../../src/model/caller.ts'
import { followsTable, read } from '../tidy/tree.ts'

const permissions = makePermissions({
  hasAuthority: makeHasAuthority({ isUnder: (_system, authority, prefix) => authority === prefix }),
})
const matrix = permissions.matrix()
const everyAction = [...new Set(matrix.map(({ action }) => action))]
const everyRole = ['anyone', ...roles] as const

/** Who asks, in every role. */
const me = { id: 'me', subject: 'mine', prefixes: [] }

/** Whatever an action may be about, once all the caller's own and once all somebody else's. */
const places = [
  aboutThings({ id: me.id, subject: me.subject, served: 'hosted', is: true }),
  aboutThings({ id: 'other', subject: 'theirs', served: 'delegated', is: false }),
]

function aboutThings(things: {
  readonly id: string
  readonly subject: string
  readonly served: 'hosted' | 'delegated'
  readonly is: boolean
}) {
  const { id, subject, served, is } = things
  return {
    // Place
    system: 'handle',
    authority: '88.118.8',
    prefix: { owner: subject, served },
    // SubjectContext, FilingContext
    subject,
    filers: [id],
    filerSubjects: [subject],
    // MandateContext
    agent: id,
    agentSubject: subject,
    claimant: id,
    // FileContext, ProofContext
    uploader: id,
    uploaderSubject: subject,
    isNamed: is,
    clients: [id],
    subjects: [subject],
    client: id,
  }
}

t.test('each role may do what its cell of the matrix says, and nothing else', async t => {
  for (const action of everyAction) {
    for (const role of everyRole) {
      const rules = rulesOf(role, action)
      const caller: Caller = { ...me, role }

      const answers = places.map(place => permissions.may(caller, action, place as never))

      const expected =
        rules.length === 0
          ? [false, false]
          : rules.some(({ when }) => when === null)
            ? [true, true]
            : 'once yes and once no'
      const found = answers[0] === answers[1] ? answers : 'once yes and once no'
      t.strictSame(found, expected, `${role} ${action}`)
    }
  }
})

t.test('docs/roles.md has the matrix', async t => {
  followsTable(t, 'docs/roles.md', matrixTable(), 'matrix')
})

t.test('docs/roles.md explains each condition, and no other', async t => {
  const [, explained = ''] = read('docs/roles.md').split('<!-- /matrix -->')
  const named = [...explained.matchAll(/^\| `([^`]+)` \|/gm)].map(([, rule]) => rule)
  const used = matrix.flatMap(({ when }) => when ?? [])

  t.strictSame(named.sort(), [...new Set(used)].sort())
})

function rulesOf(role: Caller['role'], action: Action): readonly MatrixRow[] {
  return matrix.filter(row => row.role === role && row.action === action)
}

const headings: Readonly<Record<(typeof everyRole)[number], string>> = {
  anyone: '任何人',
  enterprise: '企业',
  agent: '代理人',
  employee: '员工',
  reviewer: '审核员',
  government: '政府',
  bank: '银行',
  topnode: '顶级节点',
  operator: '运营者',
}

function matrixTable(): string {
  const head = ['操作 action', ...everyRole.map(role => `${headings[role]} ${role}`)]
  const rows = everyAction.map(action => [
    `\`${action}\``,
    ...everyRole.map(role => cellOf(rulesOf(role, action))),
  ])
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |\n`).join('')
}

function cellOf(rules: readonly MatrixRow[]): string {
  if (rules.some(({ when }) => when === null)) return '✓'
  return rules.map(({ when }) => `\`${when}\``).join(' / ')
}
