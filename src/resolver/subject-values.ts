import type { Subject } from '../model/subject.ts'
import {
  permissionsDefault,
  ttlSecondsDefault,
  type Value,
  type ValueData,
} from '../model/value.ts'
import type { OwnedPrefix } from './parts.ts'

export interface SubjectValueParts {
  /** Where the world sees us, `https://id.example.cn`; known once the node listens. */
  readonly publicUrl: () => string
  /** The prefix codes are issued under; its administrators administer the codes' records. */
  readonly codePrefix: string
}

const prefixIndexFirst = 10
const adminIndex = 100
const adminKeyIndex = 300
/** Everything but deleting the prefix itself and listing its handles: the usual rights of a record's owner. */
const ownerPermissions = '011111110011'

/**
 * The record of a code is made from its subject at the time of answering, so that its state and prefixes are never
 * older than the directory: 1 `URL`, 2 `NAME`, 3 `STATUS`, 10… `PREFIX`, 100 `HS_ADMIN`.
 */
export function subjectValues(
  subject: Subject,
  prefixes: readonly OwnedPrefix[],
  updatedAt: string,
  { publicUrl, codePrefix }: SubjectValueParts,
): Value[] {
  const timestamp = `${updatedAt.slice(0, 19)}Z`
  const make = (index: number, type: string, data: ValueData): Value => ({
    index,
    type,
    data,
    ttl: ttlSecondsDefault,
    timestamp,
    permissions: permissionsDefault,
    references: [],
  })
  const text = (index: number, type: string, value: string) =>
    make(index, type, { format: 'string', value })
  return [
    text(1, 'URL', `${publicUrl()}/C/${subject.code}`),
    text(2, 'NAME', subject.name),
    text(3, 'STATUS', subject.status),
    ...prefixes.map((prefix, position) =>
      text(prefixIndexFirst + position, 'PREFIX', JSON.stringify(prefix)),
    ),
    make(adminIndex, 'HS_ADMIN', {
      format: 'admin',
      value: { handle: `0.NA/${codePrefix}`, index: adminKeyIndex, permissions: ownerPermissions },
    }),
  ]
}
