import { qualityOf } from './language.ts'
import { linksetMediaType } from './linkset/linkset-json.ts'

/** As they are written into `Content-Type`. */
export const mediaTypes = {
  json: 'application/json; charset=utf-8',
  protobuf: 'application/x-protobuf',
  linkset: linksetMediaType,
} as const

/** The forms of one answer on this wire. */
export type AnswerForm = keyof typeof mediaTypes
/** Those that hold a whole answer, and several. */
export type Form = Exclude<AnswerForm, 'linkset'>

/** Longer headers name nothing more that we have. */
const acceptCharsMax = 1000

/**
 * The form of an answer the asker likes best (RFC 9110 §12.5.1). JSON unless another is named and nothing that is
 * JSON is liked better; also for those who accept none of them, because an answer they may read beats none.
 */
export function answerFormOf(accept: string | undefined): AnswerForm {
  if (accept === undefined || !/protobuf|linkset/i.test(accept)) return 'json'
  return likedBest(accept, formsByType)
}

/** The same of whole answers. */
export function formOf(accept: string | undefined): Form {
  if (accept === undefined || !/protobuf/i.test(accept)) return 'json'
  return likedBest(accept, wholeFormsByType)
}

/** Of forms that have media types, the one that is liked best; `json` where none is. */
export function likedBest<F extends string>(
  accept: string,
  forms: ReadonlyMap<string, F>,
): F | 'json' {
  const liked = new Map<F | 'json', { quality: number; place: number }>()
  for (const [place, range] of accept.slice(0, acceptCharsMax).split(',').entries()) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const form = forms.get(type)
    if (form !== undefined) liked.set(form, { quality: qualityOf(parameters), place })
  }
  const ranked = [...liked]
    .filter(([, { quality }]) => quality > 0)
    .sort(([, a], [, b]) => b.quality - a.quality || a.place - b.place)
  return ranked[0]?.[0] ?? 'json'
}

const wholeFormsByType: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['application/json', 'json'],
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
])
const formsByType: ReadonlyMap<string, AnswerForm> = new Map<string, AnswerForm>([
  ...wholeFormsByType,
  [linksetMediaType, 'linkset'],
])
