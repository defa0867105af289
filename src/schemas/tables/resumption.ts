import { say } from '../../model/text.ts'
import { addressCharsMax, dailySeconds, wordCharsMax } from '../bounds.ts'
import type { Table } from '../field.ts'

/** AII/002 §4.2, table 2. The two numbers of cases are text there: one may write "有, 2 人". */
export const resumption: Table = {
  name: 'resumption',
  zh: '企业复工信息',
  en: 'work resumption information',
  clause: '4.2',
  rows: 'one',
  fields: [
    {
      name: 'workResumptionTime',
      zh: '复工时间',
      en: 'work resumption time',
      type: 'number',
      required: false,
      form: { kind: 'date' },
      description: say(
        '恢复生产之日，YYYYMMDD，可为计划日期',
        'the day work begins again, YYYYMMDD; may be planned',
      ),
    },
    {
      name: 'workResumptionLocation',
      zh: '复工地址',
      en: 'work resumption location',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: addressCharsMax },
      description: say('恢复生产的地点', 'where work begins again'),
    },
    {
      name: 'resumptionWorkerNumber',
      zh: '复工人数',
      en: 'resumption worker number',
      type: 'number',
      required: false,
      form: { kind: 'count' },
      description: say('已返岗的员工数', 'the workers who are back'),
      maxAgeSeconds: dailySeconds,
    },
    {
      name: 'suspectedNumber',
      zh: '疑似人员数量',
      en: 'suspected number',
      type: 'char',
      required: true,
      form: { kind: 'text', charsMax: wordCharsMax },
      description: say(
        '有无疑似病例及人数，以文字填写',
        'whether there are suspected cases, and how many, in words',
      ),
      maxAgeSeconds: dailySeconds,
    },
    {
      name: 'confirmedNumber',
      zh: '确诊人员数量',
      en: 'confirmed number',
      type: 'char',
      required: true,
      form: { kind: 'text', charsMax: wordCharsMax },
      description: say(
        '有无确诊病例及人数，以文字填写',
        'whether there are confirmed cases, and how many, in words',
      ),
      maxAgeSeconds: dailySeconds,
    },
  ],
  order: [],
}
