import { say } from '../../model/text.ts'
import {
  dailySeconds,
  identifierCharsMax,
  nameCharsMax,
  standardsCharsMax,
  wordCharsMax,
} from '../bounds.ts'
import type { Table } from '../field.ts'

/** AII/002 §4.3, table 3: what is made, and what of it is there. */
export const products: Table = {
  name: 'products',
  zh: '产品信息',
  en: 'product information',
  clause: '4.3',
  rows: 'many',
  fields: [
    {
      name: 'productionId',
      zh: '产品标识',
      en: 'production ID',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: identifierCharsMax },
      description: say(
        '同一企业同一型号同一批次共用的标识，不再改变',
        'the identifier of one model and batch of one enterprise; never changes',
      ),
    },
    {
      name: 'productionName',
      zh: '产品名称',
      en: 'production name',
      type: 'char',
      required: true,
      form: { kind: 'text', charsMax: nameCharsMax },
      description: say('产品的中文名', 'the Chinese name of the product'),
    },
    {
      name: 'productionModel',
      zh: '规格型号',
      en: 'production model',
      type: 'char',
      required: true,
      form: { kind: 'text', charsMax: nameCharsMax },
      description: say('产品的规格与型号', 'specification and model'),
    },
    {
      // The standard prints "production" alone; the word for classification is missing.
      name: 'productClassification',
      zh: '产品分类',
      en: 'production',
      type: 'char',
      required: true,
      form: { kind: 'text', charsMax: wordCharsMax },
      description: say(
        '产品在分类体系中的类别',
        'the class of the product in a classification of products',
      ),
    },
    {
      name: 'productionBrand',
      zh: '产品品牌',
      en: 'production brand',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: wordCharsMax },
      description: say('产品所用的品牌', 'the brand it is sold under'),
    },
    {
      name: 'productionDate',
      zh: '生产日期',
      en: 'production date',
      type: 'number',
      required: true,
      form: { kind: 'date', past: true },
      description: say('产品制成之日，YYYYMMDD', 'the day it was made, YYYYMMDD'),
    },
    {
      name: 'guaranteePeriod',
      zh: '有效期',
      en: 'guarantee period',
      type: 'number',
      required: true,
      form: { kind: 'period' },
      description: say(
        '可用的天数，或最后一日 YYYYMMDD；长期为 99991231',
        'how many days it is good for, or its last day YYYYMMDD; 99991231 is for ever',
      ),
    },
    {
      name: 'stock',
      zh: '库存量',
      en: 'stock',
      type: 'number',
      required: true,
      form: { kind: 'quantity' },
      description: say('现有的数量', 'how much of it is there now'),
      maxAgeSeconds: dailySeconds,
    },
    {
      name: 'productionStandards',
      zh: '产品标准',
      en: 'production standards',
      type: 'char',
      required: false,
      form: { kind: 'text', charsMax: standardsCharsMax, prose: true },
      description: say(
        '所执行的标准，从国际标准到企业标准均可',
        'the standards it follows, of any level from international to its own',
      ),
    },
  ],
  order: [['productionDate', 'guaranteePeriod']],
}
