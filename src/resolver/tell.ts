import { stepsOf } from '../mapping/prefix-walk.ts'
import type { Identifier } from '../model/identifier.ts'
import type { Prefix } from '../model/prefix.ts'
import type { StoredRecord } from '../model/record.ts'
import type { Entry } from './answer-cache.ts'
import type { ResolverParts } from './resolve.ts'
import { type Trace, traceTexts } from './trace.ts'

/** Who is responsible, by which comparison, who owns it, and who did before. */
export async function tellPrefix(
  { directory, formerHolders }: Pick<ResolverParts, 'directory' | 'formerHolders'>,
  trace: NonNullable<Trace>,
  { system, authority }: Identifier,
  prefix: Prefix | undefined,
): Promise<void> {
  const { by } = stepsOf(system)
  if (prefix === undefined) {
    trace('prefix', traceTexts.prefixMissing, { system, by, authority })
    return
  }
  const { owner } = prefix
  trace('prefix', traceTexts.prefixFound, {
    system: prefix.system,
    prefix: prefix.prefix,
    by,
    owner: owner === null ? null : (directory.subject(owner)?.code ?? null),
    state: prefix.state,
    served: prefix.served,
    epoch: prefix.epoch,
  })
  const former = (await formerHolders?.(prefix)) ?? []
  if (former.length > 0) trace('history', traceTexts.prefixHandedOver, { former })
}

export function tellAlias(
  trace: Trace,
  { key }: Identifier,
  record: StoredRecord,
  leads: boolean,
): void {
  const alias = record.aliases.find(each => each.key === key)
  trace?.('alias', leads ? traceTexts.aliasLed : traceTexts.aliasUnproven, {
    record: record.identifier,
    alias: alias?.text,
    standing: alias?.standing,
  })
}

export function tellLoaded(trace: Trace, { record }: Entry, source: 'redis' | 'store'): void {
  if (source === 'redis') trace?.('redis', traceTexts.redisFound)
  else trace?.('store', record === undefined ? traceTexts.storeMissing : traceTexts.storeFound)
}
