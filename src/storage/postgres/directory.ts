import type { Prefix } from '../../model/prefix.ts'
import type { Subject } from '../../model/subject.ts'
import type { Queries } from './database.ts'

const prefixColumns = 'system, prefix, owner, state, served, sites, uses, epoch, serial'
const subjectColumns = 'id, code, name, status, successor, region, industry, grade, epoch'

export type PrefixWithSerial = Prefix & { readonly serial: number }
export type SubjectWithEpoch = Subject & { readonly epoch: number }

export interface DirectoryContent {
  readonly prefixes: readonly PrefixWithSerial[]
  readonly subjects: readonly SubjectWithEpoch[]
}

// Subjects are read before prefixes: a subject's epoch vouches for its list of prefixes, so it may be older than that
// list, which costs a miss later, and must never be newer, which would be a lie.

/** Everything the in-memory directory holds. */
export async function readDirectory(database: Queries): Promise<DirectoryContent> {
  const subjects = await database.query<SubjectWithEpoch>(`select ${subjectColumns} from subjects`)
  const prefixes = await database.query<PrefixWithSerial>(`select ${prefixColumns} from prefixes`)
  return { prefixes, subjects }
}

/** Only the named rows, after a change told of them. */
export async function readDirectoryRows(
  database: Queries,
  named: readonly (readonly [system: string, prefix: string])[],
  ids: readonly string[],
): Promise<DirectoryContent> {
  const subjects =
    ids.length === 0
      ? []
      : await database.query<SubjectWithEpoch>(
          `select ${subjectColumns} from subjects where id = any($1)`,
          [ids],
        )
  const prefixes =
    named.length === 0
      ? []
      : await database.query<PrefixWithSerial>(
          `select ${prefixColumns} from prefixes
           where (system, prefix) in (select * from unnest($1::text[], $2::text[]))`,
          [named.map(([system]) => system), named.map(([, prefix]) => prefix)],
        )
  return { prefixes, subjects }
}
