import { say, type Text } from '../../../model/text.ts'

/** Why a workbook is too large, with what to do about it. */
export function asCsv(zh: string, en: string): Text {
  return say(
    `${zh}；请另存为“CSV UTF-8”后再上传，CSV 没有此限制`,
    `${en}: save it as "CSV UTF-8", which has no such limit`,
  )
}
