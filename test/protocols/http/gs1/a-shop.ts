import { anAlias, aPrefix, aRecord, aValue } from '../../../support/builders.ts'
import { aSmallWorld, type DoorWorld } from '../a-door.ts'

export const gtin = '06901234000016'
export const vocabulary = 'https://ref.gs1.org/voc/'
export const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

const owner = 'aaaaaaaaaaaaaa'

/** Values in their order; an object is a link. */
export function values(...texts: (readonly [type: string, text: string | object])[]) {
  return texts.map(([type, text], place) =>
    aValue({
      index: place + 1,
      type,
      data: { format: 'string', value: typeof text === 'string' ? text : JSON.stringify(text) },
    }),
  )
}

/** A record that a GS1 key leads to. */
export function aProduct(
  identifier: string,
  key: string,
  ...texts: (readonly [string, string | object])[]
) {
  return aRecord({ identifier, values: values(...texts), aliases: [anAlias(key, 'gs1')] })
}

export const product = aProduct(
  '88.118.8/ABC-1',
  `01/${gtin}`,
  ['URL', 'https://example.com/abc-1'],
  ['NAME', '示例轴承'],
  ['LINK', { rel: 'gs1:certificationInfo', href: 'https://example.com/c', title: '合格证' }],
  ['LINK', { rel: 'gs1:instructions', href: 'https://example.com/zh', hreflang: ['zh'] }],
  ['LINK', { rel: 'gs1:instructions', href: 'https://example.com/en', hreflang: ['en'] }],
  ['LINK', { rel: 'gs1:traceability', href: 'https://example.com/t1', title: 'one' }],
  ['LINK', { rel: 'gs1:traceability', href: 'https://example.com/t2', title: 'two' }],
)

export const lot = aProduct(
  '88.118.8/ABC-1-L1',
  `01/${gtin}/10/L1`,
  ['NAME', '批次 L1'],
  ['LINK', { rel: 'gs1:certificationInfo', href: 'https://example.com/c-l1' }],
)

export const serial = aProduct(
  '88.118.8/ABC-1-S1',
  `01/${gtin}/21/S1`,
  ['NAME', '序列号 S1'],
  ['URL', 'https://example.com/s1'],
)

/** One product with a lot and a serial number that have records of their own; who makes it holds its prefixes. */
export const aShop = {
  ...aSmallWorld,
  prefixes: [
    ...aSmallWorld.prefixes,
    aPrefix('6901234', { system: 'gs1', owner }),
    aPrefix('6905678', { system: 'gs1', owner: 'bbbbbbbbbbbbbb' }),
  ],
  records: [product, lot, serial],
} satisfies DoorWorld
