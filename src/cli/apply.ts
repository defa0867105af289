import { say } from '../model/text.ts'
import { findFieldName } from '../schemas/field-names.ts'
import { tables } from '../schemas/tables.ts'
import { list, pathOf, show } from './ask-applications.ts'
import { type Call, type Command, type Options, UsageError } from './command.ts'
import { nodeOptions, withNode } from './connect.ts'
import { isObject, readJsonFile } from './read-json-file.ts'

/** What may be said about a filing, when it is made as when it is mended. */
const filingOptions = {
  file: {
    kind: 'text',
    value: 'FILE',
    help: say(
      'JSON 文件：整份申请，或仅表 1；数据项可用中文、英文或代码名',
      'a JSON file: a whole filing, or table 1 alone; items by Chinese, English or code names',
    ),
  },
  field: {
    kind: 'texts',
    value: 'NAME=VALUE',
    help: say(
      '一个数据项，可重复；值为空即删去',
      'one item, repeatable; an empty value takes it away',
    ),
  },
  consent: {
    kind: 'text',
    value: 'PURPOSE',
    help: say('授权所填信息用于此目的', 'consents to the use of what is filed for this purpose'),
  },
  declare: {
    kind: 'flag',
    help: say(
      '声明所填信息合法、真实、有效、准确、完整',
      'declares what is filed lawful, true, valid, accurate and complete',
    ),
  },
  evidence: {
    kind: 'texts',
    value: 'ID',
    help: say(
      '佐证文件的编号（见 file put），可重复',
      'a document behind it, by its id of file put; repeatable',
    ),
  },
  mandate: {
    kind: 'text',
    value: 'ID',
    help: say('代他人申请所依据的委托', 'the mandate under which one files for another'),
  },
  submit: { kind: 'flag', help: say('并提交审核', 'and hand it in') },
} as const satisfies Options

export const apply: Command = {
  name: 'apply',
  summary: say(
    '申请企信码，或申请变更基本信息',
    'apply for a code, or for a change of what is known',
  ),
  options: {
    ...filingOptions,
    kind: {
      kind: 'text',
      value: 'code|change',
      help: say(
        '申请企信码还是变更，默认按是否已有企信码',
        'a code or a change; by default as there is a code or not',
      ),
    },
    ...nodeOptions,
  },
  async run(call) {
    const { given } = call
    const filing = await filingOf(call)
    if (filing['basic'] === undefined) {
      throw new UsageError(say('需要 --file 或 --field', '--file or --field is needed'))
    }
    const body = {
      ...filing,
      ...(given.has('kind') ? { kind: given.text('kind') } : {}),
      ...(given.has('submit') ? { submit: true } : {}),
    }
    return show(call, 'POST', '/v1/applications', body)
  },
}

export const applyEdit: Command = {
  name: 'apply edit',
  summary: say('填写草稿，或修改被退回的申请', 'fill in a draft, or mend what was returned'),
  arguments: [{ name: 'id' }],
  options: { ...filingOptions, ...nodeOptions },
  async run(call) {
    const filing = await filingOf(call)
    const isSubmitted = call.given.has('submit')
    if (Object.keys(filing).length === 0) {
      throw new UsageError(say('没有要修改的内容', 'there is nothing to change'))
    }
    if (!isSubmitted) return show(call, 'PATCH', pathOf(call), filing)
    await withNode(call, node => node.call('PATCH', pathOf(call), { body: filing }))
    return show(call, 'POST', `${pathOf(call)}:submit`)
  },
}

export const applyShow: Command = {
  name: 'apply show',
  summary: say('显示一份申请及其经过', 'show an application and what became of it'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'GET', pathOf(call)),
}

export const applySubmit: Command = {
  name: 'apply submit',
  summary: say('提交一份申请', 'hand an application in'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'POST', `${pathOf(call)}:submit`),
}

export const applyWithdraw: Command = {
  name: 'apply withdraw',
  summary: say('撤回一份申请，不可恢复', 'take an application back, for good'),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'POST', `${pathOf(call)}:withdraw`),
}

export const applyList: Command = {
  name: 'apply list',
  summary: say('列出自己的申请', "list one's own applications"),
  options: {
    state: { kind: 'text', value: 'STATE', help: say('只要此状态的', 'only those in this state') },
    ...nodeOptions,
  },
  run: call => list(call, { state: call.given.text('state') }),
}

/** What the command line and its file say of a filing; what is said twice, the command line decides. */
async function filingOf({ given }: Call): Promise<Readonly<Record<string, unknown>>> {
  const file = given.text('file')
  const read = file === undefined ? {} : filingIn(await readJsonFile(file))
  const fields = Object.fromEntries(given.texts('field').map(readField))
  const former = isObject(read['basic']) ? read['basic'] : {}
  const basic = { ...withoutSpellings(former, Object.keys(fields)), ...fields }
  const purpose = given.text('consent')
  const evidence = given.texts('evidence')
  const mandate = given.text('mandate')
  return {
    ...read,
    ...(Object.keys(basic).length === 0 ? {} : { basic }),
    ...(purpose === undefined ? {} : { consent: { purpose } }),
    ...(given.has('declare') ? { declaration: true } : {}),
    ...(evidence.length === 0 ? {} : { evidence }),
    ...(mandate === undefined ? {} : { mandate }),
  }
}

/** A file without `basic` is table 1 alone. */
function filingIn(read: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return 'basic' in read ? read : { basic: read }
}

/** `registerDate=20150401`, `法人代表=李雷`; a number where the standard has one, null where nothing follows. */
function readField(text: string): readonly [name: string, value: string | number | null] {
  const at = text.indexOf('=')
  const [spelling, value] = [text.slice(0, at), text.slice(at + 1)]
  const name = at < 1 ? undefined : findFieldName('basic', spelling)
  if (name === undefined) {
    throw new UsageError(
      say(
        `--field 须为 数据项=值：“${text}”`,
        `--field is an item of table 1 and its value: "${text}"`,
      ),
    )
  }
  const isNumber = tables.basic.fields.some(each => each.name === name && each.type === 'number')
  return [name, value === '' ? null : isNumber && /^\d+$/.test(value) ? Number(value) : value]
}

/** An item of the file that the command line says again, under whatever name, is not said twice to the node. */
function withoutSpellings(
  basic: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const isOther = ([spelling]: [string, unknown]) =>
    !names.includes(findFieldName('basic', spelling) ?? '')
  return Object.fromEntries(Object.entries(basic).filter(isOther))
}
