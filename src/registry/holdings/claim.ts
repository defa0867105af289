import { isUnder } from '../../mapping/prefix-walk.ts'
import type { Caller } from '../../model/caller.ts'
import { invalid } from '../../model/failures.ts'
import type { Evidence } from '../../model/holding.ts'
import type { System } from '../../model/identifier.ts'
import type { PrefixUse, SiteAddress } from '../../model/prefix.ts'
import { say } from '../../model/text.ts'
import { sitesMax } from '../prefixes.ts'

export interface HoldingInput {
  readonly system?: System
  /** Absent: the node is to allot one. */
  readonly prefix?: string
  readonly for?: readonly PrefixUse[]
  readonly site?: string
  readonly contact?: string
  readonly sites?: readonly SiteAddress[]
  /** RFC 3339. */
  readonly validFrom?: string
  readonly validTo?: string
  readonly evidence?: readonly Evidence[]
  readonly note?: string
  /** Of an operator, whose word puts it in force: prefixes of others that it has seen are in the way. */
  readonly despite?: readonly string[]
}

export interface ClaimReading {
  /** @throws Failure `INPUT_INVALID` at `/prefix` */
  readonly parsePrefix: (system: System, text: string) => string
  /** The node's own: it allots below the first, and nobody else holds any of them. */
  readonly nodePrefix: string
  readonly codePrefix: string
}

const evidenceMax = 16

/** A claim whose every member has been read; no prefix: the node is to allot one. */
export interface ReadClaim extends Required<Pick<HoldingInput, 'system' | 'evidence' | 'sites'>> {
  readonly prefix: string | undefined
  readonly uses: readonly PrefixUse[]
  readonly site: string | null
  readonly contact: string | null
  readonly note: string | null
  readonly validFrom: Date | null
  readonly validTo: Date | null
}

/** @throws Failure `INPUT_INVALID` with the member that is wrong */
export function readClaim(input: HoldingInput, caller: Caller, parts: ClaimReading): ReadClaim {
  // Codes are issued under handle prefixes and have none of their own.
  const system = input.system === undefined || input.system === 'code' ? 'handle' : input.system
  const { sites = [] } = input
  if (input.prefix === undefined && system !== 'handle') {
    throw invalid(
      '/prefix',
      'required',
      say(
        '本节点只分配 Handle 前缀；其他体系须写明已有的前缀',
        'this node allots handle prefixes only: say which one you hold in the other system',
      ),
    )
  }
  if (sites.length > sitesMax) {
    const detail = say(`最多 ${sitesMax} 个站点`, `a prefix has at most ${sitesMax} sites`)
    throw invalid('/sites', 'prefix.sites', detail)
  }
  const prefix = input.prefix === undefined ? undefined : readPrefix(system, input.prefix, parts)
  return {
    system,
    prefix,
    uses: input.for ?? ['product', 'equipment'],
    site: input.site ?? null,
    contact: input.contact ?? null,
    note: input.note ?? null,
    sites,
    evidence: readEvidence(input.evidence ?? [], caller),
    ...readValidity(input),
  }
}

/** @throws Failure `INPUT_INVALID` at `/prefix`, also for the node's own prefixes and those above them */
export function readPrefix(system: System, text: string, parts: ClaimReading): string {
  const { parsePrefix, nodePrefix, codePrefix } = parts
  const prefix = parsePrefix(system, text)
  if (system !== 'handle') return prefix
  const isOurs = prefix === codePrefix || isUnder('handle', nodePrefix, prefix)
  if (!isOurs) return prefix
  throw invalid(
    '/prefix',
    'prefix.node',
    say('这是本节点自己的前缀', 'this is a prefix of the node itself, or above it'),
  )
}

function readValidity({ validFrom, validTo }: HoldingInput) {
  const from = validFrom === undefined ? null : new Date(validFrom)
  const to = validTo === undefined ? null : new Date(validTo)
  if (from !== null && to !== null && to <= from) {
    throw invalid(
      '/validTo',
      'validity.order',
      say('失效时刻须晚于生效时刻', 'it ends after it begins'),
    )
  }
  return { validFrom: from, validTo: to }
}

/**
 * That a registry has it is for whoever looked it up to say, not for the claimant.
 * @throws Failure `INPUT_INVALID`
 */
export function readEvidence(evidence: readonly Evidence[], { role }: Caller): readonly Evidence[] {
  if (evidence.length > evidenceMax) {
    const detail = say(`最多 ${evidenceMax} 项证明`, `at most ${evidenceMax} pieces of evidence`)
    throw invalid('/evidence', 'evidence.count', detail)
  }
  const own = evidence.findIndex(({ kind }) => kind === 'registry')
  if (own === -1 || role === 'operator' || role === 'reviewer') return evidence
  throw invalid(
    `/evidence/${own}/kind`,
    'evidence.registry',
    say('登记库比对由审核员或运营者写入', 'that a registry has it is said by whoever decides'),
  )
}
