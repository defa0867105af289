import { say, type Text } from '../model/text.ts'
import { tables } from '../schemas/tables.ts'
import type { Language } from './language.ts'
import { table } from './print.ts'

/** An application as lists show it. */
export interface ApplicationSummary {
  readonly id: string
  readonly kind: 'code' | 'change'
  readonly state: string
  readonly name: string
  readonly filer: string
  readonly reviewer: string | null
  readonly endorsedBy: string | null
  readonly code: string | null
  readonly dueAt: string | null
}

type Fields = Readonly<Record<string, string | number>>

/** An application as the node's JSON has it, as far as it is printed. */
export interface Application extends Omit<ApplicationSummary, 'name'> {
  readonly basic: Fields
  readonly mandate: string | null
  readonly comments: Readonly<Record<string, string>>
  readonly note: string | null
  readonly warnings: readonly { readonly pointer: string; readonly detail: string }[]
  readonly derived: Readonly<Record<'region' | 'industry' | 'grade', string | null>>
  /** These three when it is read by its id only. */
  readonly history?: readonly {
    readonly at: string
    readonly actor: string
    readonly role: string
    readonly step: string
    readonly note: string | null
  }[]
  readonly changes?: readonly {
    readonly field: string
    readonly from: string | number | null
    readonly to: string | number | null
  }[]
  readonly conflicts?: readonly { readonly id: string; readonly state: string }[]
}

const texts = {
  id: say('编号', 'id'),
  kind: say('种类', 'kind'),
  state: say('状态', 'state'),
  name: say('名称', 'name'),
  code: say('企信码', 'code'),
  mandate: say('委托', 'mandate'),
  filer: say('申请方', 'filed by'),
  reviewer: say('审核员', 'reviewer'),
  endorsedBy: say('初审通过', 'first approval'),
  due: say('期限', 'due'),
  region: say('地区', 'region'),
  industry: say('行业', 'industry'),
  grade: say('等级', 'grade'),
  note: say('说明', 'note'),
  item: say('数据项', 'item'),
  value: say('内容', 'value'),
  comment: say('审核意见', 'comment'),
  warnings: say('提示', 'to be looked at'),
  changes: say('变更', 'changes'),
  conflicts: say('同一信用代码的其他申请', 'others ask for the same credit code'),
  history: say('经过', 'history'),
} as const satisfies Record<string, Text>

/** An application for a person: where it stands, what it says with what was said of it, and how it came here. */
export function applicationText(application: Application, language: Language): string {
  const text = (name: keyof typeof texts) => texts[name][language]
  const parts = [
    facts(application, text),
    itemTable(application, language),
    section(
      text('warnings'),
      application.warnings.map(({ pointer, detail }) => [pointer, detail]),
    ),
    section(
      text('changes'),
      (application.changes ?? []).map(({ field, from, to }) => [
        fieldLabel(field, language),
        `${from ?? '-'} → ${to ?? '-'}`,
      ]),
    ),
    section(
      text('conflicts'),
      (application.conflicts ?? []).map(({ id, state }) => [id, state]),
    ),
    section(
      text('history'),
      (application.history ?? []).map(({ at, step, actor, role, note }) => [
        at,
        step,
        `${role} ${actor}`,
        note ?? '',
      ]),
    ),
  ]
  return parts.filter(part => part !== '').join('\n')
}

/** Applications one line each, as a queue is read. */
export function applicationList(
  applications: readonly ApplicationSummary[],
  language: Language,
): string {
  const header = ['id', 'kind', 'state', 'due', 'reviewer', 'code', 'name'] as const
  return table(
    applications.map(({ id, kind, state, dueAt, reviewer, code, name }) => [
      id,
      kind,
      state,
      dueAt ?? '-',
      reviewer ?? '-',
      code ?? '-',
      name,
    ]),
    header.map(name => texts[name][language]),
  )
}

function facts(application: Application, text: (name: keyof typeof texts) => string): string {
  const { id, kind, state, code, mandate, filer, reviewer, endorsedBy, dueAt, note } = application
  const { region, industry, grade } = application.derived
  const rows: (readonly [keyof typeof texts, string | null])[] = [
    ['id', id],
    ['kind', kind],
    ['state', state],
    ['code', code],
    ['mandate', mandate],
    ['filer', filer],
    ['reviewer', reviewer],
    ['endorsedBy', endorsedBy],
    ['due', dueAt],
    ['region', region],
    ['industry', industry],
    ['grade', grade],
    ['note', note],
  ]
  return table(rows.flatMap(([name, value]) => (value === null ? [] : [[text(name), value]])))
}

/** What was filed, in the standard's order; a comment on something that is missing has its line too. */
function itemTable({ basic, comments }: Application, language: Language): string {
  const shown = tables.basic.fields.filter(({ name }) => name in basic || name in comments)
  if (shown.length === 0) return ''
  return table(
    shown.map(({ name }) => [
      name,
      fieldLabel(name, language),
      String(basic[name] ?? '-'),
      comments[name] ?? '',
    ]),
    [texts.item[language], '', texts.value[language], texts.comment[language]],
  )
}

function fieldLabel(name: string, language: Language): string {
  const field = tables.basic.fields.find(each => each.name === name)
  return field?.[language] ?? name
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${title}:\n${table(rows.map(row => ['', ...row]))}`
}
