import { Failure } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'
import type { Manifest } from './manifest.ts'
import type { GrantRow, ImportRow } from './rows.ts'
import { isWithin } from './scope.ts'

/**
 * Whether a grant lets this batch in, as far as its manifest tells: of the same source, in force now, wide enough. What
 * its rows say is judged row by row.
 * @throws Failure `NOT_PERMITTED` naming what is missing
 */
export function demandCovered(
  grant: GrantRow | undefined,
  manifest: Pick<Manifest, 'source' | 'target' | 'authorization' | 'prefixes'>,
  now: Date,
): asserts grant is GrantRow {
  if (grant === undefined || grant.source !== manifest.source) {
    throw refused('grant.unknown', '/authorization', unknown(manifest.authorization))
  }
  if (grant.target !== manifest.target) throw refused('grant.target', '/target', otherTarget)
  if (grant.revokedAt !== null) throw refused('grant.revoked', '/authorization', revoked)
  if (now < grant.beginsAt) throw refused('grant.notYet', '/authorization', notYet)
  if (now >= grant.endsAt) throw refused('grant.expired', '/authorization', expired)
  if (!isWithin(manifest.prefixes, grant.prefixes)) {
    throw refused('grant.prefixes', '/prefixes', foreign)
  }
}

function refused(rule: string, pointer: string, detail: Text): Failure {
  return new Failure('NOT_PERMITTED', detail, { errors: [{ pointer, rule, detail }] })
}

const unknown = (id: string) =>
  say(`没有来自该节点、编号为 ${id} 的授权令`, `there is no grant ${id} of this source`)
const otherTarget = say('授权令的接收方与清单不同', 'the grant is for another target')
const notYet = say('授权令尚未生效', 'the grant is not in force yet')
const expired = say('授权令已过期', 'the grant has ended')
const foreign = say(
  '清单的前缀超出授权范围（按段比较）',
  'the manifest names a prefix beyond those of the grant, compared label by label',
)
const revoked = say('授权令已撤销', 'the grant was revoked')

/**
 * Whether a grant still lets a batch in that it let come: not revoked since, and with rows left. That it has ended in the
 * meantime is no matter.
 * @throws Failure `NOT_PERMITTED`
 */
export function demandCoveredStill(
  grant: GrantRow | undefined,
  { rows }: Pick<ImportRow, 'rows'>,
): asserts grant is GrantRow {
  if (grant === undefined || grant.revokedAt !== null) {
    throw refused('grant.revoked', '/authorization', revoked)
  }
  const left = grant.rowsMax - grant.rowsUsed
  if (rows > left) {
    const detail = say(
      `授权令只剩 ${left} 行，此批次有 ${rows} 行`,
      `the grant has ${left} rows left, and the batch has ${rows}`,
    )
    throw refused('grant.rows', '/files', detail)
  }
}
