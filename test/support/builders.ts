import { makeNames } from '../../src/mapping/schemes/index.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { Identifier, System } from '../../src/model/identifier.ts'
import type { Prefix } from '../../src/model/prefix.ts'
import type { Alias, StoredRecord } from '../../src/model/record.ts'
import type { Subject } from '../../src/model/subject.ts'
import type { Value } from '../../src/model/value.ts'

/** The prefixes of every test that does not say otherwise; they are the demo's. */
export const nodePrefix = '88.118'
export const codePrefix = '88.118.1'

export const names = makeNames({ codePrefix })

export function anIdentifier(text: string, system?: System): Identifier {
  return names.parse(text, system)
}

/** A public text value with index 1, unless told otherwise. */
export function aValue(more: Partial<Value> = {}): Value {
  return {
    index: 1,
    type: 'URL',
    data: { format: 'string', value: 'https://example.com/' },
    ttl: 86_400,
    timestamp: '2026-11-23T06:00:00Z',
    permissions: '1110',
    references: [],
    ...more,
  }
}

export function anAlias(
  text: string,
  system: System,
  standing: Alias['standing'] = 'claimed',
): Alias {
  const { text: normal, key, authority } = anIdentifier(text, system)
  return { system, text: normal, key, authority, standing }
}

/**
 * A product with one URL.
 * @param identifier in any spelling; decides key and system
 */
export function aRecord({
  identifier = '88.118.8/ABC-1',
  ...more
}: Partial<StoredRecord> = {}): StoredRecord {
  const { text, key, system, authority } = anIdentifier(identifier)
  return {
    key,
    identifier: text,
    system,
    prefix: authority,
    kind: 'product',
    values: [aValue()],
    aliases: [],
    subject: null,
    submitter: 'c1ient00',
    basis: 'authority',
    serial: 1,
    updatedAt: '2026-11-23T06:00:00.000Z',
    successor: null,
    gone: null,
    ...more,
  }
}

/** A hosted, enabled prefix of nobody. */
export function aPrefix(
  prefix: string,
  more: Partial<Prefix> = {},
): Prefix & { readonly serial: number } {
  return {
    system: 'handle',
    prefix,
    owner: null,
    state: 'enabled',
    served: 'hosted',
    sites: [],
    uses: ['product', 'equipment'],
    epoch: 1,
    serial: 1,
    ...more,
  }
}

/** An active subject whose code's last symbols are its id. */
export function aSubject(
  id: string,
  more: Partial<Subject> & { readonly epoch?: number } = {},
): Subject & { readonly epoch: number } {
  return {
    id,
    code: `${codePrefix}/${id.toUpperCase()}`,
    name: `企业 ${id}`,
    status: 'active',
    successor: null,
    region: null,
    industry: null,
    grade: null,
    epoch: 1,
    ...more,
  }
}

/** An enterprise's client. */
export function aCaller(more: Partial<Caller> = {}): Caller {
  return { id: 'c1ient00', role: 'enterprise', subject: null, prefixes: [], ...more }
}

export const anOperator: Caller = {
  id: 'operat0r',
  role: 'operator',
  subject: null,
  prefixes: [],
}
