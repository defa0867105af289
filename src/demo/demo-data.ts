import type { System } from '../model/identifier.ts'
import type { PrefixInput } from '../registry/prefixes.ts'
import type { RecordInput } from '../registry/record-rules.ts'
import type { ValueInput } from '../registry/values.ts'

/**
 * The published test key of enterprise codes, so that the codes in every example are the same everywhere. Anybody can
 * issue codes with it: a store that holds it never starts in production mode.
 */
export const demoCodeKey = Buffer.from('0123456789abcdeffedcba9876543210', 'hex')

/** Of a subject that is there when the demo starts: what it filed, and what its reviewer added. */
export interface DemoSubject {
  readonly basic: Readonly<Record<string, string | number>>
  readonly grade: string
}

/** Fictional, with valid check symbols. */
export const demoSubjects: readonly [DemoSubject, DemoSubject] = [
  {
    basic: {
      uscc: '91440300MA0DEMAA0A',
      producerName: '深圳示例精密制造有限公司',
      producerClassificationName: 'C3911 计算机整机制造',
      producerAddress: '广东省深圳市南山区示例路 1 号',
      legalRepresentative: '示例甲',
      registeredCapital: '1000 万元人民币',
      businessScope: '轴承、数控机床及其零部件的研发、制造与销售',
      managementForms: '存续',
      registerDate: 20150401,
      operationTerm: 99991231,
      issueDate: 20200821,
      socialInsuranceNumber: 120,
    },
    grade: 'A',
  },
  {
    basic: {
      uscc: '12110000MB0DEMBB94',
      producerName: '北京示例工业计量研究院',
      producerClassificationName: 'M7452 检测服务',
      producerAddress: '北京市海淀区示例街 2 号',
      legalRepresentative: '示例乙',
      registeredCapital: '500 万元人民币',
      businessScope: '工业计量、校准与检测服务',
      managementForms: '正常',
      registerDate: 20080901,
      operationTerm: 99991231,
      issueDate: 20190315,
    },
    grade: 'B',
  },
]

/** The agent's client: its code is suspended, for the reason below. */
export const demoClient: DemoSubject['basic'] = {
  uscc: '91310000MA0DEMCCXY',
  producerName: '上海示例新材料有限公司',
  producerClassificationName: 'C2651 初级形态塑料及合成树脂制造',
  producerAddress: '上海市浦东新区示例大道 3 号',
  legalRepresentative: '示例丙',
  registeredCapital: '2000 万元人民币',
  businessScope: '高分子材料的研发、制造与销售',
  managementForms: '存续',
  registerDate: 20180610,
  operationTerm: 20480609,
  issueDate: 20210108,
}

export const demoSuspension = '经营地址核查中'

/** What the first subject has filed since, and nobody has decided on. */
export const demoChange: DemoSubject['basic'] = {
  producerAddress: '广东省深圳市南山区示例路 18 号',
  socialInsuranceNumber: 150,
}

/** How long the agent's mandate holds. */
export const demoMandateDays = 365

/** The owner is the position in {@link demoSubjects}. */
export const demoPrefixes: readonly (PrefixInput & {
  readonly system: System
  readonly prefix: string
  readonly ownedBy: number
})[] = [
  { system: 'handle', prefix: '88.118.8', ownedBy: 0 },
  { system: 'gs1', prefix: '6901234', ownedBy: 0, for: ['product', 'equipment'] },
  { system: 'oid', prefix: '2.999.118.8', ownedBy: 0 },
  { system: 'ecode', prefix: '100648118', ownedBy: 0, for: ['product'] },
  { system: 'did', prefix: 'did:web:example.com', ownedBy: 0, for: ['product'] },
  { system: 'vaa', prefix: 'VAA88.118.8', ownedBy: 0, for: ['product'] },
  {
    system: 'handle',
    prefix: '88.118.9',
    ownedBy: 1,
    for: ['equipment'],
    served: 'delegated',
    sites: [
      {
        address: '127.0.0.1',
        protocols: [
          { protocol: 'TCP', port: 2642 },
          { protocol: 'UDP', port: 2642 },
          { protocol: 'HTTP', port: 8001 },
        ],
        url: 'http://127.0.0.1:8001',
      },
    ],
  },
]

const productCount = 200
const equipmentCount = 50
/** Some products carry a VAA name too, and every piece of equipment an OID. */
const vaaEvery = 4
/** The product whose label leads to more than one page. */
const linkedProduct = 2
/** The product that has a name in every system. */
const manifoldProduct = 4

export interface DemoRecord extends RecordInput {
  readonly identifier: string
}

export function demoRecords(): DemoRecord[] {
  return [
    ...Array.from({ length: productCount }, (_, at) => product(at + 1)),
    ...Array.from({ length: equipmentCount }, (_, at) => equipment(at + 1)),
  ]
}

function product(number: number): DemoRecord {
  const identifier = `88.118.8/ABC-${number}`
  return {
    identifier,
    kind: 'product',
    values: texts([
      ['URL', `https://example.com/products/ABC-${number}`],
      ['NAME', `示例轴承 ABC-${number}`],
      ['MODEL', `ABC-${6200 + number}`],
      ['BATCH', `2026${String(1 + (number % 12)).padStart(2, '0')}`],
      ['GS1', `01/0${gtin13(`6901234${String(number).padStart(5, '0')}`)}`],
      ...(number % vaaEvery === 0 ? ([['VAA', `VAA${identifier}`]] as const) : []),
      ...(number === linkedProduct ? links(`https://example.com/products/ABC-${number}`) : []),
      ...(number === manifoldProduct ? namesElsewhere : []),
    ]),
  }
}

const namesElsewhere = [
  ['OID', '2.999.118.8.1000.4'],
  ['ECODE', '10064811800000004'],
  ['DID', 'did:web:example.com:products:abc-4'],
] as const

function links(page: string): (readonly [type: 'LINK', value: string])[] {
  const certificate = {
    rel: 'gs1:certificationInfo',
    href: `${page}/certificate.pdf`,
    title: '产品合格证',
    type: 'application/pdf',
  }
  const instructions = { rel: 'gs1:instructions', type: 'text/html' }
  return [
    { rel: 'gs1:pip', href: page, title: '产品信息', type: 'text/html', hreflang: ['zh'] },
    certificate,
    { ...instructions, href: `${page}/zh/manual`, title: '使用说明', hreflang: ['zh'] },
    { ...instructions, href: `${page}/en/manual`, title: 'Instructions', hreflang: ['en'] },
  ].map(link => ['LINK', JSON.stringify(link)] as const)
}

function equipment(number: number): DemoRecord {
  const serial = String(number).padStart(3, '0')
  return {
    identifier: `88.118.8/EQ-${serial}`,
    kind: 'equipment',
    values: texts([
      ['URL', `https://example.com/equipment/EQ-${serial}`],
      ['NAME', `示例数控机床 ${serial} 号`],
      ['MANUFACTURER', String(demoSubjects[0].basic['producerName'])],
      ['OID', `2.999.118.8.${number}`],
      ['GS1', `8004/6901234EQ-${serial}`],
    ]),
  }
}

function texts(pairs: readonly (readonly [type: string, value: string])[]): ValueInput[] {
  return pairs.map(([type, data], position) => ({ index: position + 1, type, data }))
}

/** GS1 General Specifications §7.9: weights 3 and 1 in turn, from the right. */
function gtin13(digits: string): string {
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, position) => total + Number(digit) * (position % 2 === 0 ? 3 : 1), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}
