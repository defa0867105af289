import { say } from '../../model/text.ts'
import { addressCharsMax, dailySeconds, nameCharsMax } from '../bounds.ts'
import type { Table } from '../field.ts'

/** AII/002 §4.5, table 5. All of it is personal data, and none of it required. */
export const staff: Table = {
  name: 'staff',
  zh: '人员信息',
  en: 'staff information',
  clause: '4.5',
  rows: 'many',
  fields: [
    {
      name: 'staffName',
      zh: '姓名',
      en: 'staff name',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: nameCharsMax },
      description: say('此人的中文姓名', 'the Chinese name of the person'),
    },
    {
      name: 'staffContactNumber',
      zh: '手机号',
      en: 'staff contact number',
      type: 'number',
      required: false,
      form: { kind: 'phone', mobile: true },
      description: say('此人的手机号码', 'the mobile number of the person'),
    },
    {
      name: 'staffId',
      zh: '身份证号',
      en: 'staff ID',
      type: 'char',
      required: false,
      form: { kind: 'residentId' },
      description: say('此人的居民身份号码', 'the resident identity number of the person'),
    },
    {
      name: 'staffAddress',
      zh: '居住地区',
      en: 'staff address',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: addressCharsMax },
      description: say('此人的住处', 'where the person lives'),
    },
    {
      name: 'staffHealth',
      zh: '身体状况',
      en: 'staff health',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: addressCharsMax },
      description: say('此人当日的健康状况', 'how the person is on the day'),
      maxAgeSeconds: dailySeconds,
    },
  ],
  order: [],
}
