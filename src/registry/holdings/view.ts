import type { Holding } from '../../model/holding.ts'

type Instants = 'validFrom' | 'validTo' | 'beganAt' | 'endedAt' | 'createdAt' | 'updatedAt'

/** A holding as it is shown: instants in RFC 3339, its subject by code. */
export interface HoldingView extends Omit<Holding, Instants | 'subject' | 'uses'> {
  readonly code: string | null
  readonly for: Holding['uses']
  readonly validFrom: string | null
  readonly validTo: string | null
  readonly beganAt: string | null
  readonly endedAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export function viewOf(
  { subject, uses, ...holding }: Holding,
  { codeOf }: { readonly codeOf: (subject: string) => string | undefined },
): HoldingView {
  return {
    ...holding,
    code: codeOf(subject) ?? null,
    for: uses,
    validFrom: holding.validFrom?.toISOString() ?? null,
    validTo: holding.validTo?.toISOString() ?? null,
    beganAt: holding.beganAt?.toISOString() ?? null,
    endedAt: holding.endedAt?.toISOString() ?? null,
    createdAt: holding.createdAt.toISOString(),
    updatedAt: holding.updatedAt.toISOString(),
  }
}
