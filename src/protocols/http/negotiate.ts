import { qualityOf } from './language.ts'

/** As they are written into `Content-Type`. */
export const mediaTypes = {
  json: 'application/json; charset=utf-8',
  protobuf: 'application/x-protobuf',
} as const

/** The forms of an answer on this wire. */
export type Form = keyof typeof mediaTypes

/** Longer headers name nothing more that we have. */
const acceptCharsMax = 1000

/**
 * The form of an answer the asker likes best (RFC 9110 §12.5.1). JSON unless Protobuf is named and nothing that is
 * JSON is liked better; also for those who accept neither, because an answer they may read beats none.
 */
export function formOf(accept: string | undefined): Form {
  if (accept === undefined || !/protobuf/i.test(accept)) return 'json'
  const liked = { json: { quality: 0, place: 0 }, protobuf: { quality: 0, place: 0 } }
  for (const [place, range] of accept.slice(0, acceptCharsMax).split(',').entries()) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const form = protobufTypes.includes(type)
      ? 'protobuf'
      : type === 'application/json'
        ? 'json'
        : undefined
    if (form !== undefined) liked[form] = { quality: qualityOf(parameters), place }
  }
  const { json, protobuf } = liked
  if (protobuf.quality === json.quality) {
    return protobuf.quality > 0 && protobuf.place < json.place ? 'protobuf' : 'json'
  }
  return protobuf.quality > json.quality ? 'protobuf' : 'json'
}

const protobufTypes = ['application/x-protobuf', 'application/protobuf']
