import { say } from '../model/text.ts'
import { list, pathOf, show } from './ask-applications.ts'
import { type Call, type Command, type Options, UsageError } from './command.ts'
import { nodeOptions } from './connect.ts'
import { placementOf, placementOptions } from './placement.ts'

const noteOption = {
  note: {
    kind: 'text',
    value: 'TEXT',
    help: say('给申请方的说明', 'a word to who filed it'),
  },
} as const satisfies Options

const commentOptions = {
  comment: {
    kind: 'texts',
    value: 'FIELD=TEXT',
    help: say('对一个数据项的意见，可重复', 'what is to be said of one item, repeatable'),
  },
  ...noteOption,
} as const satisfies Options

export const reviewList: Command = {
  name: 'review list',
  summary: say('列出待审核的申请，期限近者在前', 'list what is to be decided, by deadline'),
  options: {
    state: { kind: 'text', value: 'STATE', help: say('只要此状态的', 'only those in this state') },
    reviewer: {
      kind: 'text',
      value: 'ID',
      help: say('只要交给此审核员的', 'only those given to this reviewer'),
    },
    ...nodeOptions,
  },
  run: call =>
    list(call, { state: call.given.text('state'), reviewer: call.given.text('reviewer') }),
}

export const reviewShow: Command = {
  name: 'review show',
  summary: say(
    '显示一份申请、其变更与冲突；查阅会记入审计',
    'show an application, what it changes and conflicts with; looking is put on record',
  ),
  arguments: [{ name: 'id' }],
  options: nodeOptions,
  run: call => show(call, 'GET', pathOf(call)),
}

export const reviewTake: Command = {
  name: 'review take',
  summary: say('领取一份申请，或交给另一名审核员', 'take an application, or give it to another'),
  arguments: [{ name: 'id' }],
  options: {
    reviewer: { kind: 'text', value: 'ID', help: say('交给此审核员', 'whom to give it to') },
    ...nodeOptions,
  },
  run: call => {
    const reviewer = call.given.text('reviewer')
    return show(call, 'POST', `${pathOf(call)}:assign`, reviewer === undefined ? {} : { reviewer })
  },
}

export const reviewReturn: Command = {
  name: 'review return',
  summary: say('退回修改', 'return an application to be mended'),
  arguments: [{ name: 'id' }],
  options: { ...commentOptions, ...nodeOptions },
  run: call => decide(call, 'return'),
}

export const reviewApprove: Command = {
  name: 'review approve',
  summary: say(
    '通过；须复核的，由两名审核员先后通过',
    'approve; where two must, one after the other',
  ),
  arguments: [{ name: 'id' }],
  options: { ...noteOption, ...placementOptions, ...nodeOptions },
  run: call => decide(call, 'approve'),
}

export const reviewReject: Command = {
  name: 'review reject',
  summary: say('驳回，不可恢复', 'reject an application, for good'),
  arguments: [{ name: 'id' }],
  options: { ...commentOptions, ...nodeOptions },
  run: call => decide(call, 'reject'),
}

function decide(call: Call, decision: 'approve' | 'return' | 'reject') {
  const { given } = call
  const comments = Object.fromEntries(given.texts('comment').map(readComment))
  const note = given.text('note')
  const subject = placementOf(call)
  return show(call, 'POST', `${pathOf(call)}:decide`, {
    decision,
    ...(given.has('comment') ? { comments } : {}),
    ...(note === undefined ? {} : { note }),
    ...(Object.keys(subject).length === 0 ? {} : { subject }),
  })
}

function readComment(text: string): readonly [field: string, comment: string] {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(
    say(
      `--comment 须为 数据项=意见：“${text}”`,
      `--comment is an item and what is said of it: "${text}"`,
    ),
  )
}
