import { say, type Text } from '../model/text.ts'

/** One step of how an answer came about, for people (`trace=1`, `qxm trace`). */
export interface TraceStep {
  /** A short constant for machines. */
  readonly step:
    | 'name'
    | 'prefix'
    | 'history'
    | 'memory'
    | 'redis'
    | 'store'
    | 'alias'
    | 'rule'
    | 'level'
    | 'referral'
    | 'upstream'
    | 'visibility'
    | 'policy'
  readonly text: Text
  readonly facts: Readonly<Record<string, unknown>>
}

/** Collects steps where somebody asked for them, and costs nothing where not. */
export type Trace =
  | ((step: TraceStep['step'], text: Text, facts?: Record<string, unknown>) => void)
  | undefined

export function collectTrace(steps: TraceStep[]): NonNullable<Trace> {
  return (step, text, facts = {}) => steps.push({ step, text, facts })
}

export const traceTexts = {
  name: say('识别为标识体系中的一个标识', 'recognised as an identifier of this system'),
  prefixFound: say('最长匹配的前缀负责此标识', 'the longest matching prefix is responsible'),
  prefixMissing: say('没有已知前缀负责此标识', 'no known prefix is responsible'),
  prefixHandedOver: say('此前缀此前由他人持有', 'others have held the prefix before'),
  memoryHit: say('由进程内存回答', 'answered from process memory'),
  memoryMiss: say('进程内存中没有', 'not in process memory'),
  memoryOutdated: say(
    '内存中的条目已过期或属于旧纪元',
    'the entry in memory is expired or of an older epoch',
  ),
  memoryPassed: say('按请求绕过缓存', 'the caches were passed by, as asked'),
  redisFound: say('由共享的 Redis 缓存中的记录回答', 'answered from a record shared in Redis'),
  storeFound: say('存储中找到记录', 'the store has the record'),
  storeMissing: say('存储中没有此标识', 'the store has no such identifier'),
  storeSpared: say(
    '不必询问存储：没有记录或别名有此键',
    'the store need not be asked: no record and no alias has this key',
  ),
  storeAway: say('存储未应答，使用过期条目', 'the store did not answer; the expired entry is used'),
  aliasLed: say('别名指向此记录', 'the alias leads to this record'),
  aliasUnproven: say('别名未经证实，不予指向', 'the alias is unproven and leads nowhere'),
  rule: say(
    '没有自己的记录，按前缀的映射规则转换',
    'no record of its own; a rule of the prefix makes',
  ),
  level: say(
    '没有自己的记录，改问其所属的批次、变体或品类',
    'no record of its own; the batch, variant or class it is one of is asked instead',
  ),
  codeForged: say('不是本节点签发的企信码', 'this is no code this node has issued'),
  referral: say('前缀已委托，请询问所列站点', 'the prefix is delegated; ask the sites listed'),
  upstreamAsked: say('已代为询问负责的站点', 'the site responsible was asked on your behalf'),
  upstreamKept: say(
    '由此前代为询问所得的回答',
    'answered with what the site responsible said before',
  ),
  upstreamAway: say(
    '负责的站点未应答，使用过期条目',
    'the site responsible did not answer; the expired entry is used',
  ),
  visibility: say('按询问者的权限筛选了值', 'the values were chosen by what the asker may see'),
} as const
